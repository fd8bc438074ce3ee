"""What TAB offers, asked as a shell asks: by argcomplete's protocol, and by bash and fish themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_database import NAME, make

from core.catalog import catalog
from core.component import parameters_class
from core.params import params_of
from core.spec.file import load_spec
from core.spec.sections import SECTIONS
from hlr_tui.__main__ import main
from hlr_tui.cli import COMMANDS
from hlr_tui.completion.line import candidates

PROGRAM = Path(sys.executable).with_name("hlr-tui")
HEAVY = ("torch", "optuna", "sqlalchemy", "numpy", "pyarrow", "textual", "matplotlib")
EXPERIMENTS = ("status", "show", "stop", "resume", "delete", "export")

SPEC = """
[experiment]
name = "tab"
mode = "run"
[task]
name = "digits"
[model]
name = "MLP"
[methods]
schedulers = ["EH"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "hlr").close()
    (tmp_path / "tab.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "table.csv").write_text("")
    (tmp_path / "tabs").mkdir()
    return tmp_path


def offered(line: str) -> list[str]:
    """The candidates at the end of `line`."""
    *words, prefix = line.split(" ")
    return list(candidates(words, prefix))


def test_commands(folder: Path) -> None:
    assert offered("") == [name for name, command in COMMANDS.items() if command.summary]
    assert offered("ex") == ["export"]
    assert offered("--workspace hlr ex") == ["export"]
    assert set(offered("--")) >= {"--batch", "--version", "--workspace", "--storage"}
    assert offered("lst sch") == [], "nothing is known of an unknown command"


@pytest.mark.parametrize("command", [name for name, about in COMMANDS.items() if about.summary])
def test_options_of_every_command(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    found = offered(f"{command} --")
    assert {"--workspace", "--help"} <= set(found)
    assert [option for option in found if option not in shown] == []
    assert offered(f"{command} --works") == ["--workspace"]


def test_an_option_is_offered_once_unless_it_may_repeat(folder: Path) -> None:
    assert "--json" not in offered("status --json --")
    assert "--set" in offered("--batch tab.toml --set training.epochs=3 --")


@pytest.mark.parametrize("command", EXPERIMENTS)
@pytest.mark.parametrize("before", ["", "--workspace hlr ", "--storage hlr/hlr.db ", "--storage=sqlite:///hlr/hlr.db "])
def test_experiments(command: str, before: str, folder: Path) -> None:
    assert offered(f"{before}{command} ") == [NAME]
    assert offered(f"{command} {before}sm") == [NAME]
    assert offered(f"{command} {before}x") == []


@pytest.mark.parametrize(
    "place", ["--workspace none", "--storage tab.toml", "--storage tabs", "--storage postgresql://nowhere.invalid/x"]
)
def test_without_a_database_there_is_nothing(place: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert offered(f"show {place} ") == []
    assert capfd.readouterr() == ("", "")
    assert not (folder / "none").exists()


def test_experiments_while_somebody_writes(folder: Path) -> None:
    import sqlite3

    with sqlite3.connect(folder / "hlr" / "hlr.db", isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE hlr_experiment SET name = 'other'")
        assert offered("show ") == [NAME]
        writer.execute("ROLLBACK")


def codes(kind: str) -> list[str]:
    return [info.code for info in getattr(catalog(), kind).all()]


@pytest.mark.parametrize("kind", ["schedulers", "optimizers", "models", "tasks"])
def test_components(kind: str, folder: Path) -> None:
    assert offered(f"list {kind} ") == codes(kind)
    assert offered(f"list --json {kind} --json ") == codes(kind)


def test_what_a_preview_takes(folder: Path) -> None:
    assert offered("preview ") == [*codes("schedulers"), "all"]
    assert offered("preview EH --epochs 50 --log WE") == ["WEH"]
    assert offered("preview EH C --epochs 50 -p ") == ["EH.upper_bound=", "EH.infimum_lr=", "C.infimum_lr="]
    assert offered("preview EH --epochs ") == []


def test_words_that_an_argument_declares(folder: Path) -> None:
    assert offered("list op") == ["optimizers"]
    assert offered("init ") == [info.code for info in catalog().tasks.all()]
    assert offered("init digits op") == ["optimize", "optimize-compare"]
    assert offered("completion ") == ["bash", "zsh", "fish"]
    assert set(offered("export x --format ")) >= {"csv", "json", "parquet", "seed-csv", "latex", "markdown"}
    assert offered("export x --format=par") == ["--format=parquet"]
    assert set(offered("export x --format seed-csv --optimizer ")) == set(codes("optimizers"))


def test_files(folder: Path) -> None:
    assert offered("--batch ") == ["hlr/", "tab.toml", "tabs/"]
    assert offered("--batch=ta") == ["--batch=tab.toml", "--batch=tabs/"]
    assert offered(f"--batch {folder}/tab.") == [f"{folder}/tab.toml"]
    assert offered("status --workspace ") == ["hlr/", "tabs/"]
    assert offered("export x --out tab") == ["tab.toml", "table.csv", "tabs/"]
    assert offered("--batch none/") == []


def test_settings_are_the_keys_of_the_spec(folder: Path) -> None:
    found = offered("--batch tab.toml --set ")
    sections = {f"{section}.{name}=" for section, cls in SECTIONS.items() for name, _ in params_of(cls)}
    model = {f"model.{name}=" for name, _ in params_of(parameters_class(catalog().models.get("MLP")))}
    assert sections | {"task.name="} <= set(found)
    assert {key for key in found if key.startswith("model.")} == model | {"model.name="}
    assert [key for key in found if key.startswith("methods.params.EH")] == [
        "methods.params.EH.upper_bound=",
        "methods.params.EH.infimum_lr=",
    ]
    assert not any(key.startswith("methods.params.WH") for key in found), "the spec does not use it"
    assert "methods.params.WH.upper_bound=" in offered("--batch none.toml --set methods.params.W")
    assert offered("--batch tab.toml --set optimize.search.EH.u") == [
        f"optimize.search.EH.upper_bound.{end}=" for end in ("low", "high", "step", "log")
    ]


@pytest.mark.parametrize(
    ("start", "values"),
    [
        ("experiment.mode=opt", ["optimize", "optimize-compare"]),
        ("optimize.search.lr.log=", ["true", "false"]),
        ("execution.workers=", ["auto"]),
        ("model.name=M", ["MLP"]),
        ("methods.schedulers=EH,WE", ["EH,WEH"]),
        ("training.epochs=", []),
        ("training.epoch=", []),
    ],
)
def test_values_of_settings(start: str, values: list[str], folder: Path) -> None:
    found = offered(f"--batch tab.toml --set {start}")
    key = start.partition("=")[0]
    assert found == [f"{key}={value}" for value in values]
    for setting in found:
        if key != "optimize.search.lr.log":  # which is not legal without its range
            load_spec(folder / "tab.toml", [setting])


def ask(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The protocol: the line in the environment, the answer on the file descriptor 8."""
    given = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line}
    given |= {"COMP_POINT": str(len(line)), "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n\"'><=;|&(:"}
    program = "import sys; from hlr_tui.__main__ import main; main()"
    command = f'exec "{sys.executable}" -P {{}} -c "{program}" 8>&1 1>/dev/null'.format(environ.pop("FLAGS", ""))
    return subprocess.run(
        ["bash", "-c", command],
        env=os.environ | given | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("hlr-tui exp", ["export "]),
        ("hlr-tui export sm", [f"{NAME} "]),
        ("hlr-tui export 'sm", [NAME]),
        ("hlr-tui --batch tab.toml --set experiment.mode=opt", ["optimize", "optimize-compare"]),
        ("hlr-tui show --workspace none ", []),
        ("hlr-tui preview C E", ["E", "EH"]),
    ],
)
def test_the_protocol(line: str, answer: list[str], folder: Path) -> None:
    done = ask(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n") == (answer or [""])


@pytest.mark.parametrize("line", ["hlr-tui ", "hlr-tui show ", "hlr-tui preview ", "hlr-tui --batch tab.toml --set "])
def test_tab_loads_nothing_slow(line: str, folder: Path) -> None:
    done = ask(line, FLAGS="-X importtime", _ARC_DEBUG="")
    assert "argcomplete.finders" in done.stderr
    loaded = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
    assert loaded & set(HEAVY) == set()


def test_the_version_loads_nothing_slow() -> None:
    done = subprocess.run([sys.executable, "-P", "-X", "importtime", "-m", "hlr_tui", "--version"],
                          capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    assert done.stdout.startswith("hlr-tui ")
    loaded = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
    assert loaded & {*HEAVY, "argcomplete"} == set()


def test_bash_completes_at_a_real_prompt(folder: Path) -> None:
    environ = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ "}
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environ)
    seen = b""

    def until(expected: bytes) -> None:
        nonlocal seen
        start = len(seen)
        while expected not in seen[start:]:
            ready, _, _ = select.select([terminal], [], [], 20)
            assert ready, (expected, seen)
            seen += os.read(terminal, 4096)

    try:
        os.write(terminal, b"bind 'set bell-style none'; eval \"$(hlr-tui completion bash)\"; echo re''ady\n")
        until(b"ready\r\n")
        os.write(terminal, b"hlr-tui exp\t")
        until(b"hlr-tui export ")
        os.write(terminal, b"sm\t--fo\tpar\t")
        until(b"small --format parquet ")
        os.write(terminal, b"\x15hlr-tui --batch ta\t.\t--set tracking.w\t")
        until(b"--set tracking.wandb=")
    finally:
        os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(child, 0)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_with_descriptions(folder: Path) -> None:
    asked = 'hlr-tui completion fish | source; complete -C "hlr-tui show sm"; complete -C "hlr-tui preview WE"'
    environ = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(["fish", "-c", asked], env=environ, capture_output=True, text=True, timeout=60, check=True)
    summary = catalog().schedulers.get("WEH").summary
    assert done.stdout.splitlines() == [f"{NAME}\trun, running", f"WEH\t{summary}"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(folder: Path) -> None:
    environ = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(folder)}
    asked = 'eval "$(hlr-tui completion zsh)"; print $_comps[hlr-tui]'
    done = subprocess.run(
        ["zsh", "-f", "-i", "-c", asked], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "_python_argcomplete\n"


def test_an_unknown_shell_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err.replace("bash, zsh, fish", "'bash', 'zsh', 'fish'")

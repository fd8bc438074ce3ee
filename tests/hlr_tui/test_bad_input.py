"""What users get wrong: one message that says where, what and what would be legal; nothing is written, nothing runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
from bad_specs import BASE, HORIZONS, NAMES, OSC, SEARCH, SEARCHES, TYPES, Tables, merged, search

from core.catalog import catalog
from hlr_tui.__main__ import main


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HLR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HLR_PLUGINS", "")  # so that what --plugins leaves there is taken back
    yield
    monkeypatch.undo()
    catalog.cache_clear()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> list[str]:
    """The lines of the message of a refused command, without the name of the program."""
    before = snapshot(Path.cwd())
    assert main(list(words)) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert snapshot(Path.cwd()) == before
    lines = shown.err.splitlines()
    assert lines
    assert all(line.isprintable() and line.startswith("hlr-tui: ") for line in lines)
    return [line.removeprefix("hlr-tui: ") for line in lines]


def assert_says(line: str, expected: str) -> None:
    """`expected` is the line, where … between spaces stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in expected.split(" … "))
    assert re.fullmatch(pattern, line, re.DOTALL), f"{line}\n{expected}"


@pytest.mark.parametrize(("changes", "expected"), [*TYPES, *NAMES, *HORIZONS, *SEARCHES])
def test_a_broken_spec(changes: Tables, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.toml").write_text(tomlkit.dumps(merged(BASE, changes)))
    lines = refused(capsys, "--batch", "spec.toml")
    assert_says(lines[0], f"spec.toml: {expected}")
    if not expected.startswith("optimize.search.EH.infimum_lr"):  # both ends of that range are wrong
        assert len(lines) == 1, lines


def test_the_base_of_the_table_is_legal(capsys: pytest.CaptureFixture[str]) -> None:
    for changes in ({}, SEARCH, OSC, search(lr={"low": 1e-3, "high": 1e-2}, EH={"upper_bound": 300})):
        Path("spec.toml").write_text(tomlkit.dumps(merged(BASE, changes)))
        assert main(["--batch", "spec.toml", "--dry-run"]) == 0, capsys.readouterr().err


def test_every_mistake_is_shown_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    changes = {
        "task": {"name": "digit"},
        "model": {"name": "MLP", "hidden_size": -1},
        "training": {"epochs": 0, "seeds": [1, 1]},
        "methods": {"schedulers": ["EH", "EHX"], "params": {"EH": {"upper_bound": 0}}},
        "optimize": {"search": {"EH": {"infimum_lr": {"low": 1, "high": 0}}}},
    }
    Path("spec.toml").write_text(tomlkit.dumps(merged(BASE, changes)))
    lines = refused(capsys, "--batch", "spec.toml")
    keys = [line.removeprefix("spec.toml: ").split(" ")[0].rstrip(":") for line in lines]
    assert keys == [
        *("task.name", "model.hidden_size", "training.epochs", "training.seeds", "methods.schedulers"),
        *("methods.params.EH.upper_bound", "optimize.search.EH.infimum_lr.high"),
    ]


FILES: list[tuple[bytes, list[str]]] = [
    (b"", ["task.name: is missing; must be one of digits, … ", "experiment.name: is missing; … "]),
    (b"[experiment\n", ["is not TOML: … line 1 … "]),
    (b"a = 1\na = 2\n", ["is not TOML: Cannot overwrite a value … line 2 … "]),
    (b"[experiment]\nname = \xff\n", ["is not UTF-8 text (byte 20); a spec is a TOML file"]),
    (b"a = " + b"[" * 5000 + b"]" * 5000, ["is not TOML: it is nested too deeply"]),
    (b"a = " + b"1" * 5000, ["is not TOML: … integer … "]),
]


@pytest.mark.parametrize(("content", "expected"), FILES)
def test_a_file_that_is_no_spec(content: bytes, expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.toml").write_bytes(content)
    lines = refused(capsys, "--batch", "spec.toml")
    assert len(lines) == len(expected)
    for line, each in zip(lines, expected, strict=True):
        assert_says(line, f"spec.toml: {each}")


def test_a_byte_order_mark_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.toml").write_bytes(b"\xef\xbb\xbf" + tomlkit.dumps(BASE).encode())
    assert main(["--batch", "spec.toml", "--dry-run"]) == 0, capsys.readouterr().err


def test_control_characters_never_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    escape = "\x1b[31mred\r\n\x9b2J\u2028"
    changes = {escape: {"x": 1}, "training": {escape: escape}, "methods": {"schedulers": [escape]}}
    Path("spec.toml").write_text(tomlkit.dumps(merged(BASE, changes)))
    lines = refused(capsys, "--batch", "spec.toml")  # which looks at every character
    assert len(lines) == 3
    assert all("\\x1b[31mred\\r\\n\\x9b2J\\u2028" in line for line in lines)
    for words in (("list", "tasks", escape), ("init", escape), (escape,), ("--batch", escape), ("list", escape)):
        assert len(refused(capsys, *words)) <= 3


LINES: list[tuple[str, str]] = [
    ("--batch gone.toml", "gone.toml: there is no such file; `hlr-tui init` writes one to start from"),
    ("--batch folder", "folder: cannot be read: Is a directory"),
    ("--batch", "argument --batch: expected one argument (see hlr-tui --help)"),
    ("--batch spec.toml --set", "argument --set: expected one argument (see hlr-tui --help)"),
    (
        "--batch spec.toml --set training.epochs",
        "--set: training.epochs: must be written section.key=value; the value … ",
    ),
    ("--batch spec.toml --set epochs=3", "--set: epochs=3: must be written section.key=value; the value … "),
    ("--batch spec.toml --set =3", "--set: =3: must be written section.key=value; the value … "),
    (
        "--batch spec.toml --set training..lr=3",
        "--set: training..lr=3: must be written section.key=value; the value … ",
    ),
    (
        "--batch spec.toml --set training.epochs.x=3",
        "--set: training.epochs.x = 3: training.epochs is not a table: training.epochs=…",
    ),
    (
        "--batch spec.toml --set training.epochs=x",
        'spec.toml: training.epochs = "x": must be a whole number … (given on the command line)',
    ),
    (
        "--batch spec.toml --set trainig.epochs=3",
        'spec.toml: trainig: unknown section; … (did you mean "training"?; given on the command line)',
    ),
    (
        "--batch spec.toml --set training.epoch=3",
        'spec.toml: training.epoch = 3: unknown key; … (did you mean "epochs"?; given on the command line)',
    ),
    ("--batch spec.toml --workers 0", 'command line: --workers = "0": must be a whole number >= 1, or auto'),
    ("--batch spec.toml --workers x", 'command line: --workers = "x": must be a whole number >= 1, or auto'),
    ("--batch spec.toml --workers -1", 'command line: --workers = "-1": must be a whole number >= 1, or auto'),
    (
        "--batch spec.toml --workers 5000",
        "spec.toml: execution.workers = 5000: must be >= 1 and <= 1024 (given on the command line)",
    ),
    ("--batch spec.toml --dryrun", 'unknown option "--dryrun"; see hlr-tui --help (did you mean "--dry-run"?)'),
    ("--batch spec.toml extra", "unrecognized arguments: extra (see hlr-tui --help)"),
    ("--batch spec.toml --storage mysql://h/d", 'storage = "mysql://h/d": must be a path, sqlite:///path or … '),
    ("--batch spec.toml --storage sqlite://", '--storage: storage = "sqlite://": must name a file, … '),
    ("--batch spec.toml --plugins gone", '--plugins: folder = "gone": must name an existing folder'),
    ("lst", 'unknown command "lst": must be one of … (did you mean "list"?)'),
    ("list", "the following arguments are required: KIND … "),
    ("list model", 'list: KIND = "model": must be one of … (did you mean "models"?)'),
    ("list tasks digit", 'list: NAME = "digit": must be one of … (did you mean "digits"?)'),
    ("list tasks --josn", 'unknown option "--josn"; … (did you mean "--json"?)'),
    ("init", "the following arguments are required: TASK … "),
    ("init digit", 'init: TASK = "digit": must be one of digits, … (did you mean "digits"?)'),
    ("init digits optimise", 'init: MODE = "optimise": must be one of run, … (did you mean "optimize"?)'),
    ("preview EH", "preview: --epochs: must be distinct whole numbers >= 1, separated by commas … "),
    ("preview EH --epochs 0", 'preview: --epochs = "0": must be distinct whole numbers >= 1 … '),
    ("preview EHX --epochs 5", 'preview: CODE = "EHX": must be one of N, … (did you mean "EH"?)'),
    ("preview EH --epochs 300", "preview: EH.upper_bound = 250: must be >= 300, the number of epochs of the run"),
    ("preview EH --epochs 5 --lr nan", "preview: --lr = nan: must be a finite number > 0"),
    ("preview EH --epochs 5 -p EH.uper_bound=9", 'preview: EH.uper_bound = 9: … (did you mean "upper_bound"?)'),
    ("show", "the following arguments are required: NAME … "),
    ("stop", "the following arguments are required: NAME … "),
    ("export", "the following arguments are required: NAME … "),
    ("worker --max-runs 0", 'command line: --max-runs = "0": must be a whole number >= 1'),
    ("worker --idle soon", 'command line: --idle = "soon": must be a number of seconds >= 0'),
    ("worker --divice cpu", 'unknown option "--divice"; … (did you mean "--device"?)'),
]


@pytest.mark.parametrize(("words", "expected"), LINES)
def test_a_broken_command_line(words: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.toml").write_text(tomlkit.dumps(BASE))
    Path("folder").mkdir()
    lines = refused(capsys, *words.split(" "))
    assert len(lines) == 1
    assert_says(lines[0], expected)


@pytest.mark.parametrize("words", ["status", "status x", "show x", "export x", "stop x", "resume x", "worker"])
def test_without_a_database_there_is_nothing_to_show(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = refused(capsys, *words.split(), code=3)
    assert_says(line, f"no experiments here yet: {Path.cwd()}/hlr/hlr.db does not exist")


@pytest.mark.parametrize("words", ["status nmae", "show nmae", "export nmae", "stop nmae", "resume nmae"])
def test_an_experiment_that_is_not_there(words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from core.storage.engine import open_database
    from core.storage.experiments import create_experiment

    url = f"sqlite:///{tmp_path}/x.db"
    db = open_database(url)
    create_experiment(db, "name", "run", "{}", workspace=str(tmp_path), workers_wanted=1)
    db.close()
    assert main([*words.split(), "--storage", url]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert_says(shown.err, f'hlr-tui: no experiment "nmae" in {tmp_path}/x.db: … (did you mean "name"?)\n')


SCHEDULER = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo
{before}
@dataclass(frozen=True, slots=True, kw_only=True)
class Mine(Schedule):
    pass
SCHEDULER = SchedulerInfo(
    name="{name}", code="{code}", family="own", tick="epoch", summary="s", reference="r", schedule=Mine
)
"""

OPTIMIZER = """
from dataclasses import dataclass
from core.component import OptimizerInfo, OptimizerRecipe
@dataclass(frozen=True, slots=True, kw_only=True)
class Mine(OptimizerRecipe):
    pass
OPTIMIZER = OptimizerInfo(name="mine", code="eh", family="own", summary="s", reference="r", recipe=Mine)
"""

PLUGINS: list[tuple[str, str]] = [
    (OPTIMIZER, 'the name or code "eh" is taken by scheduler EH (exp_hyperbolic)'),
    ("def broken(:\n", "SyntaxError: invalid syntax … line 1 … "),
    (
        "import no_such_module\n",
        "ModuleNotFoundError: No module named 'no_such_module'\n … line 1, … import no_such_module",
    ),
    ("raise SystemExit(0)\n", "SystemExit: 0\n … line 1, … raise SystemExit(0)"),
    ("x = 1\n", "defines none of SCHEDULER, OPTIMIZER, MODEL, TASK, METRIC"),
    ("SCHEDULER = 3\n", "3 is not the record of a component"),
    (
        SCHEDULER.format(name="mine", code="EH", before=""),
        'the name or code "EH" is taken by scheduler EH (exp_hyperbolic)',
    ),
    (
        SCHEDULER.format(name="cosine", code="M", before=""),
        'the name or code "cosine" is taken by scheduler C (cosine)',
    ),
    (SCHEDULER.format(name="mine", code="adamw", before=""), 'the name or code "adamw" is taken by optimizer AdamW'),
    (SCHEDULER.format(name="mine", code="M-1", before=""), 'the name or code "M-1": must be letters, digits and … '),
    (SCHEDULER.format(name="all", code="M", before=""), 'the name or code "all": must be letters, … not "all"'),
    (
        SCHEDULER.format(name="mine", code="M", before="dataclass = lambda **_: lambda cls: cls"),
        "Mine must be a dataclass: @dataclass(frozen=True, kw_only=True)",
    ),
]


@pytest.mark.parametrize(("source", "expected"), PLUGINS)
def test_a_broken_plugin(source: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("parts").mkdir()
    Path("parts/mine.py").write_text(source)
    Path("spec.toml").write_text(tomlkit.dumps(BASE))
    for words in ("list schedulers", "--batch spec.toml"):
        lines = refused(capsys, "--plugins", "parts", *words.split())
        assert len(lines) <= 2
        assert_says("\n".join(lines), f"{Path.cwd()}/parts/mine.py: {expected}")


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("--batch spec.toml", 2, "hlr-tui: spec.toml: training.epochs = 0: must be >= 1 and <= 1e6\n"),
        ("--batch gone.toml --json", 2, "hlr-tui: gone.toml: there is no such file; … \n"),
        ("show x", 3, "hlr-tui: no experiments here yet: … \n"),
    ],
)
def test_from_outside(words: str, code: int, expected: str, tmp_path: Path) -> None:
    Path("spec.toml").write_text(tomlkit.dumps(merged(BASE, {"training": {"epochs": 0}})))
    before = snapshot(tmp_path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hlr_tui", *words.split()],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, "")
    assert_says(done.stderr, expected)
    assert snapshot(tmp_path) == before

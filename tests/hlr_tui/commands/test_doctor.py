"""`doctor`: right about what works, of use where something does not, and without a trace."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from campaign import PROGRAM

from core.storage.engine import open_database, optuna_storage
from core.storage.experiments import create_experiment
from core.storage.tables import SCHEMA
from hlr_tui.commands.doctor import findings
from hlr_tui.doctor.finding import Finding
from hlr_tui.doctor.machine import check_torch, cpu_quota, probe_torch
from hlr_tui.doctor.places import check_data, check_storage, check_workspace
from hlr_tui.doctor.surroundings import check_wandb, terminal
from hlr_tui.settings import SQLITE, Settings

SECRET = "0123456789abcdef" * 3


def settings(folder: Path, storage: str = "") -> Settings:
    workspace = folder / "hlr"
    return Settings(
        workspace=workspace,
        storage=storage or f"{SQLITE}{workspace}/hlr.db",
        data_dir=folder / "data",
        plugins=(),
    )


def traces(folder: Path) -> dict[str, str]:
    """Every file and folder with its content."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def doctor(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HLR_", "WANDB_"))}
    argv = [str(PROGRAM), "doctor", *options]
    return subprocess.run(argv, cwd=folder, env=env | environ, capture_output=True, text=True, check=False, timeout=120)


def test_all_is_well_and_nothing_is_made(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", WANDB_API_KEY=SECRET, WANDB_BASE_URL="https://tracker.example")
    document = json.loads(done.stdout)
    assert (done.returncode, document["healthy"], done.stderr) == (0, True, "")
    found = {check["check"]: check for check in document["checks"]}
    assert found.keys() >= {"python", "torch", "device", "cores", "memory", "workspace", "storage", "data", "wandb"}
    assert importlib.metadata.version("torch") in found["torch"]["text"]
    assert importlib.metadata.version("torchvision") in found["torch"]["text"]
    assert str(tmp_path / "hlr") in found["workspace"]["text"]
    assert found["wandb"]["text"].endswith("server https://tracker.example, API key from WANDB_API_KEY")
    assert SECRET not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_torch_that_breaks_is_told_and_counts(tmp_path: Path) -> None:
    broken = tmp_path / "site" / "torch"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text('raise OSError("libcudart.so.12: cannot open shared object file")\n')
    before = traces(tmp_path)
    done = doctor(tmp_path, PYTHONPATH=str(tmp_path / "site"), PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 3
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("failed")]
    assert "torch" in line
    assert line.endswith("cannot be imported: OSError: libcudart.so.12: cannot open shared object file")
    assert "pip install --force-reinstall torch torchvision" in done.stdout
    assert "ok      storage" in done.stdout
    assert traces(tmp_path) == before


def test_a_torchvision_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "torch": "__version__ = '2.0'\nclass version:\n    cuda = None\nclass cuda:\n    is_available = lambda: False\n"
        "class backends:\n    class mps:\n        is_available = lambda: False\n",
        "torchvision": "raise RuntimeError('operator torchvision::nms does not exist')\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    torch, *_ = check_torch(settings(tmp_path))
    assert torch.state == "failed"
    assert "RuntimeError: operator torchvision::nms does not exist" in torch.text


@pytest.mark.parametrize(
    ("program", "trouble"),
    [
        (f"import os; os.kill(os.getpid(), {signal.SIGSEGV:d})", "the process died of SIGSEGV"),
        ("import threading; threading.Event().wait()", "its import has not ended after 1 s"),
        ("raise SystemExit(7)", "exit code 7"),
    ],
)
def test_a_torch_that_takes_its_process_along(program: str, trouble: str) -> None:
    assert probe_torch([sys.executable, "-c", program], 1.0) == (None, trouble)


def storage(folder: Path, url: str = "") -> list[Finding]:
    return list(check_storage(settings(folder, url)))


def test_a_database_at_work_and_at_rest_is_only_read(tmp_path: Path) -> None:
    db = open_database(f"{tmp_path}/hlr/hlr.db")
    create_experiment(db, "one", "run", "{}")
    studies = optuna_storage(db)
    optuna.create_study(study_name="s", storage=studies)
    for step, files in (("at work", ["hlr.db", "hlr.db-shm", "hlr.db-wal"]), ("at rest", ["hlr.db"])):
        before = traces(tmp_path)
        (found,) = storage(tmp_path)
        assert (found.state, found.text.partition("; ")[2]) == ("ok", "experiments: 1, runs: 0, studies: 1"), step
        after = traces(tmp_path)
        # Whoever reads beside others enters itself in the index of the log.
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert {name for name in changed if not name.endswith("-shm")} == set(), step
        assert sorted(path.name for path in (tmp_path / "hlr").iterdir()) == files
        db.close()
        studies.remove_session()
        studies.engine.dispose()


def test_a_copy_made_at_work_is_not_put_in_order_by_looking(tmp_path: Path) -> None:
    db = open_database(f"{tmp_path}/at-work/hlr.db")
    (tmp_path / "hlr").mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{db.path}{end}", tmp_path / "hlr" / f"hlr.db{end}")
    db.close()
    before = traces(tmp_path)
    (found,) = storage(tmp_path)
    assert found.state == "warning"
    assert "hlr.db-wal" in found.text
    assert traces(tmp_path) == before


def overwrite(path: Path, start: int, content: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[start : start + len(content)] = content
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("change", "text", "todo"),
    [
        (lambda path: overwrite(path, 3 * 4096, b"\xff" * 4096), "damaged", ".recover"),
        (
            lambda path: overwrite(path, 36, b"\0\0\0\7"),
            "damaged: Main freelist: size is 0 but should be 7",
            ".recover",
        ),  # how many free pages
        (lambda path: path.write_bytes(b"no database" * 500), "is not a SQLite database", ""),
        (lambda path: (path.unlink(), path.mkdir()), "is a folder", "--storage"),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, change: Callable[[Path], object], text: str, todo: str) -> None:
    db = open_database(f"{tmp_path}/hlr/hlr.db")
    db.close()
    change(tmp_path / "hlr" / "hlr.db")
    (found,) = storage(tmp_path)
    assert found.state == "failed"
    assert text in found.text
    assert todo in found.todo


@pytest.mark.parametrize(
    ("statement", "text", "todo"),
    [
        ("UPDATE hlr_meta SET value = '99'", f"this hlr-tui knows {SCHEMA}", "pip install --upgrade hlr-tui"),
        ("UPDATE alembic_version SET version_num = 'v3.0.0.a'", "of version v3.0.0.a", "optuna storage upgrade"),
        ("UPDATE alembic_version SET version_num = 'v99'", "of version v99", "pip install --upgrade optuna"),
    ],
)
def test_tables_of_another_release(tmp_path: Path, statement: str, text: str, todo: str) -> None:
    db = open_database(f"{tmp_path}/hlr/hlr.db")
    optuna_storage(db).engine.dispose()
    with db.write() as connection:
        connection.exec_driver_sql(statement)
    db.close()
    whole, schema = storage(tmp_path)
    assert (whole.state, schema.state) == ("ok", "failed")
    assert text in schema.text
    assert todo in schema.todo


def test_a_server_that_does_not_answer_and_its_password(tmp_path: Path) -> None:
    (found,) = storage(tmp_path, f"postgresql://me:{SECRET}@127.0.0.1:1/hlr")
    assert found.state == "failed"
    assert "me:***@127.0.0.1" in found.text
    assert SECRET not in found.text + found.todo


def test_places_that_are_no_folders(tmp_path: Path) -> None:
    (tmp_path / "hlr").write_text("")
    (tmp_path / "data").write_text("")
    for check, option in ((check_workspace, "--workspace"), (check_data, "--data-dir")):
        (found,) = check(settings(tmp_path))
        assert found.state == "failed"
        assert option in found.todo


def test_a_database_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.storage.mounts.mounted", lambda: [("/", "ext4"), (str(tmp_path.resolve()), "NFS4")])
    (place,) = check_workspace(settings(tmp_path))
    assert (place.state, "(nfs4, " in place.text) == ("ok", True)
    (found,) = storage(tmp_path)
    assert (found.state, "network file system (nfs4)" in found.text) == ("failed", True)
    assert "PostgreSQL" in found.todo


def test_data_are_listed(tmp_path: Path) -> None:
    (tmp_path / "data" / "osc").mkdir(parents=True)
    (tmp_path / "data" / "osc" / "simple.npy").write_bytes(bytes(3 * 2**20))
    (found,) = check_data(settings(tmp_path))
    assert found.state == "ok"
    assert f"{tmp_path}/data (3.0 MiB: osc)" in found.text


@pytest.mark.parametrize(
    ("content", "cores"),
    [("max 100000\n", None), ("150000 100000\n", 1.5), ("", None), ("nonsense", None)],
)
def test_the_quota_of_a_container(tmp_path: Path, content: str, cores: float | None) -> None:
    path = tmp_path / "cpu.max"
    assert cpu_quota(path) is None
    path.write_text(content)
    assert cpu_quota(path) == cores


@pytest.mark.parametrize(
    ("environ", "size", "encoding", "colours", "state", "said"),
    [
        ({"TERM": "xterm-256color"}, (120, 40), "utf-8", "256", "ok", "120x40, xterm-256color"),
        ({"TERM": "screen", "TMUX": "/tmp/s"}, (80, 24), "UTF-8", "standard", "ok", "tmux"),
        ({"TERM": "xterm", "SSH_CONNECTION": "a 1 b 22"}, (0, 0), "utf-8", "standard", "ok", "over SSH"),
        ({"TERM": "xterm"}, (79, 24), "utf-8", "standard", "warning", "80x24"),
        ({"TERM": "xterm"}, (80, 24), "ascii", "standard", "warning", "LANG"),
        ({}, (80, 24), "utf-8", None, "warning", "TERM is not set"),
    ],
)
def test_terminals(
    environ: dict[str, str], size: tuple[int, int], encoding: str, colours: str | None, state: str, said: str
) -> None:
    found = terminal(environ, size, encoding, colours)
    assert found.state == state
    assert said in f"{found.text} {found.todo}"


@pytest.mark.parametrize(("machine", "known"), [("tracker.example", True), ("other.example", False)])
def test_the_key_for_tracking_is_found_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, known: bool
) -> None:
    path = tmp_path / "netrc"
    path.write_text(f"machine {machine}\n  login user\n  password {SECRET}\n")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", "https://tracker.example:8080/")
    monkeypatch.setenv("NETRC", str(path))
    (found,) = check_wandb(settings(tmp_path))
    assert (f"API key from {path}" in found.text) is known
    assert ("wandb login" in found.todo) is not known
    assert SECRET not in str(found)


def test_a_check_that_breaks_ends_no_other(tmp_path: Path) -> None:
    def check_odd(given: Settings) -> list[Finding]:
        raise ZeroDivisionError("odd")

    found = list(findings([check_odd, check_workspace], settings(tmp_path)))  # type: ignore[list-item]  # a list iterates
    assert [(each.name, each.state) for each in found] == [("odd", "failed"), ("workspace", "ok")]
    assert "ZeroDivisionError: odd" in found[0].text

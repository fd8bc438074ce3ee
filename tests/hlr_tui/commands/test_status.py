from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_database import NAME, make

from core.storage.engine import Database, open_database
from core.storage.experiments import create_experiment, get_experiment, set_state, take_conductor
from core.storage.processes import is_alive, me
from hlr_tui.__main__ import main


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "hlr"


@pytest.fixture
def db(workspace: Path) -> Iterator[Database]:
    database = make(workspace)
    yield database
    database.close()


def status(workspace: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["--workspace", str(workspace), "status", *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_overview(db: Database, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take_conductor(db, get_experiment(db, NAME).id, *me(), is_alive)
    long = create_experiment(db, "a-name-that-is-too-long-for-a-terminal", "optimize-compare", "{}")
    set_state(db, long.id, "stopped")
    assert lines(status(workspace, capsys)) == [
        "experiment           mode              state    done  runs  lost  workers  to go",
        "─" * 80,
        "small                run               running  75 %   2/3     1        0      ?",
        "a-name-that-is-too-  optimize-compare  stopped   0 %   0/0     0        0",
        "long-for-a-terminal",
    ]


def test_an_abandoned_experiment_says_how_to_go_on(
    db: Database, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advice = f"{NAME}: running, but its conductor is gone: hlr-tui resume {NAME}"
    assert lines(status(workspace, capsys))[-1] == advice
    assert advice in lines(status(workspace, capsys, NAME))
    (found,) = json.loads(status(workspace, capsys, "--json"))["experiments"]
    assert (found["state"], found["conducted"], found["abandoned"]) == ("running", False, True)
    take_conductor(db, get_experiment(db, NAME).id, *me(), is_alive)
    assert advice not in status(workspace, capsys)
    (found,) = json.loads(status(workspace, capsys, "--json"))["experiments"]
    assert (found["conducted"], found["abandoned"]) == (True, False)


def test_json_has_everything(db: Database, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = json.loads(status(workspace, capsys, NAME, "--json"))["experiments"]
    assert found["experiment"] == NAME
    assert found["progress"] == pytest.approx((4 + 4 + 1) / 12)
    assert found["stages"] == [{"stage": "run", "runs": 2, "planned_runs": 3, "epochs": 9, "planned_epochs": 12}]
    assert [(run["seed"], run["epoch"], run["metrics"]) for run in found["running"]] == [
        (9, 1, {"val_loss": 1e-30, "lr": 0.01 / 3})
    ]
    (failure,) = found["failures"]
    assert (failure["seed"], failure["log"]) == (8, "/logs/w.log")


def test_the_detail_shows_failures_and_nothing_drives_the_terminal(
    db: Database, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_state(db, get_experiment(db, NAME).id, "failed", "the disk \x1b[2J is full")
    text = status(workspace, capsys, NAME)
    assert "\x1b" not in text
    assert "failed: small-AdamW-EH seed 8 at epoch 4/4: ValueError: \\x1b[31mred\\x1b[0m, [bold]é" in lines(text)
    assert "  log: /logs/w.log" in text
    assert "small: the disk \\x1b[2J is full" in lines(text)


def test_an_empty_workspace_tells_how_to_begin(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workspace", str(workspace), "status"]) == 3
    assert "no experiments here yet" in capsys.readouterr().err
    open_database(str(workspace / "hlr.db")).close()
    assert "hlr-tui init" in status(workspace, capsys)


def test_only_who_follows_can_stop(db: Database, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`status` is a look: Ctrl-C there must not be said to stop the experiment."""
    take_conductor(db, get_experiment(db, NAME).id, *me(), is_alive)
    shown = status(workspace, capsys, NAME)
    assert "running" in shown
    assert "Ctrl-C" not in shown

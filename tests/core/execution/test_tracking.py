"""The conductor's hold on the tracker: it starts what dies, not for ever, and minds nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from campaign import kill, until

from core.execution import tracking
from core.execution.launch import Place, worker_order
from core.execution.tracking import Tracking


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(f"sqlite:///{tmp_path}/hlr.db", tmp_path, tmp_path / "data")


def pids(place: Place) -> list[int]:
    """Every living tracker of the workspace."""
    import psutil

    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if {str(place.workspace), "core.tracking.tracker"} <= set(process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_a_tracker_that_dies_is_started_again_three_times(place: Place) -> None:
    from core.tracking.state import Ledger

    with Ledger(place.workspace, "tiny").lock() as lock:
        assert lock.take()  # the trackers wait for it
        kept = Tracking(place, "tiny", wanted=True)
        for _ in range(tracking.STARTS):
            kept.tend()
            kept.tend()
            (pid,) = until(lambda: pids(place), "a tracker")
            kill(pid)
        kept.tend()
        assert pids(place) == []


def test_a_tracker_that_ended_by_itself_stays_ended(place: Place) -> None:
    """An experiment that is not there has been deleted: nothing is left to do."""
    from core.storage.engine import open_database

    open_database(place.storage).close()
    kept = Tracking(place, "gone", wanted=True)
    kept.tend()
    until(lambda: not pids(place), "its end")
    kept.tend()
    assert pids(place) == []
    assert place.log("gone", "wandb").read_text().count('no experiment "gone"') == 1


def test_nothing_is_started_for_an_untracked_experiment_or_without_a_python(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Tracking(place, "tiny", wanted=False).tend()
    assert not place.log("tiny", "wandb").exists()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    Tracking(place, "tiny", wanted=True).tend()
    assert "the tracker cannot be started" in capsys.readouterr().err


def test_workers_never_see_a_key(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    order = worker_order(place, "tiny", 1, "worker-1", "cpu", 1)
    assert "secret" not in "".join([*order.env.values(), *order.argv])
    assert place.environment()["WANDB_API_KEY"] == "secret"  # conductor and tracker

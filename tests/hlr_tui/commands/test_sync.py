"""`hlr-tui sync`, as far as it gets without a server; what it uploads is in tests/core/tracking."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_database import DOCUMENT, NAME, make

from core.storage.experiments import create_experiment
from core.tracking.state import Ledger
from hlr_tui.__main__ import main


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two experiments: `small` is not tracked, `watched` is."""
    folder = tmp_path / "hlr"
    folder.mkdir()
    db = make(folder)
    watched = DOCUMENT | {"experiment": {"name": "watched", "mode": "run"}, "tracking": {"wandb": "offline"}}
    create_experiment(db, "watched", "run", json.dumps(watched))
    db.close()
    return folder


def sync(workspace: Path, *arguments: str) -> int:
    return main(["sync", *arguments, "--workspace", str(workspace)])


def test_an_experiment_that_is_not_tracked_is_not_sent_anywhere(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync(workspace, NAME) == 2
    assert 'tracking.wandb = "disabled"' in capsys.readouterr().err
    assert sync(workspace, "smal") == 2
    assert f'did you mean "{NAME}"?' in capsys.readouterr().err


def test_a_tracker_at_work_is_left_alone(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(workspace, "watched").lock() as lock:
        assert lock.take()
        assert sync(workspace, "watched") == 2
        assert "being tracked at this moment" in capsys.readouterr().err
        assert sync(workspace, "--json") == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out) == {"experiments": []}
        assert "left out" in captured.err


def test_without_a_server_it_is_the_environments_fault(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert sync(workspace) == 3
    message = capsys.readouterr().err
    assert "watched: not uploaded: http://127.0.0.1:1 is not reachable" in message
    assert "Traceback" not in message
    assert "0" * 40 not in message

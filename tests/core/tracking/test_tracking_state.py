"""The small files beside the database."""

from __future__ import annotations

from pathlib import Path

from core.tracking.state import Ledger, Mark, Status


def test_what_an_experiment_of_the_same_name_left_is_dropped(tmp_path: Path) -> None:
    """Ids of runs are hashes of their configuration: a second experiment with the same spec has the same ids."""
    ledger = Ledger(tmp_path, "tiny")
    ledger.begin(Status(1.0, "online"))
    mark = Mark("complete", 5, online=True, uploaded=True)
    ledger.mark("a" * 32, mark)
    ledger.begin(Status(1.0, "online"))
    assert ledger.marks() == {"a" * 32: mark}
    assert ledger.lines(2.0) == []
    ledger.begin(Status(2.0, "online"))
    assert ledger.marks() == {}


def test_files_in_pieces_count_as_none(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "tiny")
    ledger.mark("a", Mark("complete", 5, online=True, uploaded=True))
    (tmp_path / "wandb" / "tiny" / "b.json").write_text("{")
    (tmp_path / "wandb" / "tiny" / "c.json").write_text('{"other": 1}')
    (tmp_path / "wandb" / "tiny.json").write_text("[]")
    assert ledger.marks().keys() == {"a"}
    assert ledger.status() is None


def test_what_a_user_is_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "my run")
    assert ledger.lines(1.0) == []
    ledger.write_status(Status(1.0, "online", logged=3, uploaded=3, ended=True))
    assert ledger.lines(1.0) == []
    ledger.write_status(Status(1.0, "offline", "no key", logged=3, uploaded=1, ended=True))
    assert ledger.lines(1.0) == ["W&B: no key", "W&B: 2 runs kept here; `hlr-tui sync 'my run'` uploads them"]
    ledger.write_status(Status(1.0, "online", logged=3, uploaded=3))
    assert ledger.lines(1.0) == ["W&B: its tracker ended early; `hlr-tui sync 'my run'` uploads what is missing"]
    with ledger.lock() as lock:
        assert lock.take()
        assert not ledger.lock().take()
        assert ledger.lines(1.0) == ["W&B: online, 3 runs logged so far"]
    assert not ledger.at_work()

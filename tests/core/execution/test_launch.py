"""What the processes of an experiment are told, and by which way."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.execution.launch import Place, worker_order


def test_the_password_of_a_storage_goes_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Command lines are open to every user of a machine, the environment of a process to its owner alone."""
    monkeypatch.setenv("HLR_STORAGE", "sqlite:////another.db")
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    place = Place("postgresql://me:secret@db.example/hlr", tmp_path / "hlr", tmp_path / "data")
    order = worker_order(place, "tiny", 7, "worker-1", "cuda:1", threads=2)
    assert not [word for word in order.argv if "secret" in word or "postgresql" in word]
    assert order.env["HLR_STORAGE"] == place.storage
    assert order.env["OMP_NUM_THREADS"] == "2"
    assert "-P" in order.argv
    options = dict(zip(order.argv[-10::2], order.argv[-9::2], strict=True))
    assert options == {
        "--workspace": str(tmp_path / "hlr"),
        "--data-dir": str(tmp_path / "data"),
        "--experiment": "7",
        "--device": "cuda:1",
        "--log": str(tmp_path / "hlr" / "logs" / "tiny" / "worker-1.log"),
    }

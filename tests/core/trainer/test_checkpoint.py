from __future__ import annotations

import hashlib
import io
import os
import pickle
import resource
from pathlib import Path
from typing import Any

import pytest
import torch

from core.trainer.checkpoint import MAGIC, DamagedCheckpoint, load_checkpoint, save_checkpoint

CPU = torch.device("cpu")


def state(number: float) -> dict[str, Any]:
    return {"weights": torch.full((1000,), number), "epoch": 3, "best": float("inf"), "name": "ö"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "r" / "checkpoint-1.pt"
    save_checkpoint(path, "r", state(1.0))
    return path


def test_a_state_comes_back_as_it_was(path: Path) -> None:
    save_checkpoint(path, "r", state(2.0))
    loaded = load_checkpoint(path, "r", CPU)
    assert torch.equal(loaded.pop("weights"), torch.full((1000,), 2.0))
    assert loaded == {"epoch": 3, "best": float("inf"), "name": "ö"}
    assert os.listdir(path.parent) == [path.name]


def test_a_write_that_fails_half_way_leaves_the_last_checkpoint_whole(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # as a disk that is full after 2,000 bytes
    try:
        with pytest.raises(OSError, match="too large"):
            save_checkpoint(path, "r", state(2.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert torch.equal(load_checkpoint(path, "r", CPU)["weights"], torch.full((1000,), 1.0))
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_not_whole_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 1, len(MAGIC), len(MAGIC) + 32, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path, "r", CPU)
    # torch itself loads every one of these, with other weights in some of them
    for position in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path, "r", CPU)


def test_a_file_of_somebody_else_is_refused(path: Path) -> None:
    with pytest.raises(DamagedCheckpoint, match="not a checkpoint of run other"):
        load_checkpoint(path, "other", CPU)
    torch.save({"run": "r", "state": {}}, path)
    with pytest.raises(DamagedCheckpoint, match="no checkpoint of this release"):
        load_checkpoint(path, "r", CPU)
    with pytest.raises(DamagedCheckpoint):
        load_checkpoint(path.parent, "r", CPU)
    with pytest.raises(FileNotFoundError):
        load_checkpoint(path.with_name("none.pt"), "r", CPU)


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("plain", [True, False])
def test_nothing_in_a_file_is_run(path: Path, tmp_path: Path, plain: bool) -> None:
    marker, packed = tmp_path / "owned", io.BytesIO()
    harmful = {"run": "r", "state": {"weights": Attack(marker)}}
    if plain:
        packed.write(pickle.dumps(harmful, protocol=2))
    else:
        torch.save(harmful, packed)
    content = packed.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)
    with pytest.raises(DamagedCheckpoint):
        load_checkpoint(path, "r", CPU)
    assert not marker.exists()
    if plain:
        pickle.loads(content)
        assert marker.exists(), "the attack would do nothing anyway"

"""Checkpoints: one file per run, replaced in one step, loaded without running anything that it contains."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

FORMAT = 1


class DamagedCheckpoint(Exception):
    """The file cannot be read as a checkpoint of this run."""


def save_checkpoint(path: Path, run_id: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) so that `path` is at any moment the old or the new whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            torch.save({"format": FORMAT, "run": run_id, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_checkpoint(path: Path, run_id: str, device: torch.device) -> dict[str, Any]:
    """The state that `save_checkpoint` wrote.

    Raises:
        DamagedCheckpoint: the file is cut, is something else, or belongs to another run.
        FileNotFoundError: there is none.
    """
    try:
        loaded = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        raise DamagedCheckpoint(f"{path}: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, dict) or loaded.get("format") != FORMAT or loaded.get("run") != run_id:
        raise DamagedCheckpoint(f"{path}: is not a checkpoint of run {run_id}")
    state: dict[str, Any] = loaded["state"]
    return state

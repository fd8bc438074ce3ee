"""Checkpoints: one file per run, replaced in one step, loaded without running anything that it contains."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

MAGIC = b"hlr-tui checkpoint 1\n"


class DamagedCheckpoint(Exception):
    """The file cannot be read as a checkpoint of this run."""


def save_checkpoint(path: Path, run_id: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) so that `path` is at any moment the old or the new whole file.

    Raises:
        OSError: it cannot be written; `path` is as it was.
    """
    packed = io.BytesIO()
    torch.save({"run": run_id, "state": state}, packed)
    content = packed.getbuffer()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_checkpoint(path: Path, run_id: str, device: torch.device) -> dict[str, Any]:
    """The state that `save_checkpoint` wrote.

    Raises:
        DamagedCheckpoint: the file is cut, altered or something else, or belongs to another run.
        FileNotFoundError: there is none.
    """
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedCheckpoint(f"{path}: cannot be read: {error.strerror}") from error
    head = len(MAGIC) + hashlib.sha256().digest_size
    content = memoryview(written)[head:]
    # torch itself does not notice altered weights.
    if written[:head] != MAGIC + hashlib.sha256(content).digest():
        raise DamagedCheckpoint(f"{path}: is damaged, or no checkpoint of this release")
    try:
        loaded = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise DamagedCheckpoint(f"{path}: holds more than tensors and plain values") from error
    if not isinstance(loaded, dict) or loaded.get("run") != run_id or not isinstance(loaded.get("state"), dict):
        raise DamagedCheckpoint(f"{path}: is not a checkpoint of run {run_id}")
    state: dict[str, Any] = loaded["state"]
    return state

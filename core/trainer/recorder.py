"""Between the training loop and the storage: points out, orders in, and patience while the storage fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from core.process_log import say
from core.storage.engine import Database, StorageError
from core.storage.points import PointWriter
from core.storage.runs import Ending, Run, RunState, release, set_checkpoint
from core.trainer.checkpoint import save_checkpoint
from core.trainer.loop import Pruned, Stopped

STORAGE_PATIENCE = 300.0
"""Seconds that a worker goes on trying while the storage fails: a restart of the server, a long backup."""

RETRY_SECONDS = 1.0
FLUSH_SECONDS = 0.25

T = TypeVar("T")


def insist(action: Callable[[], T], patience: float = STORAGE_PATIENCE) -> T:
    """The result of `action`, tried again while the storage fails.

    Raises:
        StorageError: it still fails after `patience` seconds.
    """
    began = time.monotonic()
    failing = False
    while True:
        try:
            result = action()
        except StorageError as error:
            left = patience - (time.monotonic() - began)
            if left <= 0:
                raise
            if not failing:
                say(f"storage: {error}; nothing is lost, it is tried again for {left:.0f} s")
            failing = True
            time.sleep(min(RETRY_SECONDS, left))
        else:
            if failing:
                say("storage: works again")
            return result


class RunRecorder:
    """Records one attempt of a run. Every method but `add` may raise `Fenced`, or `StorageError` after `patience`.

    Args:
        folder: of the run's files.
        stopping: set when the worker is told to end.
        patience: seconds for which a failing storage is tried again.
        flush_seconds: between two writes of points, which also bring the orders.
    """

    def __init__(
        self,
        db: Database,
        run: Run,
        folder: Path,
        stopping: threading.Event,
        patience: float = STORAGE_PATIENCE,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self.epoch = 0
        """Epochs whose points are recorded."""
        self._watched = False
        self._db = db
        self._run = run
        self._folder = folder
        self._stopping = stopping
        self._patience = patience
        self._writer = PointWriter(db, run.id, run.attempt, every_seconds=flush_seconds)

    def begin(self, epoch: int) -> None:
        """Drop what an earlier attempt recorded past `epoch`, where this one takes up."""
        insist(lambda: self._writer.rewind(epoch), self._patience)
        self.epoch = epoch

    def add(self, metric: str, step: int, value: float) -> None:
        self._writer.add(metric, step, value)
        self.epoch = step

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None:
        """Write a checkpoint; where the disk does not take it, the run goes on with the one before."""
        # Points first: a checkpoint must never be ahead of what is recorded.
        insist(lambda: self._writer.flush(epoch), self._patience)
        # One file per attempt: a worker that was wrongly taken for dead must not replace its successor's.
        path = self._folder / f"checkpoint-{self._run.attempt}.pt"
        try:
            save_checkpoint(path, self._run.id, state)
        except OSError as error:
            say(f"run {self._run.id}: no checkpoint at epoch {epoch}: {path}: {error.strerror or error}")
            return
        insist(lambda: set_checkpoint(self._db, self._run.id, self._run.attempt, str(path), epoch), self._patience)

    def orders(self, epoch: int) -> None:
        """Write what is due, and do as the conductor or the worker's owner says.

        Raises:
            Stopped, Pruned: as told.
        """
        stopping = self._stopping.is_set()
        first, self._watched = not self._watched, True  # a run shorter than a flush shows itself to watchers, too
        if not (stopping or first or self._writer.due()):
            return
        orders = insist(lambda: self._writer.flush(epoch), self._patience)
        if orders.prune_at is not None and epoch >= orders.prune_at:
            raise Pruned
        if orders.stop or stopping:
            raise Stopped

    def finish(
        self, state: Ending, value: float | None = None, results: Mapping[str, Any] | None = None, error: str = ""
    ) -> Ending:
        """End the run; how it ended, see `core.storage.runs.finish`."""
        return insist(
            lambda: self._writer.finish(state, value, results or {}, error or None, epoch=self.epoch), self._patience
        )

    def release(self) -> RunState:
        """Give the run back to the queue; its new state."""
        return insist(lambda: release(self._db, self._run.id, self._run.attempt), self._patience)

"""A warm worker: imports torch once, then claims runs and trains them, one after another.

Started by an executor, or by hand on any machine that reaches the storage::

    python -P -m core.trainer.worker --storage sqlite:////path/hlr.db --data-dir data --workspace hlr
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from core.errors import HlrError
from core.storage.engine import Database, open_database
from core.storage.experiments import UnknownExperiment, experiment_by_id
from core.storage.points import PointWriter
from core.storage.processes import is_alive
from core.storage.runs import Fenced, Run, claim, has_queued, release, set_checkpoint
from core.storage.workers import beat, register, retire
from core.trainer.assemble import DataCache, assemble
from core.trainer.checkpoint import DamagedCheckpoint, load_checkpoint, save_checkpoint
from core.trainer.loop import Diverged, Pruned, Stopped, train

BEAT_SECONDS = 2.0
FLUSH_SECONDS = 0.25
IDLE_POLL_SECONDS = 0.1


class Recorder:
    """Between the training loop and the storage: points out, orders in."""

    def __init__(self, worker: Worker, run: Run, writer: PointWriter) -> None:
        self.worker = worker
        self.run = run
        self.writer = writer

    def add(self, metric: str, step: int, value: float) -> None:
        self.writer.add(metric, step, value)

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None:
        """Points first: a checkpoint must never be ahead of what is recorded."""
        self.writer.flush(epoch)
        path = self.worker.checkpoint_path(self.run)
        save_checkpoint(path, self.run.id, state)
        set_checkpoint(self.worker.db, self.run.id, self.run.attempt, str(path), epoch)

    def orders(self, epoch: int) -> None:
        stopping = self.worker.stopping.is_set()
        first = epoch == 1  # so that whoever watches sees a run from its first epoch on
        if not (stopping or first or self.writer.due()):
            return
        orders = self.writer.flush(epoch)
        if orders.prune_at is not None and epoch >= orders.prune_at:
            raise Pruned
        if orders.stop or stopping:
            raise Stopped


class Worker:
    """One process that trains runs.

    Args:
        db: the storage.
        experiment_id: the experiment it was started for; None for a worker that serves all of them.
        workspace: where checkpoints go.
        data_dir: where data sets are cached.
        device: torch device that it trains on.
    """

    def __init__(
        self, db: Database, experiment_id: int | None, workspace: Path, data_dir: Path, device: torch.device, log: str
    ) -> None:
        self.db = db
        self.experiment_id = experiment_id
        self.workspace = workspace
        self.device = device
        self.log = log
        self.cache = DataCache(data_dir)
        self.stopping = threading.Event()
        self.finished = threading.Event()
        self.current: str | None = None
        self.id = register(db, experiment_id=experiment_id, device=str(device), log=log)

    def checkpoint_path(self, run: Run) -> Path:
        return self.workspace / "runs" / run.id / "checkpoint.pt"

    def work(self, max_runs: int | None, idle_seconds: float | None) -> None:
        """Train until told to stop, or nothing is left to do."""
        beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beating.start()
        done = 0
        idle_since = time.monotonic()
        try:
            while not self.stopping.is_set() and (max_runs is None or done < max_runs):
                run = None
                if has_queued(self.db, self.experiment_id):
                    run = claim(self.db, self.id, str(self.device), self.experiment_id, log=self.log)
                if run is None:
                    idle = time.monotonic() - idle_since
                    if self._dismissed() or (idle_seconds is not None and idle > idle_seconds):
                        break
                    self.stopping.wait(IDLE_POLL_SECONDS)
                    continue
                self.current = run.id
                self.train(run)
                self.current = None
                done += 1
                idle_since = time.monotonic()
        finally:
            self.finished.set()
            beating.join()
            retire(self.db, self.id)

    def _beat(self) -> None:
        while not self.finished.wait(BEAT_SECONDS):
            try:
                beat(self.db, self.id, "busy" if self.current else "idle", self.current)
            except HlrError as error:
                say(f"heartbeat: {error}")

    def _dismissed(self) -> bool:
        """The experiment it was started for is over, or nobody is left who could queue more of it."""
        if self.experiment_id is None:
            return False
        try:
            experiment = experiment_by_id(self.db, self.experiment_id)
        except UnknownExperiment:
            return True
        if experiment.state != "running" or experiment.stop_requested:
            return True
        return experiment.conductor is None or is_alive(*experiment.conductor) is False

    def train(self, run: Run) -> None:
        """Train one claimed run to its end, whatever that is; only the storage failing gets out of here."""
        say(f"run {run.id}: {run.study} seed {run.seed}, {run.budget} epochs, attempt {run.attempt}")
        torch.set_num_threads(run.config["threads"])
        writer = PointWriter(self.db, run.id, run.attempt, every_seconds=FLUSH_SECONDS)
        recorder = Recorder(self, run, writer)
        try:
            self._train(run, writer, recorder)
        except Fenced as error:
            say(f"run {run.id}: {error}")
        except Stopped:
            release(self.db, run.id, run.attempt)
            say(f"run {run.id}: stopped")

    def _train(self, run: Run, writer: PointWriter, recorder: Recorder) -> None:
        try:
            parts = assemble(run.config, self.cache, self.device)
            resume = self._resume(run)
            writer.rewind(resume["progress"]["epoch"] if resume else 0)
            results = train(parts, run.config, recorder, resume)
        except (Fenced, Stopped):
            raise
        except Pruned:
            writer.finish("pruned", None, {}, None)
        except Diverged as error:
            writer.finish("diverged", float("inf"), {}, str(error))
        except (torch.OutOfMemoryError, MemoryError) as error:
            text = f"out of memory on {self.device} at batch size {run.config['batch_size']}: {error}"
            self._fail(run, writer, text)
        except HlrError as error:
            self._fail(run, writer, str(error))
        except Exception as error:  # noqa: BLE001  (components are users' code and may raise anything)
            traceback.print_exc()
            self._fail(run, writer, f"{type(error).__name__}: {error}")
        else:
            writer.finish("complete", results["val_loss"], results, None)
        self._clear(run)

    def _fail(self, run: Run, writer: PointWriter, error: str) -> None:
        say(f"run {run.id}: failed: {error}")
        writer.finish("failed", None, {}, error)

    def _resume(self, run: Run) -> dict[str, Any] | None:
        if run.checkpoint is None:
            return None
        try:
            return load_checkpoint(Path(run.checkpoint), run.id, self.device)
        except (DamagedCheckpoint, FileNotFoundError) as error:
            say(f"run {run.id}: starts again, {error}")
            return None

    def _clear(self, run: Run) -> None:
        path = self.checkpoint_path(run)
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


def say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201  (the worker's log)


def pick_device(wanted: str) -> torch.device:
    """The device a spec asks for; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        HlrError: the device is not there.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise HlrError(f'device "{wanted}" is not available here: {error}') from error
    return device


def main(argv: list[str] | None = None) -> int:
    """Run one worker; exit codes as everywhere."""
    parser = argparse.ArgumentParser(prog="hlr-tui worker", description="Train queued runs.")
    parser.add_argument("--storage", required=True)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--experiment", type=int, default=None, help="id of the one experiment to serve")
    parser.add_argument("--max-runs", type=int, default=None)
    parser.add_argument("--idle", type=float, default=None, help="seconds without work after which it ends")
    parser.add_argument("--log", default="")
    args = parser.parse_args(argv)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be deterministic
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        db = open_database(args.storage, create=False)
        device = pick_device(args.device)
        worker = Worker(db, args.experiment, args.workspace, args.data_dir, device, args.log)

        def stop(signum: int, frame: FrameType | None) -> None:
            worker.stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        say(f"worker {worker.id} on {device}, pid {os.getpid()}")
        worker.work(args.max_runs, args.idle)
        say("worker ends")
        db.close()
    except HlrError as error:
        say(f"hlr-tui: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

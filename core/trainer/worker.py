"""A warm worker: imports torch once, then claims runs and trains them, one after another.

Started by an executor, or by hand on any machine that reaches the storage::

    HLR_STORAGE=sqlite:////path/hlr.db python -P -m core.trainer.worker --data-dir data --workspace hlr
"""

from __future__ import annotations

import argparse
import os
import shutil
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
from core.process_log import say
from core.storage.engine import Database, StorageError, open_database
from core.storage.experiments import UnknownExperiment, experiment_by_id
from core.storage.processes import is_alive
from core.storage.runs import Fenced, Run, RunState, claim, has_queued
from core.storage.workers import beat, register, retire
from core.trainer.assemble import DataCache, assemble
from core.trainer.checkpoint import DamagedCheckpoint, load_checkpoint
from core.trainer.eager import make_deterministic, put_off_compiler
from core.trainer.loop import Diverged, Pruned, Stopped, train
from core.trainer.recorder import FLUSH_SECONDS, STORAGE_PATIENCE, RunRecorder, insist
from core.trainer.vetting import Vetting
from core.user_code import blame

BEAT_SECONDS = 2.0
IDLE_POLL_SECONDS = 0.1


class Worker:
    """One process that trains runs.

    Args:
        db: the storage.
        experiment_id: the experiment it was started for; None for a worker that serves all of them.
        workspace: where checkpoints go.
        data_dir: where data sets are cached.
        device: torch device that it trains on.
        log: file that its messages go to, recorded with every run that it takes.
        patience, flush_seconds: see `RunRecorder`.
        stopping: set by the owner when the worker is to end.
    """

    def __init__(
        self,
        db: Database,
        experiment_id: int | None,
        workspace: Path,
        data_dir: Path,
        device: torch.device,
        log: str = "",
        patience: float = STORAGE_PATIENCE,
        flush_seconds: float = FLUSH_SECONDS,
        stopping: threading.Event | None = None,
    ) -> None:
        self.db = db
        self.experiment_id = experiment_id
        self.workspace = workspace
        self.device = device
        self.log = log
        self.patience = patience
        self.flush_seconds = flush_seconds
        self.cache = DataCache(data_dir)
        self.stopping = threading.Event() if stopping is None else stopping
        self.finished = threading.Event()
        self.current: str | None = None
        self._vetting = Vetting(db, patience)
        self.id = register(db, experiment_id=experiment_id, device=str(device), log=log)

    def folder(self, run: Run) -> Path:
        """Where the files of a run are."""
        return self.workspace / "runs" / run.id

    def work(self, max_runs: int | None = None, idle_seconds: float | None = None) -> None:
        """Train until told to stop, or nothing is left to do.

        Raises:
            StorageError: the storage has failed for longer than `patience`; the run in hand goes on from its last
                checkpoint once somebody finds this worker gone.
        """
        beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beating.start()
        done = 0
        idle_since = time.monotonic()
        try:
            while not self.stopping.is_set() and (max_runs is None or done < max_runs):
                run = self._next()
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
            self._retire()

    def _next(self) -> Run | None:
        if not insist(lambda: has_queued(self.db, self.experiment_id), self.patience):
            return None
        # Not tried again: where the answer to a commit is lost, the run may be ours already, and only the end of this
        # worker gives it back.
        return claim(self.db, self.id, str(self.device), self.experiment_id, log=self.log)

    def _beat(self) -> None:
        while not self.finished.wait(BEAT_SECONDS):
            try:
                beat(self.db, self.id, "busy" if self.current else "idle", self.current)
            except StorageError as error:
                say(f"heartbeat: {error}")

    def _retire(self) -> None:
        try:
            retire(self.db, self.id)
        except StorageError as error:  # nobody needs the row: the process is gone for everybody who looks
            say(f"storage: {error}")

    def _dismissed(self) -> bool:
        """The experiment it was started for is over, or nobody is left who could queue more of it."""
        if self.experiment_id is None:
            return False
        experiment_id = self.experiment_id
        try:
            experiment = insist(lambda: experiment_by_id(self.db, experiment_id), self.patience)
        except UnknownExperiment:
            return True
        if experiment.state != "running" or experiment.stop_requested:
            return True
        return experiment.conductor is None or is_alive(*experiment.conductor) is False

    def train(self, run: Run) -> None:
        """Train one claimed run to its end, whatever that is.

        Raises:
            StorageError: the storage has failed for longer than `patience`.
        """
        say(f"run {run.id}: {run.study} seed {run.seed}, {run.budget} epochs, attempt {run.attempt}")
        torch.set_num_threads(run.config["threads"])
        recorder = RunRecorder(self.db, run, self.folder(run), self.stopping, self.patience, self.flush_seconds)
        try:
            state = self._train(run, recorder)
        except Fenced as error:
            say(f"run {run.id}: {error}")
            return
        say(f"run {run.id}: {'stopped' if state == 'queued' else state} after epoch {recorder.epoch}")
        if state != "queued":
            self._clear(run)

    def _train(self, run: Run, recorder: RunRecorder) -> RunState:
        """Train; the state that the run is in afterwards."""
        try:
            self._vetting.check_files(run)
            parts = assemble(run.config, self.cache, self.device)
            self._vetting.check_data(run, parts)
            resume = self._resume(run)
            recorder.begin(resume["progress"]["epoch"] if resume else 0)
            results = train(parts, run.config, recorder, resume)
        except (Fenced, StorageError):
            raise
        except Stopped:
            return recorder.release()
        except Pruned:
            return recorder.finish("pruned")
        except Diverged as error:
            return recorder.finish("diverged", float("inf"), error=str(error))
        except HlrError as error:
            return self._fail(run, recorder, str(error))
        except Exception as error:  # noqa: BLE001  (components are users' code and may raise anything)
            if out_of_memory(error):
                size = run.config["batch_size"]
                return self._fail(run, recorder, f"out of memory on {self.device} at batch size {size}: {error}")
            traceback.print_exc()
            return self._fail(run, recorder, blame(error))
        return recorder.finish("complete", results["val_loss"], results)

    def _fail(self, run: Run, recorder: RunRecorder, error: str) -> RunState:
        say(f"run {run.id}: {error}")
        return recorder.finish("failed", error=error)

    def _resume(self, run: Run) -> dict[str, Any] | None:
        if run.checkpoint is None:
            return None
        try:
            return load_checkpoint(Path(run.checkpoint), run.id, self.device)
        except (DamagedCheckpoint, FileNotFoundError) as error:
            say(f"run {run.id}: starts again, {error}")
            return None

    def _clear(self, run: Run) -> None:
        try:
            shutil.rmtree(self.folder(run))
        except FileNotFoundError:
            pass
        except OSError as error:
            say(f"run {run.id}: its checkpoint stays: {error}")


def out_of_memory(error: Exception) -> bool:
    """Whether `error` says that the device, or the machine, has no memory left."""
    # On the CPU torch raises a plain RuntimeError, told apart by the name of its allocator alone.
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "DefaultCPUAllocator" in str(error)


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
    # By the environment where the URL holds a password: command lines are open to every user of a machine.
    parser.add_argument("--storage", default=os.environ.get("HLR_STORAGE"), help="URL of the database; env HLR_STORAGE")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--experiment", type=int, default=None, help="id of the one experiment to serve")
    parser.add_argument("--max-runs", type=int, default=None)
    parser.add_argument("--idle", type=float, default=None, help="seconds without work after which it ends")
    parser.add_argument("--log", default="")
    args = parser.parse_args(argv)
    if not args.storage:
        parser.error("--storage, or the variable HLR_STORAGE, must name the database")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be deterministic
    make_deterministic()
    put_off_compiler()
    stopping = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        db = open_database(args.storage, create=False)
        device = pick_device(args.device)
        worker = Worker(db, args.experiment, args.workspace, args.data_dir, device, args.log, stopping=stopping)
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

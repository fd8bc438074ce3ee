"""The workers of one experiment: as many as there is work for, and their runs back in the queue when they die."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from core.errors import EnvironmentFailure
from core.execution.executor import Executor, Handle
from core.execution.launch import Place, worker_order
from core.spec import ExperimentSpec
from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.processes import is_alive, me
from core.storage.runs import requeue, runs_of
from core.storage.workers import Worker, list_workers, retire

STALE_SECONDS = 30.0
"""A worker on another host whose heartbeat stands still for so long, on our clock, is taken for dead."""

DEATHS_AT_START = 3
"""So many workers in a row that die before they take a run mean that none ever will."""


def wanted_workers(spec: ExperimentSpec) -> int:
    """How many workers a spec asks for; "auto" is one per core that this process may use."""
    if spec.execution.workers is not None:
        return spec.execution.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // spec.training.threads)


class Fleet:
    """Starts and watches workers."""

    def __init__(
        self,
        db: Database,
        experiment: Experiment,
        spec: ExperimentSpec,
        place: Place,
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.db = db
        self.experiment = experiment
        self.spec = spec
        self.place = place
        self.executor = executor
        self.clock = clock
        self.handles: list[Handle] = []
        self.started = 0
        self._beats: dict[str, tuple[int, float]] = {}
        self._registered: set[int] = set()
        self._stillborn = 0

    def tend(self, work: int) -> int:
        """Bury the dead and start what is missing for `work` runs; returns the number of living workers.

        Raises:
            EnvironmentFailure: workers die before they take a run.
        """
        workers = [worker for worker in list_workers(self.db, self.experiment.id) if worker.state != "gone"]
        self._registered |= {worker.pid for worker in workers}
        living = [worker for worker in workers if not self._bury(worker)]
        self._reclaim(living)
        self._watch_starts()
        starting = [handle for handle in self.handles if handle.pid not in self._registered]
        missing = min(wanted_workers(self.spec), work) - len(living) - len(starting)
        if missing > 0:
            self._start(missing)
        return len(living) + len(starting)

    def _start(self, count: int) -> None:
        orders = []
        for _ in range(count):
            self.started += 1
            name = f"worker-{me()[1]}-{self.started}"
            training = self.spec.training
            orders.append(
                worker_order(
                    self.place, self.experiment.name, self.experiment.id, name, training.device, training.threads
                )
            )
        self.handles += self.executor.submit(orders)

    def _watch_starts(self) -> None:
        """Workers that ended without ever having registered."""
        lives = self.executor.poll(self.handles)
        for handle in [handle for handle in self.handles if lives[handle] == "gone"]:
            self.handles.remove(handle)
            if handle.pid in self._registered:
                self._stillborn = 0
                continue
            self._stillborn += 1
            if self._stillborn >= DEATHS_AT_START:
                raise EnvironmentFailure(
                    f"{self._stillborn} workers in a row ended before they took a run; the end of {handle.log}:\n"
                    + self.executor.tail(handle, 15)
                )

    def _bury(self, worker: Worker) -> bool:
        """Whether the worker is dead; then its row is closed."""
        alive = is_alive(worker.host, worker.pid, worker.started)
        if alive is None:
            beat, since = self._beats.get(worker.id, (-1, self.clock()))
            if beat != worker.beat:
                beat, since = worker.beat, self.clock()
            self._beats[worker.id] = (beat, since)
            alive = self.clock() - since < STALE_SECONDS
        if alive:
            return False
        retire(self.db, worker.id)
        return True

    def _reclaim(self, living: Sequence[Worker]) -> None:
        """Put the runs of workers that are gone back into the queue."""
        ids = {worker.id for worker in living}
        for run in runs_of(self.db, self.experiment.id, states=["running"]):
            if run.worker_id not in ids:
                log = f"; its log: {run.log}" if run.log else ""
                requeue(self.db, run.id, run.attempt, f"its worker ended without finishing it{log}")

    def dismiss(self) -> None:
        """Ask every worker that we started to stop."""
        self.executor.cancel(self.handles)

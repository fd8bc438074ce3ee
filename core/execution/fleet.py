"""The workers of one experiment: as many as there is work for, and their runs back in the queue when they die."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from core.errors import EnvironmentFailure
from core.execution.devices import count_gpus, spread_devices, wanted_workers
from core.execution.executor import Executor, Handle
from core.execution.launch import Place, worker_order
from core.execution.seat import Pulse
from core.spec import ExperimentSpec
from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.processes import me
from core.storage.runs import Run, requeue, runs_of
from core.storage.workers import Worker, list_workers, retire

DEATHS_AT_START = 3
"""So many workers in a row that die before they register mean that none ever will."""


class Fleet:
    """Starts and watches workers.

    Args:
        executor: starts them.
        clock: seconds; tells how long a heartbeat has stood still.
    """

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
        gpus = count_gpus()
        self._devices = spread_devices(spec, gpus)
        self._wanted = wanted_workers(spec, gpus)
        self._starting: list[Handle] = []
        self._ordered = 0
        self._pulse = Pulse(clock)
        self._stillborn = 0

    def tend(self, work: int) -> int:
        """Bury the dead, put their runs back and start what is missing for `work` runs.

        Returns:
            The number of living workers that serve this experiment, those on their way included.

        Raises:
            EnvironmentFailure: workers die before they take a run.
        """
        # Runs before workers: whoever has claimed one of these runs had registered before that.
        running = runs_of(self.db, self.experiment.id, states=["running"])
        # A worker started by hand serves every experiment; it counts for this one while it trains a run of it.
        workers = [one for one in list_workers(self.db) if one.experiment_id in (None, self.experiment.id)]
        living = {worker.id: worker for worker in workers if worker.state != "gone" and not self._bury(worker)}
        self._reclaim(running, living)
        self._watch_starts(workers)
        own = sum(worker.experiment_id is not None for worker in living.values())
        missing = min(self._wanted, work) - own - len(self._starting)
        if missing > 0:
            self._start(missing)
        holding = {run.worker_id for run in running}
        helping = sum(worker.experiment_id is None and worker.id in holding for worker in living.values())
        return own + helping + len(self._starting)

    def dismiss(self) -> None:
        """End the workers that are still on their way; those that have registered read the orders themselves."""
        self.executor.cancel(self._starting)
        self._starting.clear()

    def _start(self, count: int) -> None:
        orders = []
        for _ in range(count):
            device = self._devices[self._ordered % len(self._devices)]
            self._ordered += 1
            name = f"worker-{me()[1]}-{self._ordered}"
            threads = self.spec.training.threads
            orders.append(worker_order(self.place, self.experiment.name, self.experiment.id, name, device, threads))
        self._starting += self.executor.submit(orders)

    def _watch_starts(self, workers: Sequence[Worker]) -> None:
        """Forget the starting workers that have registered by now, and count those that ended without it."""
        lives = self.executor.poll(self._starting)
        for handle in list(self._starting):
            if any(_same_process(handle, worker) for worker in workers):
                self._starting.remove(handle)
                self._stillborn = 0
            elif lives[handle] == "gone":
                self._starting.remove(handle)
                self._stillborn += 1
                if self._stillborn >= DEATHS_AT_START:
                    raise EnvironmentFailure(
                        f"{self._stillborn} workers in a row ended before they took a run; the end of {handle.log}:\n"
                        + self.executor.tail(handle, 15)
                    )

    def _bury(self, worker: Worker) -> bool:
        """Whether the worker is dead; then its row is closed."""
        if self._pulse.alive((worker.host, worker.pid, worker.started), worker.beat):
            return False
        retire(self.db, worker.id)
        return True

    def _reclaim(self, running: Sequence[Run], living: Collection[str]) -> None:
        """Put the runs of workers that are gone back into the queue."""
        for run in running:
            if run.worker_id not in living:
                log = f"; its log: {run.log}" if run.log else ""
                requeue(self.db, run.id, run.attempt, f"its worker ended without finishing it{log}")


def _same_process(handle: Handle, worker: Worker) -> bool:
    return (handle.host, handle.pid) == (worker.host, worker.pid) and abs(handle.started - worker.started) <= 1.0

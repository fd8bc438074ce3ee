"""Who is dead, whose run goes back to the queue, and when starting workers is given up."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from campaign import document, plan_of, until

from core.errors import EnvironmentFailure
from core.execution.devices import wanted_workers
from core.execution.executor import Handle, WorkerOrder
from core.execution.executors.local import LocalExecutor
from core.execution.fleet import Fleet
from core.execution.launch import Place
from core.execution.queue import enqueue
from core.execution.submit import submit
from core.storage import tables
from core.storage.engine import Database, open_database
from core.storage.processes import me
from core.storage.runs import Run, claim, get_run
from core.storage.workers import register


class Doomed(LocalExecutor):
    """Its workers end at once, as those do that cannot have their device."""

    def submit(self, orders: Sequence[WorkerOrder]) -> list[Handle]:
        code = "print('no such device'); raise SystemExit(3)"
        return super().submit([dataclasses.replace(order, argv=(sys.executable, "-c", code)) for order in orders])


class Ground:
    """An experiment with three queued runs, and a clock that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.plan = plan_of(document(training__seeds=[1, 2, 3], compare__seeds=[1, 2, 3]))
        place = Place(f"sqlite:///{folder}/hlr.db", folder, folder)
        self.db: Database = open_database(place.storage)
        self.experiment = submit(self.db, self.plan, place)
        enqueue(self.db, self.experiment.id, self.plan.fixed_runs)
        self.now = 0.0
        self.executor = Doomed()
        self.fleet = Fleet(self.db, self.experiment, self.plan.spec, place, self.executor, clock=lambda: self.now)

    def worker(self, experiment_id: int | None, **who: object) -> tuple[str, Run]:
        """A worker in training; `who` changes its row."""
        worker_id = register(self.db, experiment_id, "cpu")
        if who:
            with self.db.write() as connection:
                connection.execute(tables.worker.update().where(tables.worker.c.id == worker_id).values(**who))
        run = claim(self.db, worker_id, "cpu", self.experiment.id, log="/logs/worker.log")
        assert run is not None
        return worker_id, run

    def again(self, run: Run) -> Run:
        found = get_run(self.db, run.id)
        assert found is not None
        return found


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def test_living_workers_keep_their_runs_also_one_started_by_hand(ground: Ground) -> None:
    _, own = ground.worker(ground.experiment.id)
    _, helped = ground.worker(None)
    assert ground.fleet.tend(0) == 2
    assert ground.again(own).state == ground.again(helped).state == "running"
    assert ground.again(helped).deaths == 0


def test_a_worker_by_hand_counts_only_while_it_helps(ground: Ground) -> None:
    register(ground.db, None, "cpu")
    assert ground.fleet.tend(0) == 0


def test_the_run_of_a_dead_worker_goes_back_and_fails_after_three_deaths(ground: Ground, dead_pid: int) -> None:
    for death in (1, 2, 3):
        _, run = ground.worker(ground.experiment.id, pid=dead_pid)
        assert run.attempt == death
        assert ground.fleet.tend(0) == 0
        run = ground.again(run)
        assert run.deaths == death
        assert run.state == ("queued" if death < 3 else "failed")
    assert run.error is not None
    assert "/logs/worker.log" in run.error


def test_a_new_process_with_the_pid_of_a_worker_is_not_the_worker(ground: Ground) -> None:
    _, run = ground.worker(ground.experiment.id, started=me()[2] - 1000)
    ground.fleet.tend(0)
    assert ground.again(run).state == "queued"


def test_on_another_host_a_beat_that_stands_still_is_death(ground: Ground) -> None:
    worker_id, run = ground.worker(ground.experiment.id, host="elsewhere")
    beat = tables.worker.update().where(tables.worker.c.id == worker_id).values(beat=tables.worker.c.beat + 1)
    for ground.now in (0.0, 29.0):
        assert ground.fleet.tend(0) == 1
    with ground.db.write() as connection:
        connection.execute(beat)
    for ground.now in (31.0, 60.0):
        assert ground.fleet.tend(0) == 1
        assert ground.again(run).state == "running"
    ground.now = 61.1
    assert ground.fleet.tend(0) == 0
    assert ground.again(run).state == "queued"
    with ground.db.read() as connection:
        assert connection.execute(sa.select(tables.worker.c.state)).scalars().all() == ["gone"]


def test_workers_that_never_come_up_are_an_error_with_the_end_of_their_log(ground: Ground) -> None:
    def refused() -> str | None:
        try:
            ground.fleet.tend(3)
        except EnvironmentFailure as error:
            return str(error)
        return None

    message = until(refused, "giving up", 30)
    assert "3 workers in a row" in message
    assert message.endswith("no such device")
    assert "worker-" in message


def test_as_many_workers_as_the_spec_says_or_cores_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(6)), raising=False)
    assert wanted_workers(plan_of(document(execution__workers=5)).spec, 0) == 5
    assert wanted_workers(plan_of(document(execution__workers="auto")).spec, 0) == 6
    assert wanted_workers(plan_of(document(execution__workers="auto", training__threads=4)).spec, 0) == 1
    assert wanted_workers(plan_of(document(execution__workers="auto", training__threads=8)).spec, 0) == 1

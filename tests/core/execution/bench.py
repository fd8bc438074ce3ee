"""A conductor in this process, with this process for its only worker: every step in the order that a test wants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from campaign import Document

from core.execution.conductor import Conductor
from core.execution.executors.local import LocalExecutor
from core.execution.launch import Place
from core.execution.submit import submit
from core.plan import make_plan
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import get_experiment, leave_conductor, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.reader import points_of
from core.storage.runs import Run, claim, runs_of
from core.storage.workers import register


class Killed(BaseException):
    """What a kill -9 is to the code it hits: nothing runs after it, and nothing of the transaction is kept."""


class Bench:
    """One experiment on a database in `folder`."""

    def __init__(self, folder: Path, spec: Document) -> None:
        self.place = Place(f"sqlite:///{folder}/hlr.db", folder, folder)
        self.spec = spec
        self.worker_db = open_database(self.place.storage)
        self._training: dict[str, tuple[Run, PointWriter, int]] = {}
        self._worker = ""

    @property
    def name(self) -> str:
        name: str = self.spec["experiment"]["name"]
        return name

    def submit(self, db: Database) -> None:
        submit(db, self.plan(), self.place)

    def plan(self) -> Any:
        import json

        return make_plan(spec_from_json(json.dumps(self.spec), "test"))

    def live(self, commits: int | None = None) -> bool:
        """One life of the conductor, killed at its commit number `commits`; True where it came to the end."""
        db = open_database(self.place.storage)
        conductor = None
        try:
            with killed_at(commits, spare=self.worker_db.engine):
                self.submit(db)
                experiment = get_experiment(db, self.name)
                assert take_conductor(db, experiment.id, *me(), is_alive)
                if not self._worker:
                    self._worker = register(db, experiment.id, "cpu")
                conductor = Conductor(db, experiment, self.place, LocalExecutor())
                conductor.prepare()
                while not conductor.step():
                    self.train(experiment.id)
                leave_conductor(db, experiment.id)
            return True
        except Killed:
            return False
        finally:
            db.close()

    def train(self, experiment_id: int, at_once: int = 3) -> None:
        """One epoch of up to `at_once` runs, as a worker would record it."""
        while len(self._training) < at_once:
            run = claim(self.worker_db, self._worker, "cpu", experiment_id)
            if run is None:
                break
            writer = PointWriter(self.worker_db, run.id, run.attempt)
            self._training[run.id] = run, writer, 0
        for run_id, (run, writer, epoch) in list(self._training.items()):
            values = losses(run)
            writer.add("val_loss", epoch + 1, values[epoch])
            orders = writer.flush(epoch + 1)
            self._training[run_id] = run, writer, epoch + 1
            if orders.prune_at is not None and epoch + 1 >= orders.prune_at:
                writer.finish("pruned", None, {})
            elif epoch + 1 == run.budget:
                diverged = math.isinf(values[-1])
                writer.finish("diverged" if diverged else "complete", math.inf if diverged else values[-1], {})
            else:
                continue
            del self._training[run_id]

    def result(self) -> dict[str, Any]:
        """All that must not depend on interruptions."""
        experiment = get_experiment(self.worker_db, self.name)
        runs = [
            (r.id, r.stage, r.study, r.trial, r.seed, r.budget, r.state, r.value, r.attempt)
            for r in runs_of(self.worker_db, experiment.id)
        ]
        points = [(p.run_id, p.metric, p.step, p.value) for p in points_of(self.worker_db, experiment.id)]
        storage = optuna.storages.RDBStorage(self.place.storage)
        trials = {}
        for name in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=name, storage=storage)
            trials[name] = [(t.number, t.state, t.params, t.values, t.intermediate_values) for t in study.trials]
        return {"state": experiment.state, "runs": runs, "points": points, "trials": trials}

    def close(self) -> None:
        self.worker_db.close()


def losses(run: Run) -> list[float]:
    """A loss curve that depends on the configuration alone; large rates diverge in a late epoch."""
    level = (math.log10(run.config["lr"]) + 2.2) ** 2 + 0.01 * run.config["seed"]
    values = [level + 3 * math.exp(-epoch * 30 * run.config["lr"]) for epoch in range(1, run.budget + 1)]
    return [*values[:-1], math.inf] if run.config["lr"] > 0.01 and run.budget > 4 else values


@contextmanager
def killed_at(commits: int | None, spare: sa.Engine) -> Iterator[None]:
    """Kill whoever wants to make commit number `commits` on any engine but `spare`, and end its open transactions."""
    left = math.inf if commits is None else commits
    opened: list[Any] = []

    def count(connection: sa.Connection) -> None:
        nonlocal left
        if connection.engine is spare:
            return
        left -= 1
        if left < 0:
            raise Killed

    def remember(connection: Any, record: object) -> None:
        opened.append(connection)

    spare.connect().close()  # has its one connection from now on
    sa.event.listen(sa.Engine, "commit", count)
    sa.event.listen(sa.Pool, "connect", remember)
    try:
        yield
    except Killed:
        for connection in opened:
            connection.rollback()
        raise
    finally:
        sa.event.remove(sa.Engine, "commit", count)
        sa.event.remove(sa.Pool, "connect", remember)

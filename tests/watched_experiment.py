"""An experiment that a test trains by hand, epoch by epoch, for what follows runs live."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.execution.queue import enqueue
from core.plan import make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim
from hlr_tui.desk import Desk
from hlr_tui.settings import Settings

NAME = "watched"
DOCUMENT: dict[str, Any] = {
    "experiment": {"name": NAME, "mode": "run"},
    "task": {"name": "digits"},
    "training": {"epochs": 4, "seeds": [1, 2, 3]},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["C", "EH"], "lr_free": ["Prodigy"]},
}
SEARCH = DOCUMENT | {"experiment": {"name": NAME, "mode": "optimize"}, "optimize": {"trials": 3}}
COSINE, EXP_HYPERBOLIC, PRODIGY = "AdamW|C", "AdamW|EH", "Prodigy|N"


class Attempt:
    """A claimed run whose epochs the test writes."""

    def __init__(self, db: Database, run: Run) -> None:
        self.run = run
        self._writer = PointWriter(db, run.id, run.attempt)

    def write(self, losses: Sequence[float], after: int = 0, **more: float) -> None:
        """Epochs past `after` with these validation losses, and constants of other metrics."""
        metrics = {"lr": 0.01} | more
        for epoch, loss in enumerate(losses, start=after + 1):
            self._writer.add("val_loss", epoch, loss)
            self._writer.add("train_loss", epoch, loss / 2)
            for metric, value in metrics.items():
                self._writer.add(metric, epoch, value)
        self._writer.flush(after + len(losses))

    def rewind(self, epoch: int) -> None:
        self._writer.rewind(epoch)

    def finish(self, value: float = 0.1) -> None:
        self._writer.finish("complete", value, {"val_loss": value}, epoch=self.run.budget)

    def diverge(self) -> None:
        self._writer.finish("diverged", math.inf, {}, "val_loss = nan at epoch 2 \x1b[31m[bold]")


def make(workspace: Path, document: dict[str, Any] = DOCUMENT) -> tuple[Database, Experiment]:
    """A database with the runs of `document` queued (of a search: three trials), and this process as conductor."""
    db = open_database(str(workspace / "hlr.db"))
    about = document["experiment"]
    experiment = create_experiment(db, about["name"], about["mode"], json.dumps(document))
    plan = make_plan(spec_from_json(json.dumps(document), "test"))
    runs = list(plan.fixed_runs)
    if plan.searches:
        for study in plan.studies:
            params = {name: each.span.low for name, each in study.space.items()}
            runs += [run for trial in range(3) for run in search_runs(plan.spec, study, trial, params)]
    enqueue(db, experiment.id, runs)
    assert take_conductor(db, experiment.id, *me(), is_alive)
    return db, experiment


def begin(db: Database, most: int = 1, worker: str = "w1", log: str | None = None) -> list[Attempt]:
    """Claim the next runs of the queue."""
    found = [claim(db, worker, "cpu", log=log) for _ in range(most)]
    return [Attempt(db, run) for run in found if run is not None]


def desk_at(workspace: Path) -> Desk:
    return Desk(Settings(workspace=workspace, storage=f"sqlite:///{workspace}/hlr.db", data_dir=workspace, plugins=()))

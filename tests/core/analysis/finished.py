"""An experiment whose runs end as a test says, without any training."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from core.execution.queue import enqueue
from core.plan import Plan, compare_runs, make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import Experiment, create_experiment
from core.storage.points import PointWriter
from core.storage.runs import Ending, Run, claim

DOCUMENT: dict[str, Any] = {
    "experiment": {"name": "exp", "mode": "all"},
    "task": {"name": "digits"},
    "training": {"epochs": 3},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["C", "S"], "lr_free": ["Prodigy"]},
    "optimize": {"trials": 2},
    "compare": {"budgets": [2, 4], "seeds": 3},
}

End = tuple[Ending, Sequence[float]]
"""How a run ends, and its validation losses."""


def plan_of(document: dict[str, Any]) -> Plan:
    return make_plan(spec_from_json(json.dumps(document), "test"))


def create(db: Database, document: dict[str, Any] = DOCUMENT) -> Experiment:
    about = document["experiment"]
    return create_experiment(db, about["name"], about["mode"], json.dumps(document))


def queue_search(db: Database, experiment: Experiment, plan: Plan, trials: Sequence[int] = (0, 1)) -> None:
    """Trials whose parameters are all the lowest (trial 0), or the highest ones (the others)."""
    for study in plan.studies:
        for trial in trials:
            params = {name: each.span.low if trial == 0 else each.span.high for name, each in study.space.items()}
            enqueue(db, experiment.id, search_runs(plan.spec, study, trial, params))


def queue_compare(db: Database, experiment: Experiment, plan: Plan, trial: int, schedulers: Sequence[str]) -> None:
    for study in plan.studies:
        if study.method.scheduler.code in schedulers:
            params = {name: each.span.low if trial == 0 else each.span.high for name, each in study.space.items()}
            enqueue(db, experiment.id, compare_runs(plan.spec, study, trial, params))


def play(db: Database, end: Callable[[Run], End], most: int | None = None) -> list[Run]:
    """Claim what is queued, at most so many runs, and end each run as told; returns the claimed runs."""
    claimed: list[Run] = []
    while (most is None or len(claimed) < most) and (run := claim(db, "w", "cpu", log="w.log")) is not None:
        claimed.append(run)
        state, losses = end(run)
        writer = PointWriter(db, run.id, run.attempt)
        for epoch, loss in enumerate(losses, start=1):
            writer.add("val_loss", epoch, loss)
            writer.add("val_accuracy", epoch, 1 / (1 + loss))
        complete = state == "complete"
        value = losses[-1] if complete else float("inf") if state == "diverged" else None
        results = {"val_loss": losses[-1], "val_accuracy": 1 / (1 + losses[-1])} if complete else {}
        error = None if complete else f"{state} \x1b[31mhere"
        writer.finish(state, value, results, error, epoch=len(losses))
    return claimed

"""An experiment with a search (and a comparison) whose runs end as a test says, without any training."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.execution.queue import enqueue
from core.plan import Plan, compare_runs, make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment
from core.storage.points import PointWriter
from core.storage.runs import Run, claim

NAME = "tuned"
DOCUMENT: dict[str, Any] = {
    "experiment": {"name": NAME, "mode": "all"},
    "task": {"name": "digits"},
    "training": {"epochs": 20},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["C", "EH"], "lr_free": []},
    "optimize": {"trials": 8},
    "compare": {"budgets": [20, 40], "seeds": 3},
}
COSINE, EXP_HYPERBOLIC = f"{NAME}-AdamW-C", f"{NAME}-AdamW-EH"

LR_RANGE = (1e-4, 5e-2)
"""Where the original's searches look for the rate, on a log scale."""

Curve = Callable[[int], float]


def open_at(folder: Path) -> Database:
    return open_database(str(folder / "hlr.db"))


def make(db: Database, document: Mapping[str, Any] = DOCUMENT) -> tuple[Experiment, Plan]:
    text = json.dumps(document)
    about = document["experiment"]
    return create_experiment(db, about["name"], about["mode"], text), make_plan(spec_from_json(text, "test"))


def lr_at(share: float) -> float:
    """The rate at a share of its range, on the log scale."""
    low, high = map(math.log, LR_RANGE)
    return math.exp(low + share * (high - low))


def ask(db: Database, experiment: Experiment, plan: Plan, study: str, trial: int, share: float) -> None:
    """Queue a trial whose parameters lie at a share of their ranges; whole ones at low."""
    (planned,) = [each for each in plan.studies if each.name == study]
    params: dict[str, Any] = {}
    for name, dimension in planned.space.items():
        span = dimension.span
        low, high = (math.log(span.low), math.log(span.high)) if span.log else (span.low, span.high)
        value = low + share * (high - low)
        params[name] = int(span.low) if dimension.whole else math.exp(value) if span.log else value
    enqueue(db, experiment.id, search_runs(plan.spec, planned, trial, params))


def compare(db: Database, experiment: Experiment, plan: Plan, trial: int = 0) -> None:
    """Queue the comparison of every method at the lowest values of its ranges."""
    for study in plan.studies:
        params = {name: each.span.low for name, each in study.space.items()}
        enqueue(db, experiment.id, compare_runs(plan.spec, study, trial, params))


def end(db: Database, state: Any, losses: Sequence[float], error: str | None = None) -> Run:
    """Train the next run of the queue to an end."""
    run = train(db, losses)
    value = losses[-1] if state == "complete" else None
    results = {"val_loss": losses[-1], "val_accuracy": 1 - losses[-1]} if state == "complete" else {}
    PointWriter(db, run.id, run.attempt).finish(state, value, results, error, epoch=len(losses))
    return run


def train(db: Database, losses: Sequence[float]) -> Run:
    """Begin the next run of the queue, and leave it in training."""
    run = claim(db, "w", "cpu", log="/logs/w.log")
    assert run is not None
    writer = PointWriter(db, run.id, run.attempt)
    for epoch, loss in enumerate(losses, start=1):
        writer.add("train_loss", epoch, loss / 2)
        writer.add("val_loss", epoch, loss)
        writer.add("lr", epoch, run.config["lr"])
    writer.flush(len(losses))
    return run


def power(final: float, epochs: int, a: float = 0.0, c: float = 0.5, horizon: int = 20) -> list[float]:
    """The first epochs of a curve a + b·t^(-c) that reaches `final` at the horizon."""
    b = (final - a) / horizon**-c
    return [a + b * t**-c for t in range(1, epochs + 1)]


def one_of_each(db: Database) -> tuple[Experiment, Plan]:
    """A search of the cosine with a trial in every state: 0 complete at 0.5, 1 pruned, 2 diverged, 3 failed, 4 complete
    at 0.2 with the highest rate, 5 in training with 10 epochs of a power law that ends at 0.3, 6 queued."""
    experiment, plan = make(db)
    for trial, share in enumerate((0.5, 0.1, 0.6, 0.7, 1.0, 0.8, 0.9)):
        ask(db, experiment, plan, COSINE, trial, share)
    end(db, "complete", power(0.5, 20))
    end(db, "pruned", [2.0, 1.0])
    end(db, "diverged", [2.0, math.inf])
    end(db, "failed", [], "RuntimeError: [bold]no\x1b[31m memory\nsecond line")
    end(db, "complete", power(0.2, 20))
    train(db, power(0.3, 10))
    return experiment, plan

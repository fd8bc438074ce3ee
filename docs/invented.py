"""A workspace that is made up in a second without any training: for pictures, benchmarks and tests.

Curves and times in it are invented and say nothing about the methods.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from core.catalog import catalog
from core.component import SchedulerInfo, Trace
from core.execution.queue import enqueue
from core.params import Horizon
from core.plan import Plan, compare_runs, make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment, set_state, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim
from core.storage.tables import experiment as experiments
from core.storage.tables import run as runs
from core.storage.workers import beat, register

FINISHED: dict[str, Any] = {
    "experiment": {"name": "digits-search", "mode": "all"},
    "task": {"name": "digits"},
    "training": {"epochs": 20},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["N", "C", "OC", "H", "EH", "WEH"], "lr_free": ["Prodigy"]},
    "optimize": {"trials": 12},
    "compare": {"budgets": [20, 40, 80], "seeds": 3},
}
RUNNING: dict[str, Any] = {
    "experiment": {"name": "osc-lstm", "mode": "compare"},
    "task": {"name": "osc"},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["C", "S", "OC", "H", "EH", "WC"]},
    "compare": {"budgets": [100], "seeds": 5},
}
TUNING: dict[str, Any] = {
    "experiment": {"name": "digits-tuning", "mode": "all"},
    "task": {"name": "digits"},
    "training": {"epochs": 30},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["EH", "OC", "C"], "lr_free": []},
    "optimize": {"trials": 40, "pruner": "median", "search": {"lr": {"low": 1e-4, "high": 0.004, "log": True}}},
    "compare": {"budgets": [30, 60], "seeds": 3},
}
STEPS_PER_EPOCH = 20
SECONDS_PER_EPOCH = 1.5
FLOOR = {"N": 0.05, "C": 0.028, "S": 0.034, "OC": 0.026, "H": 0.024, "EH": 0.021, "WEH": 0.022, "WC": 0.027}
WORKERS = ("worker-1", "worker-2")

State = Literal["running", "complete", "failed", "diverged", "pruned"]
Ends = Callable[[Run, int], tuple[State, int]]
"""How the n-th run ends and after which epoch; "running": it has not."""


def make_workspace(workspace: Path) -> None:
    """A database with a finished experiment and one whose conductor and workers are this process."""
    workspace.mkdir(parents=True, exist_ok=True)
    db = open_database(str(workspace / "hlr.db"))
    try:
        _make_finished(db, workspace)
        _make_tuning(db, workspace)
        _make_running(db, workspace)
    finally:
        db.close()


def _make_finished(db: Database, workspace: Path) -> None:
    experiment, plan = _create(db, FINISHED, workspace)
    drawn: dict[tuple[str, int], Mapping[str, Any]] = {}
    for study in plan.studies:
        for trial in range(plan.spec.optimize.trials):
            drawn[study.name, trial] = params = _draw(study.space, random.Random(f"{study.name} {trial}"))
            enqueue(db, experiment.id, search_runs(plan.spec, study, trial, dict(params)))

    def search_ends(run: Run, number: int) -> tuple[State, int]:
        return ("diverged", 6) if number % 29 == 17 else ("complete", run.budget)

    def compare_ends(run: Run, number: int) -> tuple[State, int]:
        return ("failed", 3) if number == 5 else ("complete", run.budget)

    ended = _play(db, experiment, search_ends)
    for study in plan.studies:
        values = {run.trial: loss for run, loss in ended if run.study == study.name and loss is not None}
        best = min(values, key=lambda trial: values[trial])
        assert best is not None
        enqueue(db, experiment.id, compare_runs(plan.spec, study, best, dict(drawn[study.name, best])))
    _play(db, experiment, compare_ends)
    set_state(db, experiment.id, "complete")


def _make_running(db: Database, workspace: Path) -> None:
    experiment, plan = _create(db, RUNNING, workspace)
    enqueue(db, experiment.id, plan.fixed_runs)
    take_conductor(db, experiment.id, *me(), is_alive)
    last = len(plan.fixed_runs) - 4

    def ends(run: Run, number: int) -> tuple[State, int]:
        return ("running", 44 + 17 * (number % 2)) if number >= last - 2 else ("complete", run.budget)

    _play(db, experiment, ends, last)
    for worker in WORKERS:
        register(db, experiment.id, "cpu", worker_id=worker)
    with db.read() as connection:
        held = connection.execute(sa.select(runs.c.worker_id, runs.c.id).where(runs.c.state == "running")).all()
    for worker, run in held:
        beat(db, worker, "busy", run)


def _make_tuning(db: Database, workspace: Path) -> None:
    """A search in progress whose best rates lie at the upper end of the range."""
    experiment, plan = _create(db, TUNING, workspace)
    begun = {study.name: 34 - 9 * place for place, study in enumerate(plan.studies)}
    for study in plan.studies:
        for trial in range(begun[study.name]):
            dice = random.Random(f"{study.name} {trial}")
            params = _draw(study.space, dice)
            if trial > 10:  # a sampler that has learnt something
                params["lr"] = 0.004 * 10 ** -abs(dice.gauss(0, 0.35))
            enqueue(db, experiment.id, search_runs(plan.spec, study, trial, params))
    take_conductor(db, experiment.id, *me(), is_alive)
    last = sum(begun.values())

    def ends(run: Run, number: int) -> tuple[State, int]:
        if number >= last - 2:
            return "running", 14 + 5 * (number % 2)
        if number % 13 == 7:
            return "diverged", 4
        slow = run.config["lr"] < 7e-4 and run.trial is not None and run.trial % 4 != 1
        return ("pruned", 8) if slow else ("complete", run.budget)

    _play(db, experiment, ends)


def _create(db: Database, document: dict[str, Any], workspace: Path) -> tuple[Experiment, Plan]:
    about, text = document["experiment"], json.dumps(document)
    experiment = create_experiment(
        db, about["name"], about["mode"], text, workspace=str(workspace), workers_wanted=len(WORKERS)
    )
    return experiment, make_plan(spec_from_json(text, "docs/invented.py"))


def _draw(space: Mapping[str, Any], dice: random.Random) -> dict[str, Any]:
    """A point of a search space."""
    point: dict[str, Any] = {}
    for name, dimension in space.items():
        span = dimension.span
        if span.log:
            value = math.exp(dice.uniform(math.log(span.low), math.log(span.high)))
        elif span.step:
            value = span.low + span.step * dice.randint(0, round((span.high - span.low) / span.step))
        else:
            value = dice.uniform(span.low, span.high)
        point[name] = round(value) if isinstance(span.low, int) else value
    return point


def _play(db: Database, experiment: Experiment, ends: Ends, most: int = 10**6) -> list[tuple[Run, float | None]]:
    """Claim what is queued and write what a worker would have written; each run with its last loss."""
    played: list[tuple[Run, float | None]] = []
    while len(played) < most:
        number = len(played)
        run = claim(db, WORKERS[number % 2], "cpu", experiment.id, log=None)
        if run is None:
            break
        state, epochs = ends(run, number)
        writer = PointWriter(db, run.id, run.attempt, limit=10**6, steps_per_epoch=STEPS_PER_EPOCH)
        values = _points(run, epochs, writer, broken=state == "diverged")
        final = values["val_loss"] if state == "complete" else None
        if state == "running":
            writer.flush(epochs)
        else:
            error = "RuntimeError: the data loader's worker was killed" if state == "failed" else None
            value = math.inf if state == "diverged" else final
            writer.finish(state, value, values if final is not None else {}, error, epoch=epochs)
        played.append((run, final))
        _date(db, run, number, epochs)
    return played


def _points(run: Run, epochs: int, writer: PointWriter, *, broken: bool) -> dict[str, float]:
    """The curves of one run, invented: how far it has come is how much of its rate it has spent."""
    dice = random.Random(run.id)
    info: SchedulerInfo = catalog().schedulers.get(run.scheduler)
    config = run.config
    horizon = Horizon.of(epochs=run.budget, lr=config["lr"], tick=info.tick, steps_per_epoch=STEPS_PER_EPOCH)
    trace = Trace.of(info.schedule(**config["scheduler"]["params"]), horizon)
    off = abs(math.log10(config["lr"] / 0.008)) if run.optimizer != "Prodigy" else 0.3
    floor = FLOOR.get(run.scheduler, 0.03) * (1 + off**2) * (20 / run.budget) ** 0.35 * dice.lognormvariate(0, 0.12)
    spent = whole = sum(trace.lr(epoch * horizon.per_epoch) for epoch in range(run.budget)) or 1.0
    spent, last = 0.0, {}
    pace = dice.lognormvariate(0, 0.08)
    for epoch in range(1, epochs + 1):
        lr = trace.lr((epoch - 1) * horizon.per_epoch)
        spent += lr / whole
        noise = dice.lognormvariate(0, 0.02 + 0.10 * lr / config["lr"])
        train = (0.7 * floor + 1.2 * math.exp(-9 * pace * spent)) * noise
        val = (floor + 1.2 * math.exp(-8.5 * pace * spent)) * dice.lognormvariate(0, 0.015) * noise**0.5
        if broken and epoch >= epochs - 1:
            train = val = math.nan
        last = {"train_loss": train, "val_loss": val, "lr": lr}
        if config["task"]["name"] == "digits":
            last["val_accuracy"] = 1 / (1 + 0.8 * val)
        for metric, value in last.items():
            writer.add(metric, epoch, value)
    return last


def _date(db: Database, run: Run, number: int, epochs: int) -> None:
    """Let a run have taken its time: otherwise everything would have been trained within a second."""
    took = SECONDS_PER_EPOCH * epochs * (0.9 + 0.02 * (number % 10))
    ended = time.time() - 40 - took * (number % 3)
    change: dict[str, float] = {"started_at": ended - took, "finished_at": ended}
    with db.write() as connection:
        running = connection.execute(sa.select(runs.c.state).where(runs.c.id == run.id)).scalar() == "running"
        if running:
            change = {"started_at": time.time() - took}
        connection.execute(runs.update().where(runs.c.id == run.id).values(change))
        begun = time.time() - (3000 if run.stage != "compare" or run.trial is None else 8000)
        connection.execute(experiments.update().where(experiments.c.id == run.experiment_id).values(created_at=begun))

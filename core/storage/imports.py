"""Curves that were not trained here, as complete runs of an experiment in mode "import"."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import UsageError
from core.storage.engine import Database
from core.storage.experiments import IMPORT, ExperimentExists
from core.storage.points import lock_order
from core.storage.tables import experiment, point, run, series


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRun:
    """One method at one budget.

    Attributes:
        optimizer: "" where it is not known.
        metrics: name → one value per epoch, from epoch 1 on.
    """

    study: str
    optimizer: str
    scheduler: str
    budget: int
    metrics: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedExperiment:
    """What is to be in the database; `label` says what the curves are of."""

    name: str
    label: str
    runs: Sequence[ImportedRun]


def label_of(spec_json: str) -> str:
    """The label of an imported experiment, out of its row."""
    label: str = json.loads(spec_json)["import"]["label"]
    return label


def add_imported(
    db: Database, experiments: Sequence[ImportedExperiment], objective: str, workspace: str = ""
) -> list[int]:
    """Add what is not there yet, all of it or nothing.

    Args:
        objective: the metric whose last value is the value of a run.

    Returns:
        The number of new curves of each experiment.

    Raises:
        UsageError: an experiment of that name holds something else, or other values for the same curve.
    """
    with db.write() as connection:
        return [_add(connection, db, each, objective, workspace) for each in experiments]


def _add(connection: sa.Connection, db: Database, imported: ImportedExperiment, objective: str, workspace: str) -> int:
    experiment_id = _experiment_id(connection, db, imported, workspace)
    new = 0
    for each in imported.runs:
        new += _add_run(connection, db, experiment_id, imported, each, objective)
    if new:
        changed = experiment.update().where(experiment.c.id == experiment_id).values(updated_at=time.time())
        connection.execute(changed)
    return new


def _experiment_id(connection: sa.Connection, db: Database, imported: ImportedExperiment, workspace: str) -> int:
    spec = {"experiment": {"name": imported.name, "mode": IMPORT}, "import": {"label": imported.label}}
    written = json.dumps(spec, sort_keys=True)
    named = sa.select(experiment.c.id, experiment.c.mode, experiment.c.spec).where(experiment.c.name == imported.name)
    found = connection.execute(named).one_or_none()
    if found is None:
        now = time.time()
        made = experiment.insert().values(
            name=imported.name,
            mode=IMPORT,
            spec=written,
            state="complete",
            stop_requested=False,
            created_at=now,
            updated_at=now,
            conductor_beat=0,
            workers_wanted=0,
            workspace=workspace,
            plugins="",
        )
        return int(connection.execute(made.returning(experiment.c.id)).scalar_one())
    if found.mode != IMPORT or found.spec != written:
        held = f"curves of {label_of(found.spec)}" if found.mode == IMPORT else f"an experiment of mode {found.mode}"
        raise ExperimentExists(
            f'experiment "{imported.name}" in {db.shown} is {held}; name another one for the curves of '
            f"{imported.label} with --name"
        )
    return int(found.id)


def _add_run(
    connection: sa.Connection,
    db: Database,
    experiment_id: int,
    imported: ImportedExperiment,
    each: ImportedRun,
    objective: str,
) -> int:
    identity = json.dumps([imported.name, IMPORT, each.study, each.budget])
    run_id = hashlib.sha256(identity.encode()).hexdigest()[:32]
    results = connection.execute(sa.select(run.c.results).where(run.c.id == run_id)).scalar()
    if results is None:
        now = time.time()
        values: dict[str, Any] = {
            "id": run_id,
            "experiment_id": experiment_id,
            "stage": IMPORT,
            "study": each.study,
            "optimizer": each.optimizer,
            "scheduler": each.scheduler,
            "seed": 0,
            "budget": each.budget,
            "config": json.dumps({"epochs": each.budget, "imported": imported.label}),
            "position": each.budget,
            "state": "complete",
            "attempt": 0,
            "deaths": 0,
            "epoch": each.budget,
            "results": "{}",
            "created_at": now,
            "finished_at": now,
        }
        connection.execute(run.insert().values(values))
    fresh = [metric for metric in each.metrics if not _has(connection, db, run_id, imported, each, metric)]
    lock_order(connection, db)
    for metric in fresh:
        made = series.insert().values(run_id=run_id, metric=metric, unit="epoch").returning(series.c.id)
        series_id = connection.execute(made).scalar_one()
        points = enumerate(each.metrics[metric], start=1)
        rows = [{"series_id": series_id, "step": step, "value": value} for step, value in points]
        connection.execute(point.insert(), rows)
    if fresh:
        last = json.loads(results or "{}") | {metric: each.metrics[metric][-1] for metric in fresh}
        value = last.get(objective)
        value = None if value is None or math.isnan(value) else value
        changed = run.update().where(run.c.id == run_id).values(results=json.dumps(last), value=value)
        connection.execute(changed)
    return len(fresh)


def _has(
    connection: sa.Connection,
    db: Database,
    run_id: str,
    imported: ImportedExperiment,
    each: ImportedRun,
    metric: str,
) -> bool:
    """Whether the curve is there, with these very values.

    Raises:
        UsageError: it is there with others.
    """
    held = (
        sa.select(point.c.value)
        .join(series, series.c.id == point.c.series_id)
        .where(series.c.run_id == run_id, series.c.metric == metric)
        .order_by(point.c.step)
    )
    there = connection.execute(held).scalars().all()
    if not there:
        return False
    if [repr(value + 0.0) for value in there] != [repr(value + 0.0) for value in each.metrics[metric]]:
        raise UsageError(
            f'experiment "{imported.name}" in {db.shown} has other values for {metric} of {each.study} at '
            f"{each.budget} epochs; import them under another name with --name"
        )
    return True

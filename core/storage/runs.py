"""The queue of runs. Each claim gives a run its next attempt number; writes of an earlier attempt are refused."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.storage import fencing
from core.storage.engine import Database
from core.storage.fencing import Ending, Fenced, RunState
from core.storage.tables import experiment, run

Stage = Literal["search", "compare", "run", "import"]

DEATHS_ALLOWED = 3

__all__ = [
    "DEATHS_ALLOWED", "Ending", "Fenced", "NewRun", "Run", "RunState", "Stage", "add_runs", "claim", "counts", "fail",
    "finish", "get_run", "has_queued", "outcomes",
    "release", "requeue", "requeue_failed", "runs_of", "set_checkpoint", "set_prune",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be queued.

    Attributes:
        id: unique in the database; adding a run whose id exists changes nothing.
        trial: number of the trial within its study; None outside a search.
        trial_id: Optuna's id of the trial, None outside a search.
        config: everything that training depends on, as JSON values.
        position: runs are claimed in ascending order of it.
    """

    id: str
    experiment_id: int
    stage: Stage
    study: str
    optimizer: str
    scheduler: str
    seed: int
    budget: int
    config: Mapping[str, Any]
    position: int
    trial: int | None = None
    trial_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A row of ``hlr_run``.

    Attributes:
        attempt: how often it has been claimed.
        deaths: how many workers have died on it.
        epoch: epochs finished.
        steps_per_epoch: known once a worker has written to it.
        prune_at: the conductor's order to end after that epoch.
        value: the objective; None where there is none or it is NaN.
        results: final metrics by name.
        created_at, started_at, finished_at: unix seconds; `started_at` is that of the last attempt.
    """

    id: str
    experiment_id: int
    stage: Stage
    study: str
    optimizer: str
    scheduler: str
    trial: int | None
    trial_id: int | None
    seed: int
    budget: int
    config: dict[str, Any]
    position: int
    state: RunState
    attempt: int
    deaths: int
    worker_id: str | None
    device: str | None
    epoch: int
    steps_per_epoch: int | None
    prune_at: int | None
    value: float | None
    results: dict[str, Any]
    error: str | None
    log: str | None
    checkpoint: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None


_NAMES = [field.name for field in fields(Run)]
_COLUMNS = [run.c[name] for name in _NAMES]


def _run(row: sa.Row[Any]) -> Run:
    values = dict(zip(_NAMES, row, strict=True))  # of a search, 10,000 are read at once: a mapping takes twice the time
    values["config"] = json.loads(values["config"])
    values["results"] = json.loads(values["results"])
    return Run(**values)


def add_runs(db: Database, rows: Sequence[NewRun]) -> int:
    """Queue the runs that are not there yet; how many were added."""
    if not rows:
        return 0
    now = time.time()
    started = {"state": "queued", "attempt": 0, "deaths": 0, "epoch": 0, "results": "{}", "created_at": now}
    values = [
        {field.name: getattr(row, field.name) for field in fields(NewRun)}
        | started
        | {"config": json.dumps(row.config)}
        for row in rows
    ]
    # ON CONFLICT is spelled alike by both, but is not part of SQLAlchemy's portable INSERT.
    insert: Any = (sqlite if db.path is not None else postgresql).insert(run)
    total = (
        sa.select(sa.func.count()).select_from(run).where(run.c.experiment_id.in_({row.experiment_id for row in rows}))
    )
    with db.write() as connection:
        before = connection.execute(total).scalar_one()
        connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]), values)
        return connection.execute(total).scalar_one() - before


def claim(
    db: Database, worker_id: str, device: str, experiment_id: int | None = None, *, log: str | None = None
) -> Run | None:
    """Take the queued run with the lowest position, of one experiment or of any, and make it running.

    Experiments that are not in state running, or are asked to stop, give none. Points that an earlier attempt wrote
    stay; see `PointWriter.rewind`.
    """
    open_experiment = sa.and_(experiment.c.state == "running", experiment.c.stop_requested.is_(False))
    next_one = (
        sa.select(run.c.id)
        .join(experiment, experiment.c.id == run.c.experiment_id)
        .where(run.c.state == "queued", open_experiment)
        .order_by(run.c.position, run.c.experiment_id, run.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=run)
    )
    if experiment_id is not None:
        next_one = next_one.where(run.c.experiment_id == experiment_id)
    with db.write() as connection:
        run_id = connection.execute(next_one).scalar()
        if run_id is None:
            return None
        connection.execute(
            run.update()
            .where(run.c.id == run_id)
            .values(
                state="running",
                attempt=run.c.attempt + 1,
                worker_id=worker_id,
                device=device,
                log=log,
                started_at=time.time(),
                finished_at=None,
            )
        )
        return _run(connection.execute(sa.select(*_COLUMNS).where(run.c.id == run_id)).one())


def has_queued(db: Database, experiment_id: int | None = None) -> bool:
    """Whether `claim` may find a run; a look that takes no lock, for workers that wait."""
    query = sa.select(run.c.id).where(run.c.state == "queued").limit(1)
    if experiment_id is not None:
        query = query.where(run.c.experiment_id == experiment_id)
    with db.read() as connection:
        return connection.execute(query).scalar() is not None


def outcomes(db: Database, experiment_id: int) -> dict[str, tuple[RunState, float | None]]:
    """State and objective of every run of an experiment by id: what is cheap enough to ask again and again."""
    query = sa.select(run.c.id, run.c.state, run.c.value).where(run.c.experiment_id == experiment_id)
    with db.read() as connection:
        return {row.id: (row.state, row.value) for row in connection.execute(query)}


def finish(
    db: Database,
    run_id: str,
    attempt: int,
    state: Ending,
    value: float | None,
    results: Mapping[str, Any],
    error: str | None = None,
) -> Ending:
    """End a run, and say how it ended: a run that was ordered pruned meanwhile is pruned, unless it failed.

    A pruned run keeps its points up to the epoch of the order, and no value or results.

    Raises:
        Fenced: the attempt is no longer current or the run does not run.
    """
    with db.write() as connection:
        return fencing.end(connection, fencing.fence(connection, run_id, attempt), state, value, results, error)


def fail(db: Database, run_id: str, attempt: int, error: str) -> None:
    """End a run as failed, with the error that a user sees.

    Raises:
        Fenced: the attempt is no longer current or the run does not run.
    """
    finish(db, run_id, attempt, "failed", None, {}, error)


def release(db: Database, run_id: str, attempt: int) -> RunState:
    """Give a run back to the queue (a graceful stop); one that was ordered pruned is pruned. The new state.

    Raises:
        Fenced: the attempt is no longer current or the run does not run.
    """
    with db.write() as connection:
        return fencing.give_back(connection, fencing.fence(connection, run_id, attempt))


def requeue(db: Database, run_id: str, attempt: int, reason: str, limit: int = DEATHS_ALLOWED) -> RunState | None:
    """Give the run of a dead worker back to the queue; after `limit` deaths it fails with the reason.

    Returns:
        The new state; None where the run no longer runs under that attempt, and nothing was changed.
    """
    with db.write() as connection:
        row = fencing.hold(connection, run_id, attempt)
        if row is None:
            return None
        deaths = row["deaths"] + 1
        fencing.change(connection, run_id, deaths=deaths)
        if deaths < limit or row["prune_at"] is not None:
            return fencing.give_back(connection, row, reason)
        return fencing.end(connection, row, "failed", None, {}, reason)


def requeue_failed(db: Database, experiment_id: int, stage: Stage | None = None) -> int:
    """Queue the failed runs of an experiment (of one stage) again; how many there were."""
    failed = run.update().where(run.c.experiment_id == experiment_id, run.c.state == "failed")
    if stage is not None:
        failed = failed.where(run.c.stage == stage)
    with db.write() as connection:
        return connection.execute(
            failed.values(state="queued", deaths=0, error=None, worker_id=None, device=None, finished_at=None)
        ).rowcount


def set_checkpoint(db: Database, run_id: str, attempt: int, path: str, epoch: int) -> None:
    """Record the checkpoint written at the end of `epoch`.

    Raises:
        Fenced: the attempt is no longer current or the run does not run.
    """
    with db.write() as connection:
        fencing.fence(connection, run_id, attempt)
        fencing.change(connection, run_id, checkpoint=path, epoch=epoch)


def set_prune(db: Database, run_ids: Collection[str], epoch: int) -> None:
    """Order runs pruned at `epoch`: points past it go. A running one is told, and is pruned when it ends; a queued,
    complete or diverged one is pruned now; failed and pruned ones stay as they are."""
    rows = sa.select(run).where(run.c.id.in_(run_ids)).order_by(run.c.id).with_for_update()
    with db.write() as connection:
        for row in connection.execute(rows).mappings().all():
            if row["state"] == "running":
                before = row["prune_at"]
                fencing.change(connection, row["id"], prune_at=epoch if before is None else min(before, epoch))
            elif row["state"] in ("queued", "complete", "diverged"):
                fencing.prune(connection, row, epoch)


def get_run(db: Database, run_id: str) -> Run | None:
    """The run with that id, None where there is none."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(run.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def runs_of(
    db: Database,
    experiment_id: int,
    states: Collection[RunState] | None = None,
    stage: Stage | None = None,
    study: str | None = None,
    *,
    bereft: bool = False,
) -> list[Run]:
    """The runs of an experiment in order of their position; of some states, one stage, one study; those alone on which
    a worker has died."""
    query = sa.select(*_COLUMNS).where(run.c.experiment_id == experiment_id).order_by(run.c.position, run.c.id)
    if states is not None:
        query = query.where(run.c.state.in_(states))
    if stage is not None:
        query = query.where(run.c.stage == stage)
    if study is not None:
        query = query.where(run.c.study == study)
    if bereft:
        query = query.where(run.c.deaths > 0)
    with db.read() as connection:
        return [_run(row) for row in connection.execute(query).all()]


def counts(db: Database, experiment_id: int) -> dict[RunState, int]:
    """How many runs are in each state; every state is a key."""
    query = (
        sa.select(run.c.state, sa.func.count().label("number"))
        .where(run.c.experiment_id == experiment_id)
        .group_by(run.c.state)
    )
    found: dict[RunState, int] = dict.fromkeys(cast("tuple[RunState, ...]", get_args(RunState)), 0)
    with db.read() as connection:
        return found | {row.state: row.number for row in connection.execute(query)}

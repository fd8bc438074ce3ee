"""The fence around a run: what its current attempt may write, and how a run ends, inside the caller's transaction."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa

from core.errors import HlrError
from core.storage.tables import point, run, series

RunState = Literal["queued", "running", "complete", "failed", "diverged", "pruned"]
Ending = Literal["complete", "failed", "diverged", "pruned"]


class Fenced(HlrError):
    """The run is no longer this worker's: it was requeued, claimed again, or has ended. Nothing was written."""


def hold(connection: sa.Connection, run_id: str, attempt: int) -> sa.RowMapping | None:
    """The row of a run that runs under this attempt, locked until the transaction ends; None where it does not."""
    current = sa.and_(run.c.id == run_id, run.c.attempt == attempt, run.c.state == "running")
    return connection.execute(sa.select(run).where(current).with_for_update()).mappings().one_or_none()


def fence(connection: sa.Connection, run_id: str, attempt: int) -> sa.RowMapping:
    """As `hold`.

    Raises:
        Fenced: the attempt is no longer current or the run does not run.
    """
    row = hold(connection, run_id, attempt)
    if row is None:
        raise Fenced(f"run {run_id}: attempt {attempt} is no longer current; what it computed is dropped")
    return row


def change(connection: sa.Connection, run_id: str, **values: Any) -> None:
    """Set columns of one run, without a fence."""
    connection.execute(run.update().where(run.c.id == run_id).values(**values))


def end(
    connection: sa.Connection,
    row: sa.RowMapping,
    state: Ending,
    value: float | None,
    results: Mapping[str, Any],
    error: str | None,
) -> Ending:
    """End the held run `row`; see `finish`."""
    prune_at: int | None = row["prune_at"]
    if prune_at is not None and state != "failed":
        prune(connection, row, prune_at)
        return "pruned"
    if value is not None and math.isnan(value):
        value = None
    change(
        connection,
        row["id"],
        state=state,
        value=value,
        results=json.dumps(dict(results)),
        error=error,
        finished_at=time.time(),
    )
    return state


def prune(connection: sa.Connection, row: sa.RowMapping, epoch: int) -> None:
    """End the held run `row` as pruned at `epoch`, its points past it gone."""
    # When the order reaches a worker is a matter of chance; what a pruned run leaves behind must not be.
    delete_points_after(connection, row["id"], epoch, row["steps_per_epoch"])
    change(
        connection,
        row["id"],
        state="pruned",
        prune_at=epoch,
        epoch=min(row["epoch"], epoch),
        value=None,
        results="{}",
        error=None,
        finished_at=time.time() if row["finished_at"] is None else row["finished_at"],
    )


def delete_points_after(connection: sa.Connection, run_id: str, epoch: int, steps_per_epoch: int | None) -> None:
    """Delete a run's points past the end of `epoch`, in series by epoch and by step."""
    rows = connection.execute(sa.select(series.c.id, series.c.unit).where(series.c.run_id == run_id)).all()
    for series_id, unit in rows:
        last = epoch if unit == "epoch" else epoch * (steps_per_epoch or 1)
        connection.execute(point.delete().where(point.c.series_id == series_id, point.c.step > last))


def give_back(connection: sa.Connection, row: sa.RowMapping, error: str | None = None) -> RunState:
    """Queue the held run `row` again; one that was ordered pruned is pruned. The new state."""
    if row["prune_at"] is not None:
        prune(connection, row, row["prune_at"])
        return "pruned"
    change(connection, row["id"], state="queued", worker_id=None, device=None, error=error)
    return "queued"

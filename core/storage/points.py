"""Writing the points of a run: buffered, fenced, in one short transaction each time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from core.storage import fencing
from core.storage.engine import Database, StorageError
from core.storage.fencing import Ending
from core.storage.tables import experiment, point, run, series

Unit = Literal["epoch", "step"]

_ORDER_LOCK = 0x686C70


def lock_order(connection: sa.Connection, db: Database) -> None:
    """To be called before points are inserted: their ids then rise in the order of commits, by which readers go.

    PostgreSQL gives ids at insertion: without the lock a transaction could commit ids below those that a reader has
    passed already. SQLite has one writer at a time.
    """
    if db.path is None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ORDER_LOCK)))


@dataclass(frozen=True, slots=True)
class Orders:
    """What the conductor wants of a running run.

    Attributes:
        stop: checkpoint, give the run back and end.
        prune_at: end the run, the points past this epoch are dropped; None to go on.
    """

    stop: bool
    prune_at: int | None


@dataclass(frozen=True, slots=True)
class _Series:
    id: int
    unit: Unit
    top: int | None
    """The highest step written so far."""


class PointWriter:
    """Buffers the points of one attempt of a run. For one thread.

    Args:
        steps_per_epoch: needed to write points by step; tells to which epoch such a point belongs.
        every_seconds, limit: a flush is due after that time, or with that many points in the buffer.
    """

    def __init__(
        self,
        db: Database,
        run_id: str,
        attempt: int,
        *,
        every_seconds: float = 0.5,
        limit: int = 1000,
        steps_per_epoch: int | None = None,
    ) -> None:
        self._db = db
        self._run_id = run_id
        self._attempt = attempt
        self._every_seconds = every_seconds
        self._limit = limit
        self._steps_per_epoch = steps_per_epoch
        self._buffer: dict[tuple[str, int], float] = {}
        self._units: dict[str, Unit] = {}
        self._series: dict[str, _Series] = {}
        self._flushed_at = time.monotonic()

    def add(self, metric: str, step: int, value: float, unit: Unit = "epoch") -> None:
        """Buffer a point; a step that is written again replaces its value. NaN and infinities are kept.

        Raises:
            ValueError: the metric is recorded in another unit, or by step without `steps_per_epoch`.
        """
        if unit == "step" and self._steps_per_epoch is None:
            raise ValueError(f"{metric}: points by step need steps_per_epoch")
        if self._units.setdefault(metric, unit) != unit:
            raise ValueError(f"{metric}: is recorded by {self._units[metric]}, but got a point by {unit}")
        self._buffer[metric, step] = float(value)

    def due(self) -> bool:
        """Whether it is time to flush; also without points, since a flush brings the orders."""
        return len(self._buffer) >= self._limit or time.monotonic() - self._flushed_at >= self._every_seconds

    def flush(self, epoch: int | None = None) -> Orders:
        """Write the buffer and the progress in one transaction, and read the orders in it.

        Args:
            epoch: epochs finished so far; None leaves the recorded number.

        Raises:
            Fenced: the run is no longer this attempt's; nothing was written.
            StorageError: the database is out of reach; the buffer is kept for the next flush.
        """
        wanted = (
            sa.select(run.c.prune_at, experiment.c.stop_requested, experiment.c.state)
            .join(experiment, experiment.c.id == run.c.experiment_id)
            .where(run.c.id == self._run_id)
        )
        with self._writing() as connection:
            fencing.fence(connection, self._run_id, self._attempt)
            written = self._write(connection, {} if epoch is None else {"epoch": epoch})
            prune_at, stop_requested, state = connection.execute(wanted).one()
        self._flushed(written)
        return Orders(stop=stop_requested or state != "running", prune_at=prune_at)

    def finish(
        self,
        state: Ending,
        value: float | None,
        results: Mapping[str, Any],
        error: str | None = None,
        *,
        epoch: int | None = None,
    ) -> Ending:
        """Write the rest and end the run in one transaction; how it ended, see `runs.finish`.

        Raises:
            Fenced: the run is no longer this attempt's; nothing was written.
        """
        with self._writing() as connection:
            fencing.fence(connection, self._run_id, self._attempt)
            written = self._write(connection, {} if epoch is None else {"epoch": epoch})
            row = fencing.fence(connection, self._run_id, self._attempt)
            ended = fencing.end(connection, row, state, value, results, error)
        self._flushed(written)
        return ended

    def rewind(self, after_epoch: int) -> None:
        """Delete the points past the end of `after_epoch`, which a resumed run will write again.

        Raises:
            Fenced: the run is no longer this attempt's; nothing was deleted.
        """
        with self._db.write() as connection:
            row = fencing.fence(connection, self._run_id, self._attempt)
            steps = row["steps_per_epoch"] if self._steps_per_epoch is None else self._steps_per_epoch
            fencing.delete_points_after(connection, self._run_id, after_epoch, steps)
            fencing.change(connection, self._run_id, epoch=after_epoch)
        self._series.clear()
        self._buffer = {
            (metric, step): value
            for (metric, step), value in self._buffer.items()
            if step <= (after_epoch if self._units[metric] == "epoch" else after_epoch * (steps or 1))
        }

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A write transaction after whose failure it is unknown what of the series is there."""
        try:
            with self._db.write() as connection:
                yield connection
        except StorageError:
            self._series.clear()  # the answer to a commit may be what got lost
            raise

    def _write(self, connection: sa.Connection, values: dict[str, Any]) -> dict[str, _Series]:
        if self._steps_per_epoch is not None:
            values["steps_per_epoch"] = self._steps_per_epoch
        if values:
            fencing.change(connection, self._run_id, **values)
        known = dict(self._series)
        for metric in {metric for metric, _ in self._buffer}:
            if metric not in known:
                known[metric] = self._open_series(connection, metric)
        rows, again = [], []
        for (metric, step), value in self._buffer.items():
            found = known[metric]
            rows.append({"series_id": found.id, "step": step, "value": value})
            if found.top is not None and step <= found.top:
                again.append({"old_series": found.id, "old_step": step})
        if again:
            # Deleted and inserted, not updated: the new id is what shows a reader that there is a new value.
            old = (point.c.series_id == sa.bindparam("old_series")) & (point.c.step == sa.bindparam("old_step"))
            connection.execute(point.delete().where(old), again)
        if rows:
            lock_order(connection, self._db)
            connection.execute(point.insert(), rows)
        for metric, step in self._buffer:
            found = known[metric]
            known[metric] = replace(found, top=step if found.top is None else max(step, found.top))
        return known

    def _open_series(self, connection: sa.Connection, metric: str) -> _Series:
        unit = self._units[metric]
        mine = sa.select(series.c.id, series.c.unit).where(series.c.run_id == self._run_id, series.c.metric == metric)
        found = connection.execute(mine).one_or_none()
        if found is None:
            made = series.insert().values(run_id=self._run_id, metric=metric, unit=unit).returning(series.c.id)
            return _Series(connection.execute(made).scalar_one(), unit, None)
        if found.unit != unit:
            raise ValueError(f"{metric}: is recorded by {found.unit}, but got a point by {unit}")
        top = connection.execute(sa.select(sa.func.max(point.c.step)).where(point.c.series_id == found.id)).scalar()
        return _Series(found.id, unit, top)

    def _flushed(self, written: dict[str, _Series]) -> None:
        self._series = written
        self._buffer.clear()
        self._flushed_at = time.monotonic()

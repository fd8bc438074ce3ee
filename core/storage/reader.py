"""Reading points: new ones by cursor, whole curves, and everything for export."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from core.storage import sqlite
from core.storage.engine import Database, explained
from core.storage.points import Unit
from core.storage.tables import point, run, series

T = TypeVar("T")

_AT_ONCE = 500
"""Ids in one query; both databases limit how many values a statement takes."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric; `step` counts epochs or steps, as `unit` says."""

    id: int
    run_id: str
    metric: str
    unit: Unit
    step: int
    value: float


class Cursor:
    """Follows the points of an experiment. For one thread; close it after use.

    A step that is written again comes again, with its new value. Points that are deleted (a run was pruned or goes
    back to its checkpoint) are not announced: read the curve again when a run's state changes.

    Args:
        from_end: begin after the points that are there already.
    """

    def __init__(self, db: Database, experiment_id: int, *, from_end: bool = False) -> None:
        self._db = db
        self._experiment_id = experiment_id
        self._series: dict[int, tuple[str, str, Unit] | None] = {}
        self._more = True
        self._version: int | None = None
        self._gate: sqlite3.Connection | None = None
        if db.path is not None:
            with explained(db.shown):
                self._gate = sqlite.creator(db.path, read_only=db.read_only)()
        with db.read() as connection:
            last = connection.execute(sa.select(sa.func.max(point.c.id))).scalar() or 0
            if not from_end:
                first = connection.execute(
                    sa.select(sa.func.min(point.c.id))
                    .join(series, series.c.id == point.c.series_id)
                    .join(run, run.c.id == series.c.run_id)
                    .where(run.c.experiment_id == experiment_id)
                ).scalar()
                last = last if first is None else first - 1
        self._last = last

    def poll(self, limit: int = 5000) -> list[Point]:
        """Points committed since the last poll, oldest first, at most `limit`; empty where there are none.

        Costs one PRAGMA while nobody writes (SQLite).

        Raises:
            StorageError: the database is out of reach.
        """
        # Read before the points: a commit in between is then seen again, not missed.
        version = self._data_version()
        if version is not None and version == self._version and not self._more:
            return []
        found: list[Point] = []
        rows: Sequence[sa.Row[int, int, int, float]] = ()
        while not found:
            with self._db.read() as connection:
                rows = self._next(connection, limit)
                self._learn(connection, {row.series_id for row in rows})
            for point_id, series_id, step, value in rows:
                known = self._series[series_id]
                if known is not None:
                    found.append(Point(point_id, *known, step, value))
            if rows:
                self._last = rows[-1].id
            self._more = len(rows) == limit
            if not self._more:
                break
        self._version = version
        return found

    def _next(self, connection: sa.Connection, limit: int) -> Sequence[sa.Row[int, int, int, float]]:
        columns = point.c.id, point.c.series_id, point.c.step, point.c.value
        query = sa.select(*columns).where(point.c.id > self._last).order_by(point.c.id).limit(limit)
        return connection.execute(query).all()

    def _learn(self, connection: sa.Connection, ids: set[int]) -> None:
        unknown = sorted(ids - self._series.keys())
        for some in _chunks(unknown):
            columns = series.c.id, series.c.run_id, series.c.metric, series.c.unit, run.c.experiment_id
            query = sa.select(*columns).join(run, run.c.id == series.c.run_id).where(series.c.id.in_(some))
            for series_id, run_id, metric, unit, experiment_id in connection.execute(query):
                mine = experiment_id == self._experiment_id
                self._series[series_id] = (run_id, metric, unit) if mine else None

    def _data_version(self) -> int | None:
        if self._gate is None:
            return None
        with explained(self._db.shown):
            return int(self._gate.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the cursor's own connection."""
        if self._gate is not None:
            self._gate.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def curves(db: Database, run_ids: Collection[str], metric: str) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values of one metric by run id, in order of step; runs without that metric are left out."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    with db.read() as connection:
        for some in _chunks(list(run_ids)):
            query = (
                sa.select(series.c.run_id, point.c.step, point.c.value)
                .join(point, point.c.series_id == series.c.id)
                .where(series.c.run_id.in_(some), series.c.metric == metric)
                .order_by(series.c.run_id, point.c.step)
            )
            for run_id, step, value in connection.execute(query):
                steps, values = found.setdefault(run_id, ([], []))
                steps.append(step)
                values.append(value)
    return found


def last_values(db: Database, run_ids: Collection[str], metrics: Collection[str]) -> dict[str, dict[str, float]]:
    """The value at the highest step, by run id and metric; what has no points is left out."""
    found: dict[str, dict[str, float]] = {}
    other = point.alias()
    top = (
        sa.select(sa.func.max(other.c.step)).where(other.c.series_id == series.c.id).correlate(series).scalar_subquery()
    )
    with db.read() as connection:
        for some in _chunks(list(run_ids)):
            query = (
                sa.select(series.c.run_id, series.c.metric, point.c.value)
                .join_from(series, point, (point.c.series_id == series.c.id) & (point.c.step == top))
                .where(series.c.run_id.in_(some), series.c.metric.in_(metrics))
            )
            for run_id, metric, value in connection.execute(query):
                found.setdefault(run_id, {})[metric] = value
    return found


def points_of(db: Database, experiment_id: int) -> Iterator[Point]:
    """Every point of an experiment, ordered by the position of its run, metric and step.

    Read run by run, so that a slow consumer holds no transaction open.
    """
    mine = sa.select(run.c.id).where(run.c.experiment_id == experiment_id).order_by(run.c.position, run.c.id)
    with db.read() as connection:
        run_ids = connection.execute(mine).scalars().all()
    for run_id in run_ids:
        yield from points_of_run(db, run_id)


def points_of_run(db: Database, run_id: str, after: int = -1) -> list[Point]:
    """The points of one run past the step `after`, ordered by metric and step."""
    query = (
        sa.select(point.c.id, series.c.run_id, series.c.metric, series.c.unit, point.c.step, point.c.value)
        .join(series, series.c.id == point.c.series_id)
        .where(series.c.run_id == run_id, point.c.step > after)
    )
    with db.read() as connection:
        found = [Point(*row) for row in connection.execute(query)]
    # Sorted here: PostgreSQL would order names by the collation of the server.
    return sorted(found, key=lambda each: (each.metric, each.step))


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]

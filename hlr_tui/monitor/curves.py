"""The curves that are shown: read when they are first wanted, then fed by the cursor; means over seeds."""

from __future__ import annotations

import itertools
import math
import time
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.storage.engine import Database

POINTS_AT_ONCE = 5000
MOST_POLLS = 10
"""Polls of the cursor in one look; what is left comes with the next one."""

READ_SECONDS, RUNS_AT_ONCE = 0.5, 20
"""How long curves are read before what there is is drawn."""

MOST_RUNS_HELD = 1000
"""Beyond so many runs, those that are not shown are forgotten."""

_versions = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Trace:
    """A curve as it was at one moment; x in epochs, ascending.

    `xs` and `ys` may have grown since: only the first `count` values belong to it. Of two traces with the same version
    the longer one begins with the shorter one.

    Attributes:
        low, high: mean minus and plus the sample standard deviation over seeds, where there is more than one.
    """

    version: int
    count: int
    xs: Sequence[float]
    ys: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    def at(self, x: float | None = None) -> float | None:
        """The value at the last point up to `x`, or at the last of all; None where there is none."""
        if x is None:
            place = self.count - 1
        else:
            place = bisect_left(self.xs, x, 0, self.count)
            if place == self.count or self.xs[place] != x:
                place -= 1
        return self.ys[place] if place >= 0 else None


@dataclass(slots=True)
class _Curve:
    """What is known of one metric of one run. The lists only grow; any other change makes new ones, with a new version,
    so that a trace that is being drawn in another thread stays what it was."""

    xs: list[float] = field(default_factory=list)
    ys: list[float] = field(default_factory=list)
    version: int = field(default_factory=lambda: next(_versions))

    def add(self, step: int, value: float) -> None:
        if not self.xs or step > self.xs[-1]:
            self.ys.append(value)
            self.xs.append(step)
            return
        place = bisect_left(self.xs, step)
        there = self.xs[place] == step
        if there and (self.ys[place] == value or (math.isnan(value) and math.isnan(self.ys[place]))):
            return
        self.xs = [*self.xs[:place], step, *self.xs[place + there :]]
        self.ys = [*self.ys[:place], value, *self.ys[place + there :]]
        self.version = next(_versions)

    def trace(self) -> Trace:
        return Trace(self.version, len(self.xs), self.xs, self.ys)


class CurveStore:
    """Curves of the runs of one experiment. For one thread at a time; close it after use.

    Attributes:
        metrics: every metric that is known to be recorded by epoch.
    """

    def __init__(self, db: Database, experiment_id: int) -> None:
        from core.storage.reader import Cursor

        self._db = db
        self._cursor = Cursor(db, experiment_id, from_end=True)
        self._curves: dict[tuple[str, str], _Curve] = {}
        self._held: set[str] = set()
        self._means: dict[tuple[str, str], tuple[tuple[Trace, ...], Trace]] = {}
        self.metrics: set[str] = set()

    def poll(self) -> None:
        """Take in the points that were written since the last poll.

        Raises:
            StorageError: the database is out of reach.
        """
        for _ in range(MOST_POLLS):
            points = self._cursor.poll(POINTS_AT_ONCE)
            for point in points:
                if point.unit != "epoch":
                    continue
                self.metrics.add(point.metric)
                curve = self._curves.get((point.run_id, point.metric))
                if curve is not None:
                    curve.add(point.step, point.value)
            if len(points) < POINTS_AT_ONCE:
                return

    def want(self, run_ids: Sequence[str], metrics: Collection[str]) -> bool:
        """Read those curves that are not held yet; runs that are not among `run_ids` may be forgotten.

        Returns:
            Whether all of them are held now; reading ends after `READ_SECONDS`, and goes on with the next call.

        Raises:
            StorageError: the database is out of reach.
        """
        from core.storage.reader import curves

        if len(self._held) > MOST_RUNS_HELD:
            self.forget(self._held.difference(run_ids))
        until = time.monotonic() + READ_SECONDS
        missing = [run_id for run_id in run_ids if any((run_id, metric) not in self._curves for metric in metrics)]
        for start in range(0, len(missing), RUNS_AT_ONCE):
            if start and time.monotonic() > until:
                return False
            some = missing[start : start + RUNS_AT_ONCE]
            for metric in metrics:
                unread = [run_id for run_id in some if (run_id, metric) not in self._curves]
                found = curves(self._db, unread, metric) if unread else {}
                for run_id in unread:
                    xs, ys = found.get(run_id, ([], []))
                    self._curves[run_id, metric] = _Curve(list(xs), list(ys))
            self._held.update(some)
        return True

    def learn_metrics(self, run_ids: Sequence[str]) -> None:
        """Look which metrics these runs record by epoch.

        Raises:
            StorageError: the database is out of reach.
        """
        import sqlalchemy as sa

        from core.storage.tables import series

        query = sa.select(series.c.metric).where(series.c.run_id.in_(run_ids), series.c.unit == "epoch").distinct()
        with self._db.read() as connection:
            self.metrics.update(connection.execute(query).scalars())

    def forget(self, run_ids: Collection[str]) -> None:
        """Drop the curves of runs: they are read anew when they are wanted again."""
        gone = self._held.intersection(run_ids)
        if gone:
            self._curves = {key: curve for key, curve in self._curves.items() if key[0] not in gone}
            self._held -= gone

    def trace(self, run_id: str, metric: str) -> Trace | None:
        """The curve of one run; None where it has no points, or is not held."""
        curve = self._curves.get((run_id, metric))
        return curve.trace() if curve is not None and curve.xs else None

    def mean(self, key: str, run_ids: Sequence[str], metric: str) -> Trace | None:
        """The mean curve over runs, see `mean_trace`; `key` names the group, whose last mean is kept."""
        members = tuple(trace for run_id in run_ids if (trace := self.trace(run_id, metric)) is not None)
        if not members:
            return None
        before = self._means.get((key, metric))
        found = mean_trace(members, before)
        self._means[key, metric] = members, found
        return found

    def close(self) -> None:
        self._cursor.close()


def mean_trace(members: Sequence[Trace], before: tuple[Sequence[Trace], Trace] | None = None) -> Trace:
    """Mean and deviation over runs that differ in their seed.

    At each epoch the runs that have come so far and whose value is finite count; where none has one, the mean is NaN.
    The band is mean ± sample standard deviation, but it never goes below the smallest value: on a logarithmic axis a
    band from below zero would have no lower end.

    Args:
        before: the members and the result of an earlier call; of members that only grew since, nothing old is walked.
    """
    if len(members) == 1:
        return members[0]
    start, old = -math.inf, None
    if before is not None and len(before[0]) == len(members):
        pairs = list(zip(before[0], members, strict=True))
        if all(then.version == now.version for then, now in pairs):
            old = before[1]
            grown = [now.xs[then.count] for then, now in pairs if now.count > then.count]
            if not grown:
                return old
            start = min(grown)
    values: dict[float, list[float]] = {}
    for member in members:
        for place in range(bisect_left(member.xs, start, 0, member.count), member.count):
            values.setdefault(member.xs[place], []).append(member.ys[place])
    keep = 0 if old is None else bisect_left(old.xs, start, 0, old.count)
    xs, means, lows, highs = (
        [] if old is None or kept is None else list(kept[:keep])
        for kept in ((None,) * 4 if old is None else (old.xs, old.ys, old.low, old.high))
    )
    for x in sorted(values):
        mean, low, high = _spread([value for value in values[x] if math.isfinite(value)])
        xs.append(x)
        means.append(mean)
        lows.append(low)
        highs.append(high)
    return Trace(next(_versions), len(xs), xs, means, lows, highs)


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    if not values:
        return math.nan, math.nan, math.nan
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return mean, mean, mean
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, max(mean - std, min(values)), mean + std

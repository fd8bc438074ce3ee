"""One series of a chart: its points, and what of them a window on the x axis shows."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hlr_tui.extents import ColumnExtents
from hlr_tui.plot import HUGE

Look = Literal["line", "points", "dashed", "bars"]
"""How a series is drawn: "points" as its marker at each point, "bars" as a vertical bar over the points that share an
x (error bars)."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the x axis that is drawn, and how.

    Attributes:
        low, high: its ends.
        columns: dots across.
        log: values are drawn by their logarithm.
        smoothing: weight of the past in the running mean, 0 … 0.99.
    """

    low: float
    high: float
    columns: int
    log: bool
    smoothing: float


@dataclass(slots=True, eq=False)
class Curve:
    """One series: `xs` ascending, `ys` as long; NaN is a gap.

    Attributes:
        low, high: edges of the band around it, as long as `xs`; empty without one.
        smooth: the running mean of `ys`, as far as it was asked for.
        main, raw, lower, upper: extents in the window of the last `look`.
        scatter: the points in each column of dots, of a curve that is drawn as points.
    """

    label: str
    colour: int
    marker: str
    look: Look
    xs: list[float]
    ys: list[float]
    low: list[float]
    high: list[float]
    smooth: list[float] = field(default_factory=list)
    main: ColumnExtents | None = None
    raw: ColumnExtents | None = None
    lower: ColumnExtents | None = None
    upper: ColumnExtents | None = None
    scatter: dict[int, list[float]] = field(default_factory=dict)
    _window: Window | None = None
    _seen: int = 0
    _weight: float = -1.0
    _mean: float = 0.0
    _count: int = 0

    def see(self, window: Window) -> None:
        """Bring the extents up to date; only points that are new are walked while the window stays."""
        if window != self._window:
            self._window, self._seen = window, 0
            self.scatter = {}
            self.main = self._extents(window, joined=self.look in ("line", "dashed"))
            self.raw = self._extents(window) if window.smoothing and self.look != "points" else None
            self.lower = self._extents(window) if self.low else None
            self.upper = self._extents(window) if self.high else None
        start = self._seen
        if start == len(self.xs):
            return
        self._seen = len(self.xs)
        assert self.main is not None
        values: Sequence[float] = self.ys
        if self.raw is not None:
            self.raw.add(_points(self.xs, self.ys, start, window.log))
            values = self.smoothed(window.smoothing)
        self.main.add(_points(self.xs, values, start, window.log))
        for edge, extents in ((self.low, self.lower), (self.high, self.upper)):
            if extents is not None:
                extents.add(_points(self.xs, edge, start, window.log))
        if self.look == "points":
            main = self.main
            for x, y in _points(self.xs, values, start, window.log):
                if math.isfinite(y):
                    self.scatter.setdefault(math.floor((x - main.low) * main.scale + 0.5), []).append(y)

    @staticmethod
    def _extents(window: Window, *, joined: bool = True) -> ColumnExtents:
        return ColumnExtents(window.low, window.high, window.columns, joined=joined)

    def smoothed(self, weight: float) -> Sequence[float]:
        """The exponential running mean of `ys`, without the bias of its start: Σ wᵏ·y₍ₙ₋ₖ₎ / Σ wᵏ over the numbers so
        far. A gap stays one."""
        if weight != self._weight:
            self._weight, self._mean, self._count, self.smooth = weight, 0.0, 0, []
        for y in self.ys[len(self.smooth) :]:
            if abs(y) < HUGE:
                self._count += 1
                self._mean = weight * self._mean + (1 - weight) * y
                y = self._mean / (1 - weight**self._count)
            self.smooth.append(y)
        return self.smooth

    def grew_to(self, new: Curve) -> bool:
        """`new` is this series with points appended: nothing of it that was drawn has to go."""
        same = (self.label, self.colour, self.marker, self.look) == (new.label, new.colour, new.marker, new.look)
        lists = ((self.xs, new.xs), (self.ys, new.ys), (self.low, new.low), (self.high, new.high))
        bands = bool(self.low) == bool(new.low) and bool(self.high) == bool(new.high)
        return same and bands and all(longer[: len(shorter)] == shorter for shorter, longer in lists)

    def take(self, new: Curve) -> None:
        """Become `new`, which this has grown to."""
        self.xs, self.ys, self.low, self.high = new.xs, new.ys, new.low, new.high

    def _nearest(self, x: float) -> int:
        """The place of the point nearest to x; there is at least one."""
        right = min(bisect_left(self.xs, x), len(self.xs) - 1)
        return right - 1 if right and x - self.xs[right - 1] < self.xs[right] - x else right

    def nearest_x(self, x: float) -> float:
        """The x of the point nearest to x; there is at least one."""
        return self.xs[self._nearest(x)]

    def at(self, x: float, smoothing: float = 0.0) -> float | None:
        """The value of the point nearest to x, of the smoothed curve if there is one; None outside the curve. Of single
        points only one that is at x: between them there is nothing."""
        if not self.xs or not self.xs[0] <= x <= self.xs[-1]:
            return None
        if self.look == "points" and self.nearest_x(x) != x:
            return None
        return (self.smoothed(smoothing) if smoothing and self.look != "points" else self.ys)[self._nearest(x)]

    def last(self, smoothing: float = 0.0) -> float | None:
        """The value of the last point; None of single points, whose last one is no more than the others."""
        return self.at(self.xs[-1], smoothing) if self.xs and self.look != "points" else None

    def next_x(self, x: float, direction: int) -> float | None:
        """The x of the first point after (1) or before (-1) x."""
        place = bisect_right(self.xs, x) if direction > 0 else bisect_left(self.xs, x) - 1
        return self.xs[place] if 0 <= place < len(self.xs) else None


def _points(xs: Sequence[float], ys: Sequence[float], start: int, log: bool) -> Iterator[tuple[float, float]]:
    """The points from `start` on, as they are drawn: NaN where a value is none, -inf what a logarithm cannot show."""
    if log:
        drawn = [
            math.log10(y) if 0 < y < HUGE else -math.inf if -HUGE < y <= 0 else math.nan
            for y in itertools.islice(ys, start, len(xs))
        ]
    else:
        drawn = [y if -HUGE < y < HUGE else math.nan for y in itertools.islice(ys, start, len(xs))]
    return zip(itertools.islice(xs, start, None), drawn, strict=True)

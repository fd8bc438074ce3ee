"""What a curve covers in each column of a plot, learnt point by point, so that points may come while it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Extent = tuple[float, float]
"""Lowest and highest value that a curve takes within one column."""


class ColumnExtents:
    """A curve's lowest and highest value in each of `columns` columns laid over low … high.

    Every value counts, however many fall into one column, so that a spike of a single step stays visible; between
    neighbouring values the curve is a straight line. A column without a value and off every line is None.

    Attributes:
        extents: one entry for each column.
        span: lowest and highest of all entries; None where there are none.
        last: column and value of the last point that is a number, wherever it lies; None before the first.
        broken: column and value of each last number before a NaN.
        dirty: the columns that changed since `clean` was called, as first and last; None where none did.
    """

    def __init__(self, low: float, high: float, columns: int, *, joined: bool = True) -> None:
        self.low, self.columns, self.joined = low, columns, joined
        self.scale = (columns - 1) / (high - low) if high > low else 0.0
        self.extents: list[Extent | None] = [None] * columns
        self.span: Extent | None = None
        self.last: tuple[int, float] | None = None
        self.broken: list[tuple[int, float]] = []
        self.dirty: tuple[int, int] | None = None
        self._before: tuple[float, float, int] | None = None

    def clean(self) -> None:
        self.dirty = None

    def add(self, points: Iterable[tuple[float, float]]) -> None:
        """Take points in the order of their x; a y that is no finite number is a gap, NaN one that is marked."""
        before = self._before
        for x, y in points:
            if not math.isfinite(y):
                if before is not None and math.isnan(y):
                    self.broken.append((before[2], before[1]))
                    self._touch(before[2], before[2])
                before = None
                continue
            at = (x - self.low) * self.scale
            column = math.floor(at + 0.5)
            if 0 <= column < self.columns:
                self._extend(column, y)
            if before is not None and before[2] != column and self.joined:
                old_at, old_y, old_column = before
                slope = (y - old_y) / (at - old_at)
                for between in range(max(0, old_column), min(self.columns - 1, column) + 1):
                    self._extend(between, old_y + slope * (max(between - 0.5, old_at) - old_at))
                    self._extend(between, old_y + slope * (min(between + 0.5, at) - old_at))
            if self.last is None or self.last[0] != column:  # a letter stands at the last point, and leaves it
                self._touch(self.last[0] if self.last else column, column)
            before = (at, y, column)
            self.last = (column, y)
        self._before = before

    def _extend(self, column: int, y: float) -> None:
        now = self.extents[column]
        if now is None:
            self.extents[column] = (y, y)
        elif y < now[0] or y > now[1]:
            self.extents[column] = (min(now[0], y), max(now[1], y))
        else:
            return
        self._touch(column, column)
        span = self.span
        if span is None:
            self.span = (y, y)
        elif y < span[0] or y > span[1]:
            self.span = (min(span[0], y), max(span[1], y))

    def _touch(self, first: int, last: int) -> None:
        dirty = self.dirty
        self.dirty = (first, last) if dirty is None else (min(dirty[0], first), max(dirty[1], last))


def column_extents(
    xs: Sequence[float], ys: Sequence[float], low: float, high: float, columns: int
) -> list[Extent | None]:
    """The extents of a whole curve, see `ColumnExtents`."""
    curve = ColumnExtents(low, high, columns)
    curve.add(zip(xs, ys, strict=True))
    return curve.extents

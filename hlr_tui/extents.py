"""What a curve covers in each column of a plot, learnt point by point, so that points may come while it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, isfinite, isnan

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
        before, last, extents = self._before, self.last, self.extents
        low, scale, columns, joined = self.low, self.scale, self.columns, self.joined
        for x, y in points:
            if not isfinite(y):
                if before is not None and isnan(y):
                    self.broken.append((before[2], before[1]))
                    self._touch(before[2], before[2])
                before = None
                continue
            at = (x - low) * scale
            column = floor(at + 0.5)
            if 0 <= column < columns:
                now = extents[column]
                if now is None or y < now[0] or y > now[1]:
                    self._extend(column, y, y)
            if before is not None and before[2] != column and joined:
                old_at, old_y, old_column = before
                slope = (y - old_y) / (at - old_at)
                for between in range(max(0, old_column), min(columns - 1, column) + 1):
                    # At the edges of the column, or where the line begins and ends within it.
                    start = old_y if between == old_column else old_y + slope * (between - 0.5 - old_at)
                    end = old_y + slope * ((at if between == column else between + 0.5) - old_at)
                    if start > end:
                        start, end = end, start
                    now = extents[between]
                    if now is None or start < now[0] or end > now[1]:
                        self._extend(between, start, end)
            if last is None or last[0] != column:  # a letter stands at the last point, and leaves it
                self._touch(last[0] if last else column, column)
            before = (at, y, column)
            last = (column, y)
        self._before, self.last = before, last

    def _extend(self, column: int, low: float, high: float) -> None:
        now, span = self.extents[column], self.span
        if now is not None:
            low, high = min(now[0], low), max(now[1], high)
        self.extents[column] = (low, high)
        if span is None or low < span[0] or high > span[1]:
            self.span = (low, high) if span is None else (min(span[0], low), max(span[1], high))
        dirty = self.dirty
        if dirty is None or not dirty[0] <= column <= dirty[1]:
            self._touch(column, column)

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

"""What a curve covers in each column of a plot, learnt point by point, so that points may come while it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, inf, isfinite, isnan

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
        # All in local names: a chart that is drawn anew walks every point of every curve here.
        before, last, extents = self._before, self.last, self.extents
        low, scale, columns, joined = self.low, self.scale, self.columns, self.joined
        bottom, top = self.span or (inf, -inf)
        first_dirty, last_dirty = self.dirty or (inf, -inf)
        for x, y in points:
            if not isfinite(y):
                if before is not None and isnan(y):
                    self.broken.append((before[2], before[1]))
                    first_dirty, last_dirty = min(first_dirty, before[2]), max(last_dirty, before[2])
                before = None
                continue
            at = (x - low) * scale
            column = floor(at + 0.5)
            if before is not None and before[2] != column and joined:
                old_at, old_y, old_column = before
                slope = (y - old_y) / (at - old_at)
                between, end_column = max(0, old_column), min(columns - 1, column)
            else:
                between, end_column = column, column if 0 <= column < columns else column - 1
                old_at, old_y, old_column, slope = at, y, column, 0.0
            while between <= end_column:
                # At the edges of the column, or where the line begins and ends within it.
                start = old_y if between == old_column else old_y + slope * (between - 0.5 - old_at)
                end = y if between == column else old_y + slope * (between + 0.5 - old_at)
                if start > end:
                    start, end = end, start
                now = extents[between]
                if now is None or start < now[0] or end > now[1]:
                    if now is not None:
                        start, end = start if start < now[0] else now[0], end if end > now[1] else now[1]
                    extents[between] = (start, end)
                    if start < bottom:
                        bottom = start
                    if end > top:
                        top = end
                    if between < first_dirty:
                        first_dirty = between
                    if between > last_dirty:
                        last_dirty = between
                between += 1
            if last is None or last[0] != column:  # a letter stands at the last point, and leaves it
                gone = last[0] if last is not None else column
                first_dirty, last_dirty = min(first_dirty, gone), max(last_dirty, column)
            before = (at, y, column)
            last = (column, y)
        self._before, self.last = before, last
        self.span = (bottom, top) if bottom <= top else None
        self.dirty = (int(first_dirty), int(last_dirty)) if first_dirty <= last_dirty else None


def column_extents(
    xs: Sequence[float], ys: Sequence[float], low: float, high: float, columns: int
) -> list[Extent | None]:
    """The extents of a whole curve, see `ColumnExtents`."""
    curve = ColumnExtents(low, high, columns)
    curve.add(zip(xs, ys, strict=True))
    return curve.extents

"""Curves as cells of text, one column of cells at a time: only columns in which something changed are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hlr_tui.extents import Extent
from hlr_tui.plot import BRAILLE, DOTS
from hlr_tui.widgets.chart.curve import Curve

Cell = tuple[str, str, int, bool]
"""A letter; its part ("" of an empty cell, line, dim, band, mark, cursor, letter, cross); its colour; if the cursor
is there."""

EMPTY: Cell = (" ", "", 0, False)

Rows = dict[int, int]
"""Something of those rows of a column that are not empty: of many curves few go through one."""

BAND, RAW, LINE = 0, 1, 2
PARTS = ("band", "dim", "line")
CROSSES = ("\N{MULTIPLICATION SIGN}", "x")
"""The mark of a curve that ends in NaN, in Unicode and ASCII."""

LINES = {"line": "─", "dashed": "╌", "bars": "│"}
"""What stands in the legend for a series without a marker."""

PLAIN = {"●": "o", "○": "?", "▲": "^", "△": "'", "★": "@", CROSSES[0]: CROSSES[1], "─": "-", "╌": "-", "│": "|"}
"""Markers in ASCII; letters stand for themselves."""

RUNS = [{(first, last): sum(dots[first : last + 1]) for first in range(4) for last in range(first, 4)} for dots in DOTS]
"""For each side of a cell the dots from one row of it to another."""

DASH = 3
"""Dots of a dash, and of the gap after it."""


def marker_of(marker: str, *, ascii: bool) -> str:
    """A marker as the terminal can show it."""
    return PLAIN.get(marker, marker) if ascii else marker


@dataclass(slots=True)
class Raster:
    """What is drawn, and on which axes.

    Attributes:
        rows, columns: size in cells.
        low, high: ends of the value axis, exponents where it is logarithmic.
        curves: what is drawn, the topmost last.
        cursor: column of cells under the cursor, or None.
        marks: columns with a vertical line.
        texts: letters that stand over everything, by row and column.
        warned: columns whose line and text tell of something to act on.
    """

    rows: int
    columns: int
    ascii: bool
    low: float = 0.0
    high: float = 1.0
    curves: Sequence[Curve] = ()
    cursor: int | None = None
    marks: set[int] = field(default_factory=set)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    warned: set[int] = field(default_factory=set)

    @property
    def across(self) -> int:
        """Dots across a cell."""
        return 1 if self.ascii else 2

    @property
    def down(self) -> int:
        """Dots down a cell."""
        return 1 if self.ascii else 4

    def row_of(self, y: float) -> int:
        """The row of dots, from the top, of a value; it may lie outside."""
        return round((self.high - y) / (self.high - self.low) * (self.rows * self.down - 1))

    def column(self, column: int) -> list[Cell]:
        """The cells of one column, from the top."""
        across = self.across
        dots = range(column * across, (column + 1) * across)
        under = column == self.cursor
        cells = [self._ground(column, under)] * self.rows
        bits, parts, colours, owners = Rows(), Rows(), Rows(), Rows()
        letters: dict[int, str] = {}
        for curve in self.curves:
            if curve.lower is not None and curve.upper is not None:
                for side, dot in enumerate(dots):
                    self._band(curve, dot, side, bits, parts, colours)
        for part in (RAW, LINE):
            for number, curve in enumerate(self.curves):
                extents = curve.main if part == LINE else curve.raw
                if extents is None or (part == LINE and curve.look == "points"):
                    continue
                for side, dot in enumerate(dots):
                    extent = extents.extents[dot]
                    if extent is None or (part == LINE and curve.look == "dashed" and dot // DASH % 2):
                        continue
                    for row in self._stroke(extent, side, part, number, bits, parts, owners):
                        colours[row] = curve.colour
                        if self.ascii:
                            letters[row] = self._ascii_letter(curve) if part == LINE else ","
        for row, part in parts.items():
            letter = letters.get(row, ".") if self.ascii else chr(BRAILLE + bits[row])
            cells[row] = (letter, PARTS[part], colours[row], under)
        self._letters(column, cells, under)
        return cells

    def _ground(self, column: int, under: bool) -> Cell:
        """What a cell shows where no curve goes through it."""
        if under:
            return ("|" if self.ascii else "│", "cursor", 0, True)
        if column in self.marks:
            return (":" if self.ascii else "┊", self._part_of(column), 0, False)
        return EMPTY

    def _part_of(self, column: int) -> str:
        return "warning" if column in self.warned else "mark"

    @staticmethod
    def _ascii_letter(curve: Curve) -> str:
        """What a line is made of."""
        if curve.marker:
            return curve.marker.lower()
        return PLAIN[LINES[curve.look]] if curve.look in LINES and curve.label else "*"

    def _stroke(
        self,
        extent: Extent,
        side: int,
        part: int,
        number: int,
        bits: Rows,
        parts: Rows,
        owners: Rows,
    ) -> range:
        """Set the dots of an extent; returns the rows of cells. A cell shows one curve, the topmost: with the dots of
        several in the colour of one it would be a curve that does not exist."""
        low, high = self.low, self.high
        if extent[1] < low or extent[0] > high:
            return range(0)
        down, scale = self.down, self.rows * self.down - 1
        top = round((high - min(extent[1], high)) / (high - low) * scale)
        bottom = round((high - max(extent[0], low)) / (high - low) * scale)
        cells = range(top // down, bottom // down + 1)
        runs = RUNS[side]
        for row in cells:
            first, last = top - row * down, bottom - row * down
            dots = runs[first if first > 0 else 0, last if last < down - 1 else down - 1]
            if owners.get(row) == number and parts[row] >= part:
                bits[row] |= dots
            else:
                parts[row], bits[row], owners[row] = part, dots, number
        return cells

    def _band(self, curve: Curve, dot: int, side: int, bits: Rows, parts: Rows, colours: Rows) -> None:
        """Fill between the curve's edges with every other dot: light, and still seen without colour."""
        assert curve.lower is not None
        assert curve.upper is not None
        upper, lower = curve.upper.extents[dot], curve.lower.extents[dot]
        if upper is None or upper[1] < self.low:
            return
        bottom = self.low if lower is None else lower[0]
        if bottom > self.high:
            return
        first, last = self.row_of(min(upper[1], self.high)), self.row_of(max(bottom, self.low))
        down = self.down
        for row in range(first // down, last // down + 1):
            for place in range(side, down, 2):
                if first <= row * down + place <= last:
                    parts[row], colours[row] = BAND, curve.colour
                    bits[row] = bits.get(row, 0) | DOTS[side][place]

    def _letters(self, column: int, cells: list[Cell], under: bool) -> None:
        """Put letters and crosses over the dots."""
        if self.texts:
            for row in range(self.rows):
                if (row, column) in self.texts:
                    cells[row] = (self.texts[row, column], self._part_of(column), 0, under)
        dots = range(column * self.across, (column + 1) * self.across)
        count = len(self.curves)
        period = max(16, 3 * count)
        for number, curve in enumerate(self.curves):
            if curve.main is None or not curve.marker:
                continue
            if curve.look == "points":
                for dot in dots:
                    for y in curve.scatter.get(dot, ()):
                        self._put(cells, y, marker_of(curve.marker, ascii=self.ascii), "letter", curve.colour, under)
                continue
            extent = curve.main.extents[dots[0]]
            if count > 1 and extent is not None and (column - (2 * number + 1) * period // (2 * count)) % period == 0:
                middle = (max(extent[0], self.low) + min(extent[1], self.high)) / 2
                self._put(cells, middle, curve.marker, "letter", curve.colour, under)
            last = curve.main.last
            if last is not None and last[0] in dots and count > 1:
                self._put(cells, last[1], curve.marker, "letter", curve.colour, under)
        for curve in self.curves:
            for dot, y in curve.main.broken if curve.main is not None else ():
                if dot in dots:
                    self._put(cells, y, CROSSES[self.ascii], "cross", curve.colour, under)

    def _put(self, cells: list[Cell], y: float, letter: str, part: str, colour: int, under: bool) -> None:
        if part == "cross":  # a curve that leaves the chart has diverged all the same
            y = min(max(y, self.low), self.high)
        if self.low <= y <= self.high:
            cells[self.row_of(y) // self.down] = (letter, part, colour, under)

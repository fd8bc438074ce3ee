"""The plot itself: tiles of a few columns, and the cells in them that changed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip

from hlr_tui.extents import Extent
from hlr_tui.widgets.chart.curve import Curve, Window
from hlr_tui.widgets.chart.lines import Lines
from hlr_tui.widgets.chart.paint import Paint
from hlr_tui.widgets.chart.raster import Cell, Raster

TILE = 8
"""Cells across a tile, the piece of a line that is sent as a whole: narrow ones cost widgets, wide ones bytes."""


@dataclass(frozen=True)
class Frame:
    """Everything that, when it changes, changes every cell."""

    window: Window
    limits: Extent
    rows: int
    columns: int
    ascii: bool
    curves: tuple[Curve, ...]
    marks: tuple[tuple[float, str, bool], ...]
    message: str
    paint: Paint


class Tiles:
    """The plot of a chart.

    Attributes:
        widgets: the tiles from the left; there may be more than are shown.
    """

    def __init__(self) -> None:
        self.widgets: list[Lines] = []
        self._cells: list[list[Cell]] = []
        self._frame: Frame | None = None
        self._cursor: int | None = None

    def lay(self, columns: int, rows: int) -> list[Lines]:
        """Give the tiles their sizes; returns those that are new and have to be mounted."""
        count = -(-columns // TILE)
        new = [Lines() for _ in range(count - len(self.widgets))]
        for tile in new:
            tile.forget(rows)
        self.widgets += new
        for number, tile in enumerate(self.widgets):
            tile.display = number < count
            tile.styles.width = min(TILE, columns - number * TILE) if number < count else TILE
            tile.styles.height = rows
        return new

    def draw(self, raster: Raster, frame: Frame) -> None:
        """Draw the columns in which something changed."""
        if frame != self._frame:
            todo = list(range(frame.columns))
        else:
            stale = {column for column in (self._cursor, raster.cursor) if self._cursor != raster.cursor}
            for curve in raster.curves:
                for extents in (curve.main, curve.raw, curve.lower, curve.upper):
                    if extents is not None and extents.dirty is not None:
                        first, last = (dot // raster.across for dot in extents.dirty)
                        stale.update(range(max(0, first), min(frame.columns - 1, last) + 1))
            todo = sorted(column for column in stale if column is not None)
        for curve in raster.curves:
            for extents in (curve.main, curve.raw, curve.lower, curve.upper):
                if extents is not None:
                    extents.clean()
        old = self._frame
        if old is None or (old.rows, old.columns, old.paint) != (frame.rows, frame.columns, frame.paint):
            self._cells = [[] for _ in range(frame.columns)]
            for tile in self.widgets:
                tile.forget(frame.rows)
        self._frame, self._cursor = frame, raster.cursor
        changed: dict[int, dict[int, int]] = {}
        for column in todo:
            cells, before = raster.column(column), self._cells[column]
            if cells == before:
                continue
            self._cells[column] = cells
            widths, width = changed.setdefault(column // TILE, {}), column % TILE + 1
            if before:
                widths |= {row: width for row, (old, new) in enumerate(zip(before, cells, strict=True)) if old != new}
            else:
                widths |= dict.fromkeys(range(frame.rows), width)
        for number, widths in changed.items():
            self.widgets[number].set_some({row: (self._strip(number, row), width) for row, width in widths.items()})

    def _strip(self, tile: int, row: int) -> Strip:
        assert self._frame is not None
        style, segments = self._frame.paint.style, []
        cells = [column[row] for column in self._cells[tile * TILE : (tile + 1) * TILE]]
        kept = (" ", *next((cell[1:] for cell in cells if cell[0] != " "), ("", 0, False)))
        runs: list[tuple[str, tuple[str, int, bool]]] = []
        for letter, part, colour, under in cells:
            if letter != " " or under:
                kept = (letter, part, colour, under)
            elif kept[3]:  # an empty cell takes the style before it: fewer changes of colour to send
                kept = (" ", "", 0, False)
            runs.append((letter, kept[1:]))
        for paint, run in itertools.groupby(runs, key=lambda one: one[1]):
            segments.append(Segment("".join(letter for letter, _ in run), style(*paint)))
        return Strip(segments, len(cells))

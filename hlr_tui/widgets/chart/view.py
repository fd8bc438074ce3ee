"""How a chart is laid out and what of it has to be drawn again."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.containers import Horizontal

from hlr_tui.axis import Tick, decade_ticks, fitted, linear_ticks
from hlr_tui.extents import Extent
from hlr_tui.output import number_text
from hlr_tui.plot import x_axis
from hlr_tui.widgets.chart.curve import Curve, Window
from hlr_tui.widgets.chart.legend import (
    MARGIN,
    SMALLEST,
    VALUE,
    Entry,
    entries_across,
    entry_width,
    legend_columns,
    legend_rows,
    one_line,
    value_text,
)
from hlr_tui.widgets.chart.limits import sticky
from hlr_tui.widgets.chart.lines import Lines, Piece
from hlr_tui.widgets.chart.paint import Paint
from hlr_tui.widgets.chart.raster import LINES, Raster
from hlr_tui.widgets.chart.tiles import Frame, Tiles

if TYPE_CHECKING:
    from hlr_tui.widgets.chart.chart import Chart

BESIDE = 72
"""From this width on the legend stands beside the curves."""

READING = 2.0
"""Seconds for which a value in the legend stands, unless the cursor moves: time to read it."""

LOW = 8
"""Below this height there is no legend."""


class View:
    """The widgets inside a chart and what they show now.

    Attributes:
        columns: cells across the plot.
        paint: its styles; None before the first drawing.
        restyled: they may have changed since.
    """

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self.heading, self.gutter, self.names, self.values = Lines(), Lines(), Lines(), Lines()
        self.axis, self.below = Lines(), Lines()
        self.columns = 0
        self.paint: Paint | None = None
        self.restyled = True
        self._tiles = Tiles()
        self._window: Window | None = None
        self._limits: Extent | None = None
        self._basis: tuple[object, ...] = ()
        self._gutter = 0
        self._loose = True
        """The numbers on the value axis may get less room than they had: elsewhere that only grows."""
        self._laid: tuple[int, ...] = ()
        self._read: tuple[object, ...] = ()
        self._read_at = 0.0

    def forget(self) -> None:
        """Fit the axes anew at the next drawing."""
        self._limits, self._loose = None, True

    def x_at(self, column: int) -> float | None:
        """The x at a column of cells of the chart; None beside the plot."""
        window = self._window
        if window is None or not 0 <= column - self._gutter - 1 < self.columns:
            return None
        return window.low + (column - self._gutter - 0.5) / self.columns * (window.high - window.low)

    # -- measures -----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw what changed since the last time."""
        chart = self._chart
        if self.restyled:
            self.restyled, paint = False, Paint(chart)
            if self.paint is None or paint.base != self.paint.base:
                self.paint = paint
        assert self.paint is not None
        width, height = chart.content_size
        if width < 1 or height < 1:
            return
        entries = self._entries()
        side, below = self._legend_room(entries, width, height)
        heading, axis = int(height >= 5), 2 if height >= 6 else 0
        rows = max(1, height - heading - axis - below)
        shown = chart.shown()
        for _ in range(2):  # a wider number on the value axis leaves fewer columns
            self.columns = max(1, width - self._gutter - 1 - side)
            self._window = window = self._look(shown)
            limits = self._fit(shown, window)
            ticks = _ticks(limits, rows, log=window.log)
            gutter = max((cell_len(label) for _, label in ticks), default=0)
            if gutter == self._gutter or (gutter < self._gutter and not self._loose):
                break
            self._gutter = min(gutter, max(1, width // 3))
        self._loose = False
        self._lay(heading, axis, below, side, rows)
        raster = Raster(rows, self.columns, bool(chart.ascii), *limits, shown)
        marks = tuple((x, text, x in chart.warned) for x, text in sorted(chart.marks.items()))
        message = self._message(shown)
        frame = Frame(window, limits, rows, self.columns, bool(chart.ascii), tuple(shown), marks, message, self.paint)
        raster.cursor = self._column_of(chart.cursor, window)
        self._mark(raster, window, marks)
        start = (self.columns - len(message)) // 2
        raster.texts.update({(rows // 2, start + place): letter for place, letter in enumerate(message)})
        self._tiles.draw(raster, frame)
        labels: dict[int, str] = {}
        for at, label in ticks:
            labels.setdefault(raster.row_of(at) // raster.down, label)
        edges = "+|" if chart.ascii else "┤│"
        muted = self.paint.muted
        self.gutter.set_lines(
            [
                [(f"{labels.get(row, '')[: self._gutter]:>{self._gutter}}{edges[row not in labels]}", muted)]
                for row in range(rows)
            ]
        )
        if axis:
            line, numbers = x_axis(
                window.low, window.high, self.columns, self._gutter, bool(chart.ascii), chart.x_ticks
            )
            numbers = _named(numbers.ljust(self._gutter + 1 + self.columns), one_line(chart.x_label))
            self.axis.set_lines([[(text.ljust(width), muted)] for text in (line, numbers)])
        self._head(width, entries)
        if side:
            names, values = legend_columns(entries, self.paint, side, rows, ascii=bool(chart.ascii))
            self.names.set_lines(names)
            if self._due(entries):
                self.values.set_lines(values)
        if below and self._due(entries):
            self.below.set_lines(legend_rows(entries, self.paint, width, below, ascii=bool(chart.ascii)))

    def _due(self, entries: list[Entry]) -> bool:
        """The values in the legend may change: they do not keep pace with points that come in."""
        chart, states = self._chart, [entry.state for entry in entries]
        state = (chart.cursor, chart.smoothing, self.paint, self._laid, list(chart.curves.values()), states)
        wait = self._read_at + READING - time.monotonic()
        if state == self._read and wait > 0:
            chart.draw_in(wait)
            return False
        self._read, self._read_at = state, time.monotonic()
        return True

    def _entries(self) -> list[Entry]:
        chart = self._chart
        at = {} if chart.cursor is None else chart.values_at(chart.cursor)
        entries = []
        for key, curve in chart.curves.items():
            if not curve.label:
                continue
            alone = chart.solo in chart.curves
            hidden = key != chart.solo if alone else key in chart.hidden
            value = at.get(key) if chart.cursor is not None else curve.last(chart.smoothing)
            state = "hidden" if hidden else "pinned" if key == chart.pinned else ""
            entries.append(Entry(curve.label, curve.marker or LINES.get(curve.look, ""), curve.colour, value, state))
        return sorted(entries, key=lambda entry: entry.state != "pinned")

    def _legend_room(self, entries: list[Entry], width: int, height: int) -> tuple[int, int]:
        """Cells beside the plot and lines below it for the legend."""
        if len(entries) < 2 or height < LOW or not self._chart.legend:
            return 0, 0
        if width >= BESIDE:
            return MARGIN + max(SMALLEST, entry_width(entries, 2 * width // 5)), 0
        return 0, min(-(-len(entries) // entries_across(entries, width)), max(1, height // 5))

    def _look(self, shown: list[Curve]) -> Window:
        chart = self._chart
        low, high = chart.window()
        window = Window(low, high, self.columns * (1 if chart.ascii else 2), chart.log_y, chart.smoothing)
        for curve in shown:
            curve.see(window)
        return window

    def _fit(self, shown: list[Curve], window: Window) -> Extent:
        chart = self._chart
        spans = []
        for curve in shown:
            for extents in (curve.main, curve.raw, curve.lower, curve.upper):
                spans += [extents.span] if extents is not None and extents.span is not None else []
        span = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None
        if chart.y_limits is not None and (chart.y_limits[0] > 0 or not window.log):
            low, high = chart.y_limits
            return fitted((math.log10(low), math.log10(high)), log=True) if window.log else (low, high)
        basis = (window.log, window.smoothing, chart.zoomed, tuple(shown))
        if basis != self._basis:  # the user looks at something else: the axis fits that
            self._basis, self._limits = basis, None
        self._limits = sticky(self._limits, span, log=window.log)
        return self._limits

    def _message(self, shown: list[Curve]) -> str:
        """Why nothing is drawn, where nothing is."""
        if any(curve.main is not None and curve.main.span is not None for curve in shown):
            return ""
        if not any(curve.xs for curve in self._chart.curves.values()):
            return "no points yet"
        if not any(curve.xs for curve in shown):
            return "all curves are hidden" if not shown else "no points yet"
        return "no positive values here" if self._chart.log_y else "no values here"

    def _column_of(self, x: float | None, window: Window) -> int | None:
        if x is None or not window.low <= x <= window.high or window.high == window.low:
            return None
        dot = int((x - window.low) / (window.high - window.low) * (window.columns - 1) + 0.5)
        return dot * self.columns // window.columns

    def _mark(self, raster: Raster, window: Window, marks: tuple[tuple[float, str, bool], ...]) -> None:
        free = 0
        for x, text, warned in marks:
            column = self._column_of(x, window)
            if column is None:
                continue
            raster.marks.add(column)
            text = one_line(text)
            start = column + 1 if column + 1 + len(text) <= self.columns else column - len(text)
            if start >= free and text:
                raster.texts.update({(0, start + place): letter for place, letter in enumerate(text)})
                free = start + len(text) + 1
                if warned:
                    raster.warned.update(range(start, start + len(text)))
            if warned:
                raster.warned.add(column)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _lay(self, heading: int, axis: int, below: int, side: int, rows: int) -> None:
        laid = (heading, axis, below, side, rows, self.columns, self._gutter)
        if laid == self._laid:
            return
        self._laid = laid
        body = self._chart.query_one(Horizontal)
        new = self._tiles.lay(self.columns, rows)
        if new:
            body.mount(*new, before=self.names)
        body.styles.height = rows
        self.gutter.styles.width, self.gutter.styles.height = self._gutter + 1, rows
        for widget, size in ((self.heading, heading), (self.axis, axis), (self.below, below)):
            widget.display = size > 0
            widget.styles.height = size
        for widget, cells in ((self.names, side - VALUE), (self.values, VALUE)):
            widget.display = side > 0
            widget.styles.width, widget.styles.height = max(0, cells), rows

    def _head(self, width: int, entries: list[Entry]) -> None:
        chart, paint = self._chart, self.paint
        assert paint is not None
        notes = []
        if chart.cursor is not None:
            at = float(chart.cursor)
            text = chart.x_text(at) if chart.x_text is not None else number_text(at, 5)
            notes.append(f"{chart.x_label} {text}".strip())
        if len(entries) == 1:
            value = value_text(entries[0].value, ascii=bool(chart.ascii))
            notes.append(f"{one_line(entries[0].label)} {value}".strip())
        notes += [word for word, on in (("log", chart.log_y), ("zoomed", chart.zoomed is not None)) if on]
        if chart.smoothing:
            notes.append(f"smooth {number_text(chart.smoothing, 2)}")
        if chart.solo in chart.curves:
            notes.append("solo")
        note = "  ".join(notes)
        title = one_line(chart.title)
        room = width - cell_len(note) - 1
        left = set_cell_size((("> " if chart.ascii else "▸ ") if chart.has_focus else "") + title, max(0, room))
        pieces: list[Piece] = [(left, paint.focus if chart.has_focus else paint.title)]
        pieces += [(" ", paint.text), (set_cell_size(note, min(cell_len(note), width)), paint.muted)]
        self.heading.set_lines([pieces])


def _ticks(limits: Extent, rows: int, *, log: bool) -> list[Tick]:
    """The marks of the value axis: at least two, where there is room for them."""
    make, count = decade_ticks if log else linear_ticks, max(2, min(rows, 2 + rows // 4))
    ticks = make(*limits, count)
    return ticks if len(ticks) > 1 or rows < 3 else make(*limits, 2 * count)


def _named(numbers: str, name: str) -> str:
    """The numbers of an axis with its name in the last gap that is wide enough; as they were where none is."""
    start = numbers.rfind(" " * (len(name) + 4)) if name else -1
    return numbers if start < 0 else numbers[: start + 2] + name + numbers[start + 2 + len(name) :]

"""Line plots made of text: Unicode braille, eight dots to a cell, or plain ASCII."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from hlr_tui.axis import Tick, decade_ticks, fitted, linear_ticks
from hlr_tui.extents import Extent, column_extents

COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#0072B2", "#999999")
"""Okabe and Ito's palette, which colour-blind readers can tell apart (jfly.uni-koeln.de/color)."""

MARKERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BRAILLE = 0x2800
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of the braille dot in column x (0, 1), row y (0 … 3) of a cell."""

MIN_WIDTH, MIN_HEIGHT = 16, 4
LEGEND_GAP = 2
HUGE = 1e300
"""Values from here on are gaps: the length of an axis that held them would overflow."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: `xs` ascending, `ys` as long; a y that is NaN or infinite is a gap."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(slots=True)
class Canvas:
    """Cells of dots, each owned by the last curve drawn there.

    Attributes:
        columns, rows: size in cells.
        dot_columns, dot_rows: dots in one cell.
    """

    columns: int
    rows: int
    dot_columns: int = 2
    dot_rows: int = 4
    bits: list[list[int]] = field(init=False)
    owners: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.bits = [[0] * self.columns for _ in range(self.rows)]
        self.owners = [[-1] * self.columns for _ in range(self.rows)]

    def row_of(self, y: float, low: float, high: float) -> int:
        """The dot row, counted from the top, of a value on the axis low … high."""
        return round((high - y) / (high - low) * (self.rows * self.dot_rows - 1))

    def draw(self, extents: Sequence[Extent | None], low: float, high: float, owner: int) -> None:
        """Add a curve, given per dot column; what lies outside low … high is not drawn."""
        for column, extent in enumerate(extents):
            if extent is None or extent[1] < low or extent[0] > high:
                continue
            top, bottom = self.row_of(min(extent[1], high), low, high), self.row_of(max(extent[0], low), low, high)
            for row in range(top, bottom + 1):
                self.set(column, row, owner)

    def set(self, column: int, row: int, owner: int) -> None:
        """Set one dot."""
        cell_row, cell_column = row // self.dot_rows, column // self.dot_columns
        self.bits[cell_row][cell_column] |= DOTS[column % self.dot_columns][row % self.dot_rows]
        self.owners[cell_row][cell_column] = owner


def draw(
    series: Sequence[Series],
    *,
    width: int,
    height: int,
    log_y: bool = False,
    ascii: bool = False,
    title: str = "",
    x_range: Extent | None = None,
    y_range: Extent | None = None,
) -> Text:
    """A plot of at most `width` columns and `height` lines (at least 16 by 4), without a newline at its end.

    Each of several curves carries a letter, so that colour is not the only cue. On a logarithmic axis a value that is
    not positive is a gap. The ranges default to those of the data; `y_range` is in values, also on a logarithmic axis.
    """
    width, height = max(width, MIN_WIDTH), max(height, MIN_HEIGHT)
    curves = [Series(one.label, one.xs, [_scaled(y, log_y) for y in one.ys]) for one in series]
    x_low, x_high = x_range or _x_range(curves)
    low, high = (_scaled(y_range[0], log_y), _scaled(y_range[1], log_y)) if y_range else _y_range(curves, log_y)
    legend = _legend(curves, width) if height >= 2 * MIN_HEIGHT else []
    heading = [title] if title and height > MIN_HEIGHT else []
    rows = max(1, height - 2 - len(legend) - len(heading))

    marks = (decade_ticks if log_y else linear_ticks)(low, high, max(2, rows // 3))
    gutter = min(max(cell_len(label) for _, label in marks), width // 2) if marks else 0
    columns = width - gutter - 1
    canvas = Canvas(columns, rows, *((1, 1) if ascii else (2, 4)))
    letters: dict[tuple[int, int], int] = {}
    for number, curve in enumerate(curves):
        extents = column_extents(curve.xs, curve.ys, x_low, x_high, columns * canvas.dot_columns)
        canvas.draw(extents, low, high, number)
        if len(curves) > 1:
            _place_letters(letters, canvas, extents, low, high, number, len(curves))

    text = Text(no_wrap=True, end="")
    for line in heading:
        line = _cropped(line, width)
        text.append(" " * ((width - cell_len(line)) // 2) + line + "\n", style="bold")
    labels = _rows_of(marks, canvas, low, high)
    for row in range(rows):
        label = labels.get(row, "")[:gutter]
        edge = ("+" if label else "|") if ascii else ("┤" if label else "│")
        text.append(f"{label:>{gutter}}{edge}", style="dim")
        _append_row(text, canvas, letters, row, ascii, alone=len(curves) == 1)
        text.append("\n")
    text.append("\n".join(x_axis(x_low, x_high, columns, gutter, ascii)), style="dim")
    for entries in legend:
        text.append("\n")
        for place, number in enumerate(entries):
            text.append(" " * LEGEND_GAP * (place > 0))
            if len(curves) > 1:
                text.append(f"{MARKERS[number % len(MARKERS)]} ", style=f"bold {COLOURS[number % len(COLOURS)]}")
            text.append(_legend_label(curves[number], width))
    return text


def _scaled(y: float, log_y: bool) -> float:
    if not abs(y) < HUGE or (log_y and y <= 0):
        return math.nan
    return math.log10(y) if log_y else y


def _x_range(curves: Sequence[Series]) -> Extent:
    ends = [end for curve in curves if len(curve.xs) for end in (curve.xs[0], curve.xs[-1])]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _y_range(curves: Sequence[Series], log_y: bool) -> Extent:
    values = [y for curve in curves for y in curve.ys if math.isfinite(y)]
    return fitted((min(values), max(values)) if values else None, log=log_y)


def _legend(curves: Sequence[Series], width: int) -> list[list[int]]:
    """The numbers of the curves, line by line."""
    lines: list[list[int]] = []
    used = width
    for number, curve in enumerate(curves):
        if not curve.label:
            continue
        size = cell_len(_legend_label(curve, width)) + 2
        if used + LEGEND_GAP + size > width:
            lines.append([])
            used = -LEGEND_GAP
        lines[-1].append(number)
        used += LEGEND_GAP + size
    return lines


def _cropped(text: str, width: int) -> str:
    return set_cell_size(text, width) if cell_len(text) > width else text


def _legend_label(curve: Series, width: int) -> str:
    return _cropped(curve.label, width - 2)


def _place_letters(
    letters: dict[tuple[int, int], int],
    canvas: Canvas,
    extents: Sequence[Extent | None],
    low: float,
    high: float,
    number: int,
    count: int,
) -> None:
    """Put the curve's letter on it at intervals, each curve at columns of its own."""
    period = max(12, 3 * count)
    first = (2 * number + 1) * period // (2 * count)
    for start in range(first % max(1, canvas.columns), canvas.columns, period):
        for column in range(start, min(start + 4, canvas.columns)):
            extent = extents[column * canvas.dot_columns]
            if extent is None or extent[1] < low or extent[0] > high:
                continue
            middle = (max(extent[0], low) + min(extent[1], high)) / 2
            cell = (canvas.row_of(middle, low, high) // canvas.dot_rows, column)
            if cell not in letters:
                letters[cell] = number
                break


def _rows_of(marks: Sequence[Tick], canvas: Canvas, low: float, high: float) -> dict[int, str]:
    """The label of each cell row that has one; of two in a row the first stays."""
    labels: dict[int, str] = {}
    for at, label in marks:
        labels.setdefault(canvas.row_of(at, low, high) // canvas.dot_rows, label)
    return labels


def _append_row(
    text: Text, canvas: Canvas, letters: dict[tuple[int, int], int], row: int, ascii: bool, *, alone: bool
) -> None:
    def cell(column: int) -> tuple[str, str]:
        owner = letters.get((row, column), canvas.owners[row][column])
        colour, letter = COLOURS[owner % len(COLOURS)], MARKERS[owner % len(MARKERS)]
        if (row, column) in letters:
            return letter, f"bold {colour}"
        if owner < 0:
            return " ", ""
        if ascii:
            return "*" if alone else letter.lower(), colour
        return chr(BRAILLE + canvas.bits[row][column]), colour

    for style, cells in itertools.groupby(map(cell, range(canvas.columns)), key=lambda drawn: drawn[1]):
        text.append("".join(letter for letter, _ in cells), style=style)


def x_axis(
    low: float, high: float, columns: int, gutter: int, ascii: bool, ticks: Sequence[Tick] | None = None
) -> tuple[str, str]:
    """The axis and, below it, its numbers, each under its mark.

    Args:
        ticks: position and label of the marks; round numbers by default.
    """
    line = ["-" if ascii else "─"] * columns
    numbers = [" "] * (gutter + 1 + columns)
    end = -1
    for at, label in linear_ticks(low, high, max(2, columns // 10)) if ticks is None else ticks:
        if not low <= at <= high and ticks is not None:
            continue
        column = round((at - low) / (high - low) * (columns - 1)) if high > low else 0
        start = min(max(0, gutter + 1 + column - len(label) // 2), len(numbers) - len(label))
        if start <= end or start < 0:
            continue
        line[column] = "+" if ascii else "┬"
        numbers[start : start + len(label)] = label
        end = start + len(label)
    return " " * gutter + ("+" if ascii else "└") + "".join(line), "".join(numbers).rstrip()

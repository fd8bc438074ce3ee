"""The legend of a chart: letter, label, and the value at the cursor or the last one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from hlr_tui.output import number_text
from hlr_tui.tables import printable
from hlr_tui.widgets.chart.lines import Piece
from hlr_tui.widgets.chart.paint import Paint
from hlr_tui.widgets.chart.raster import CROSSES, marker_of

DIGITS = 4
VALUE = 11
"""Width of a value after a blank: sign, point, four digits, exponent of three."""

MARGIN = 2
"""Blanks between the plot and the entries beside it."""

GAP = 3
"""Blanks between entries that stand side by side."""

SMALLEST = 20
"""Width of an entry whose label is still worth reading."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the legend.

    Attributes:
        state: "" drawn, "hidden", or "pinned".
    """

    label: str
    marker: str
    colour: int
    value: float | None
    state: str = ""

    def width(self) -> int:
        return 2 + cell_len(one_line(self.label)) + VALUE


def one_line(text: str) -> str:
    """Text that can be shown in a line, whoever wrote it."""
    return printable(text.replace("\n", " "))


def value_text(value: float | None, *, ascii: bool = False) -> str:
    """A value in few digits; nothing where there is none, and the mark of a gap for NaN."""
    if value is None:
        return ""
    return number_text(float(value), DIGITS) if math.isfinite(value) else CROSSES[ascii]


def entry_width(entries: Sequence[Entry], most: int) -> int:
    """Cells that an entry takes, at most `most`."""
    return min(max((entry.width() for entry in entries), default=0), most)


def legend_columns(
    entries: Sequence[Entry], paint: Paint, width: int, rows: int, *, ascii: bool = False
) -> tuple[list[list[Piece]], list[list[Piece]]]:
    """The entries one below the other: names, and values, which are `VALUE` wide and change on their own."""
    shown, more = _fitting(entries, rows)
    margin = (" " * MARGIN, paint.text)
    names = [[margin, *_name(entry, paint, width - MARGIN - VALUE, ascii)] for entry in shown]
    values = [_value(entry, paint, ascii) for entry in shown]
    if more:
        names.append([(set_cell_size(" " * MARGIN + more, width - VALUE), paint.muted)])
    names += [[(" " * (width - VALUE), paint.text)] for _ in range(rows - len(names))]
    values += [[(" " * VALUE, paint.text)] for _ in range(rows - len(values))]
    return names, values


def legend_rows(
    entries: Sequence[Entry], paint: Paint, width: int, rows: int, *, ascii: bool = False
) -> list[list[Piece]]:
    """The entries side by side, as many in a row as fit."""
    across = entries_across(entries, width)
    cell = min(width, entry_width(entries, width))
    shown, more = _fitting(entries, rows * across)
    pieces = [[*_name(entry, paint, cell - VALUE, ascii), *_value(entry, paint, ascii)] for entry in shown]
    if more:
        pieces.append([(set_cell_size(more, cell), paint.muted)])
    lines: list[list[Piece]] = [[] for _ in range(rows)]
    for number, piece in enumerate(pieces):
        lines[number // across] += [(" " * GAP * (number % across > 0), paint.text), *piece]
    for line in lines:
        line.append((" " * (width - sum(cell_len(text) for text, _ in line)), paint.text))
    return lines


def entries_across(entries: Sequence[Entry], width: int) -> int:
    """How many entries stand side by side."""
    return max(1, (width + GAP) // (entry_width(entries, width) + GAP))


def _fitting(entries: Sequence[Entry], room: int) -> tuple[Sequence[Entry], str]:
    """The entries that there is room for, and what is said of the others."""
    if len(entries) <= room:
        return entries, ""
    seen = sorted(entries, key=lambda entry: entry.state == "hidden")
    shown = seen[: max(0, room - 1)]
    return shown, f"  and {len(entries) - len(shown)} more"


def _name(entry: Entry, paint: Paint, width: int, ascii: bool) -> list[Piece]:
    hidden = entry.state == "hidden"
    label = _cropped(one_line(entry.label), width - 2, "~" if ascii else "…")
    letter = paint.muted if hidden else paint.style("letter", entry.colour, False)
    return [
        ("- " if hidden else f"{marker_of(entry.marker, ascii=ascii) or ' '} ", letter),
        (set_cell_size(label, width - 2), _style(entry, paint)),
    ]


def _value(entry: Entry, paint: Paint, ascii: bool) -> list[Piece]:
    value = "hidden" if entry.state == "hidden" else value_text(entry.value, ascii=ascii)
    return [(f"{value[: VALUE - 1]:>{VALUE}}", _style(entry, paint))]


def _style(entry: Entry, paint: Paint) -> Style:
    return {"hidden": paint.muted, "pinned": paint.title}.get(entry.state, paint.text)


def _cropped(text: str, width: int, cut: str) -> str:
    """Text cut in its middle: names of methods differ at both ends."""
    if cell_len(text) <= width:
        return text
    if width < 5:
        return set_cell_size(text, max(0, width))
    head = (width - 1) // 2
    tail = text
    while cell_len(tail) > width - 1 - head:
        tail = tail[1:]
    return set_cell_size(text, head) + cut + tail

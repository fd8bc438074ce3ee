"""A table that draws its rows itself, and only those that changed.

Textual's own draws every cell of every row through Rich whenever one cell changes: a third of a millisecond each, which
with sixteen runs in training is more than all charts cost together.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable

_Looks = tuple[Style, Style, Style, tuple[int, ...]]
_Drawn = tuple[Sequence[Text], tuple[Any, ...], Strip]


class QuickTable(DataTable[Text]):
    """A `DataTable` of texts with a cursor on rows, each one line high; it knows no hover, labels or fixed columns."""

    _looks: _Looks | None = None

    def __init__(self, *, id: str | None = None, cell_padding: int = 1) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=cell_padding)
        self._rows_drawn: dict[int, _Drawn] = {}

    def render_lines(self, crop: Region) -> list[Strip]:
        # Once for all lines: each of these walks up the tree of widgets.
        widths = tuple(column.get_render_width(self) for column in self.ordered_columns)
        style = self.get_component_rich_style
        self._looks = self.rich_style, style("datatable--header"), style("datatable--cursor"), widths
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        assert self._looks is not None
        base, header, cursor, widths = self._looks
        row = y - 1 + self.scroll_offset.y if y else -1
        if row >= self.row_count or not widths:
            return Strip.blank(self.size.width, base)
        cells = self.get_row_at(row) if row >= 0 else [column.label for column in self.ordered_columns]
        under = row == self.cursor_row and self.show_cursor
        state = (base, header if row < 0 else cursor if under else None, widths, self.scroll_offset.x, self.size.width)
        known = self._rows_drawn.get(row)
        if known is not None and known[1] == state and len(known[0]) == len(cells) and all(map(is_, known[0], cells)):
            return known[2]
        if len(self._rows_drawn) > 4 * self.size.height:
            self._rows_drawn.clear()
        strip = self._row(row, cells, base, header if row < 0 else cursor if under else Style.null(), widths)
        self._rows_drawn[row] = cells, state, strip
        return strip

    def _row(self, row: int, cells: Sequence[Text], base: Style, dress: Style, widths: Sequence[int]) -> Strip:
        ground = base + Style.from_meta({"row": row, "column": 0}) + dress  # what a click is told
        over = Style(color=dress.color) if row >= 0 and dress.color is not None else Style.null()
        console, pad = self.app.console, " " * self.cell_padding
        segments: list[Segment] = []
        for number, (cell, width) in enumerate(zip(cells, widths, strict=False)):
            if row < 0:  # of a heading it matters which one
                ground = base + Style.from_meta({"row": row, "column": number}) + dress
            room = max(0, width - 2 * self.cell_padding)
            size = cell.cell_len
            if size > room:
                cell = cell.copy()
                cell.right_crop(size - room) if cell.plain.isascii() else cell.truncate(room, overflow="crop")
                size = cell.cell_len
            left = {"right": room - size, "center": (room - size) // 2}.get(cell.justify or "left", 0)
            segments.append(Segment(pad + " " * left, ground))
            # A text without spans leaves its own style to whoever prints it.
            own = console.get_style(cell.style) if cell.style else Style.null()
            for text, style, _ in cell.render(console, end=""):
                segments.append(Segment(text, ground + (style or own) + over))
            segments.append(Segment(" " * (room - size - left) + pad, ground))
        strip = Strip(segments).simplify()
        # Behind the last column the cursor ends, as in Textual's own.
        return strip.crop_extend(self.scroll_offset.x, self.scroll_offset.x + self.size.width, ground)

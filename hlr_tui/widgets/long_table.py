"""A table of thousands of rows of which only those in sight cost anything.

Textual's DataTable measures and keeps every cell: 3,000 rows take it most of a second whenever one is added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Blur, Click, Focus
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable

GAP = 2
"""Blanks between columns; there is one before the first."""


class LongTable(ScrollView, can_focus=True):
    """Rows of plain texts by key, with a cursor on rows. Its head stays in sight.

    Attributes:
        cursor_row: the row of the cursor, from 0.
    """

    DEFAULT_CSS = """
    LongTable {
        height: 1fr; background: $surface; color: $foreground; overflow-x: auto; overflow-y: auto;
        & > .long-table--head { background: $panel; color: $foreground; text-style: bold; }
        & > .long-table--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
        }
        &:focus > .long-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        & > .long-table--strong { text-style: bold; color: $text-accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"long-table--{part}" for part in ("head", "cursor", "strong")}
    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("table.first", "home,g", "first", "First row", footer=False),
            Key("table.last", "end,G", "last", "Last row", footer=False),
            Key("table.down", "j", "move(1)", "Row down", footer=False),
            Key("table.up", "k", "move(-1)", "Row up", footer=False),
            Key("table.next", "down", "move(1)", "Row down", footer=False),
            Key("table.previous", "up", "move(-1)", "Row up", footer=False),
            Key("table.page_down", "pagedown", "page(1)", "Page down", footer=False),
            Key("table.page_up", "pageup", "page(-1)", "Page up", footer=False),
            Key("table.select", "enter", "select", "Open the row", footer=False),
        )
    ]

    cursor_row: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """The cursor came to a row."""

        def __init__(self, table: LongTable, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> LongTable:
            return self.table

    class Selected(Highlighted):
        """A row was chosen with Enter or a click on the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heads: tuple[str, ...] = ()
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._rows: list[tuple[str, ...]] = []
        self._right: frozenset[int] = frozenset()
        self._strong = ""
        self._widths: list[int] = []

    def put(
        self, heads: Sequence[str], rows: Mapping[str, Sequence[str]], *, right: Collection[int] = (), strong: str = ""
    ) -> None:
        """Show these rows; the cursor stays on the key that it is on.

        Args:
            right: columns whose cells stand at the right.
            strong: key of a row that stands out.
        """
        new = [tuple(row) for row in rows.values()]
        keys, right = list(rows), frozenset(right)
        if (tuple(heads), new, keys, right, strong) == (self._heads, self._rows, self._keys, self._right, self._strong):
            return
        was = self.key_at_cursor
        columns = zip(heads, *new, strict=True)
        self._widths = [_widest(column) for column in columns]
        self._heads, self._rows, self._keys, self._right, self._strong = tuple(heads), new, keys, right, strong
        self._places = {key: at for at, key in enumerate(keys)}
        self.virtual_size = Size(1 + sum(self._widths) + GAP * len(self._widths), len(keys) + 1)
        at = self._places.get(was, min(self.cursor_row, max(0, len(keys) - 1)))
        if at != self.cursor_row:
            self.cursor_row = at
        self.refresh()

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def get_row_at(self, at: int) -> tuple[str, ...]:
        """The cells of a row."""
        return self._rows[at]

    @property
    def key_at_cursor(self) -> str:
        """The key of the row under the cursor, "" where there is none."""
        return self._keys[self.cursor_row] if 0 <= self.cursor_row < len(self._keys) else ""

    def go_to(self, key: str) -> None:
        """Move the cursor to a row."""
        if key in self._places:
            self.cursor_row = self._places[key]

    # -- keys ---------------------------------------------------------------------------------------------------------

    def validate_cursor_row(self, at: int) -> int:
        return min(max(at, 0), max(0, len(self._rows) - 1))

    def watch_cursor_row(self, before: int, at: int) -> None:
        top, rows = round(self.scroll_offset.y), max(1, self.size.height - 1)
        if not top <= at < top + rows:
            self.scroll_to(y=at if at < top else at + 1 - rows, animate=False, force=True)
        for row in (before, at):
            self._refresh_row(row)
        if self._keys:
            self.post_message(self.Highlighted(self, self.key_at_cursor))

    def _refresh_row(self, row: int) -> None:
        self.refresh(Region(0, row + 1 - round(self.scroll_offset.y), self.size.width, 1))

    def action_move(self, rows: int) -> None:
        self.cursor_row += rows

    def action_page(self, direction: int) -> None:
        self.cursor_row += direction * max(1, self.size.height - 2)

    def action_first(self) -> None:
        self.cursor_row = 0

    def action_last(self) -> None:
        self.cursor_row = len(self._rows)

    def action_select(self) -> None:
        if self._keys:
            self.post_message(self.Selected(self, self.key_at_cursor))

    def on_click(self, event: Click) -> None:
        row = event.y - 1 + round(self.scroll_offset.y)
        if event.y < 1 or row >= len(self._rows):
            return
        if row == self.cursor_row:
            self.action_select()
        self.cursor_row = row

    def on_focus(self, event: Focus) -> None:
        self._refresh_row(self.cursor_row)

    def on_blur(self, event: Blur) -> None:
        self._refresh_row(self.cursor_row)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width, row = self.size.width, y - 1 + round(top)
        if y == 0:
            style = self.get_component_rich_style("long-table--head")
            cells: Sequence[str] = self._heads
        elif row < len(self._rows):
            cells = self._rows[row]
            style = self.rich_style
            if row == self.cursor_row:
                style = self.get_component_rich_style("long-table--cursor")
            elif self._keys[row] == self._strong:
                style = self.get_component_rich_style("long-table--strong")
        else:
            return Strip.blank(width, self.rich_style)
        return self._strip(cells, style).crop_extend(round(left), round(left) + width, style)

    def _strip(self, cells: Sequence[str], style: Style) -> Strip:
        parts = [" "]
        for at, (cell, width) in enumerate(zip(cells, self._widths, strict=True)):
            text = _shown(cell)
            blanks = " " * max(0, width - cell_len(text))
            parts += [blanks + text if at in self._right else text + blanks, " " * GAP]
        line = "".join(parts)
        return Strip([Segment(set_cell_size(line, cell_len(line)), style)])


def _shown(cell: str) -> str:
    return cell if cell.isascii() and cell.isprintable() else printable(cell).replace("\n", " ")


def _widest(cells: Sequence[str]) -> int:
    joined = "".join(cells)
    return max(map(len if joined.isascii() and joined.isprintable() else _width, cells))


def _width(cell: str) -> int:
    return len(cell) if cell.isascii() and cell.isprintable() else cell_len(_shown(cell))

"""A table whose rows come anew again and again, without moving what the user looks at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import BindingType

from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable
from hlr_tui.widgets.quick_table import QuickTable


class RowTable(QuickTable):
    """A table of plain texts, with a cursor on rows: nothing in a cell is markup, nothing drives the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("table.first", "home,g", "scroll_top", "First row", footer=False),
            Key("table.last", "end,G", "scroll_bottom", "Last row", footer=False),
            Key("table.down", "j", "cursor_down", "Row down", footer=False),
            Key("table.up", "k", "cursor_up", "Row up", footer=False),
        )
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heads: tuple[str, ...] = ()
        self._cells: dict[str, tuple[str, ...]] = {}

    def put(
        self,
        heads: Sequence[str],
        rows: Mapping[str, Sequence[str]],
        *,
        right: Collection[int] = (),
    ) -> None:
        """Show these rows, by key. Only cells that changed are drawn; the cursor stays on the key that it is on.

        Args:
            right: columns whose cells stand at the right.
        """
        cells = {key: tuple(map(str, row)) for key, row in rows.items()}
        if tuple(heads) == self._heads and cells == self._cells:
            return

        def text(column: int, value: str) -> Text:
            justify: Any = "right" if column in right else "left"
            return Text(printable(value).replace("\n", " "), justify=justify, no_wrap=True)

        if tuple(heads) == self._heads and list(cells) == list(self._cells):
            for key, row in cells.items():
                for column, (new, old) in enumerate(zip(row, self._cells[key], strict=True)):
                    if new != old:
                        self.update_cell(key, str(column), text(column, new), update_width=True)
        else:
            self._fill(heads, {key: [text(at, value) for at, value in enumerate(row)] for key, row in cells.items()})
        self._heads, self._cells = tuple(heads), cells

    def _fill(self, heads: Sequence[str], rows: Mapping[str, Sequence[Text]]) -> None:
        was, at = self.key_at_cursor, self.cursor_row
        if tuple(heads) == self._heads:
            self.clear()
        else:
            self.clear(columns=True)
            for number, head in enumerate(heads):
                self.add_column(Text(head), key=str(number))
        for key, row in rows.items():
            self.add_row(*row, key=key)
        if was in rows:
            at = list(rows).index(was)
        if rows:
            self.move_cursor(row=min(at, len(rows) - 1), animate=False)

    @property
    def key_at_cursor(self) -> str:
        """The key of the row under the cursor, "" where there is none."""
        keys = list(self._cells)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else ""

    def go_to(self, key: str) -> None:
        """Move the cursor to a row."""
        if key in self._cells:
            self.move_cursor(row=list(self._cells).index(key), animate=False)

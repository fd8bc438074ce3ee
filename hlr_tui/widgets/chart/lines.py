"""A widget that holds ready lines and sends those that changed.

Textual sends a changed line from the left edge of its widget on. A chart is therefore laid out as a row of narrow
widgets of this kind, so that a new point at the right costs a few cells of some lines and not all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Piece = tuple[str, Style]


class Lines(Widget):
    """Lines of text with styles, as many as the widget is high."""

    DEFAULT_CSS = """
    Lines { width: auto; height: auto; }
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._strips: list[Strip] = []

    def set_some(self, changes: Mapping[int, tuple[Strip, int]]) -> None:
        """Replace some lines by row: each with the number of its first cells among which something changed."""
        for y, (strip, _) in changes.items():
            self._strips[y] = strip
        if len(changes) == len(self._strips):
            self.refresh()
        else:
            self.refresh(*(Region(0, y, width, 1) for y, (_, width) in changes.items()))

    def set_lines(self, lines: Sequence[Sequence[Piece]]) -> None:
        """Replace all lines; those that are as they were are not sent again."""
        strips = [Strip([Segment(text, style) for text, style in line]) for line in lines]
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, strips, strict=True)):
            if old != new:
                self.refresh(Region(0, y, max(old.cell_length, new.cell_length), 1))

    def forget(self, rows: int) -> None:
        """Hold `rows` empty lines."""
        self._strips = [Strip.blank(0)] * rows
        self.refresh()

    def render_line(self, y: int) -> Strip:
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

"""Workers and the load of the machine, beside the charts."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.app import ComposeResult
from textual.widget import Widget

from hlr_tui.monitor.crew import Crew, crew_rows
from hlr_tui.tables import printable
from hlr_tui.widgets.chart.lines import Lines, Piece

NAME = 9
"""Columns of the first word of a line."""


class CrewPanel(Widget):
    """A title and one line for each thing; only lines that changed are sent."""

    DEFAULT_CSS = """
    CrewPanel {
        width: 1fr; height: 1fr; padding: 0 1; background: $surface; color: $text;
        & > .crew--muted { color: $text-muted; }
        & > .crew--bar { color: $primary; }
        & > .crew--warning { color: $text-warning; }
        & > Lines { width: 1fr; height: 1fr; background: transparent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"crew--{part}" for part in ("muted", "bar", "warning")}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines = Lines()
        self._crew: Crew | None = None
        self._idle: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._lines

    def on_resize(self) -> None:
        self._draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._draw()

    def put(self, crew: Crew, idle: tuple[str, ...] = ()) -> None:
        """Show who trains.

        Args:
            idle: what to say where nobody does.
        """
        if (crew, idle) != (self._crew, self._idle):
            self._crew, self._idle = crew, idle
            self._draw()

    def _draw(self) -> None:
        width, height = self.content_size
        if self._crew is None or width < 1 or height < 1 or not self.is_attached:
            return
        text, muted = self.rich_style, self.get_component_rich_style("crew--muted")
        bar, warning = self.get_component_rich_style("crew--bar"), self.get_component_rich_style("crew--warning")
        number = len(self._crew.hands)
        title = f"{number} worker{'' if number == 1 else 's'}"
        lines: list[list[Piece]] = [[(set_cell_size(title, width), text + Style(bold=True))]]
        for name, middle, figures in crew_rows(self._crew, width):
            figures = printable(figures)
            room = max(0, width - NAME - cell_len(figures) - 1)
            is_bar = middle[:1] in ("━", "─")
            lines.append(
                [
                    (set_cell_size(printable(name), NAME), muted),
                    (set_cell_size(printable(middle), room), bar if is_bar else text),
                    (f" {figures}", warning if figures.startswith("silent") else muted),
                ]
            )
        lines += [[(set_cell_size(line, width), muted)] for line in self._idle if not number]
        if len(lines) > height:
            left = len(lines) - height + 1
            lines[height - 1 :] = [[(set_cell_size(f"and {left} more: make the terminal larger", width), muted)]]
        lines += [[(" " * width, text)]] * (height - len(lines))
        self._lines.set_lines(lines)

"""One word out of a few, all of them in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from hlr_tui.keys import Key, declare


class OneOf(Widget, can_focus=True):
    """`` simple [damped] total ``: left and right choose. What is too long for a line goes on below it.

    Attributes:
        value: the chosen word; one that is none of the options stands for itself, and nothing is chosen then.
    """

    DEFAULT_CSS = """
    OneOf { height: auto; width: 1fr; pointer: pointer; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("choice.previous", "left", "move(-1)", "Word before", footer=False),
            Key("choice.next", "right,space", "move(1)", "Next word", footer=False),
            Key("choice.done", "enter", "app.focus_next", "Next field", footer=False),
            Key("choice.first", "home", "end(0)", "First word", footer=False),
            Key("choice.last", "end", "end(-1)", "Last word", footer=False),
        )
    ]

    value: reactive[str] = reactive("", layout=True)
    options: reactive[tuple[str, ...]] = reactive((), layout=True, init=False)

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, one_of: OneOf, value: str) -> None:
            super().__init__()
            self.one_of = one_of
            self.value = value

        @property
        def control(self) -> OneOf:
            return self.one_of

    def __init__(self, options: Sequence[str], value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(OneOf.options, tuple(options))
        self.set_reactive(OneOf.value, value)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return sum(map(self._columns, range(len(self.options)))) + cell_len(self._stray)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _columns(self, place: int) -> int:
        """Columns of an option: a blank on either side, or brackets where it is chosen."""
        return cell_len(self.options[place]) + 2

    @property
    def _stray(self) -> str:
        """What is said of a value that is none of the options."""
        return "" if self.value in self.options else f"[{self.value}] is none of "

    def _lines(self, width: int) -> list[list[int]]:
        """The places of the options, line by line."""
        lines: list[list[int]] = [[]]
        room = width - cell_len(self._stray)
        for place in range(len(self.options)):
            if lines[-1] and self._columns(place) > room:
                lines.append([])
                room = width
            lines[-1].append(place)
            room -= self._columns(place)
        return lines

    def render(self) -> Content:
        chosen = "bold reverse" if self.has_focus else "bold"
        parts: list[tuple[str, str]] = [(self._stray, "bold")]
        for number, line in enumerate(self._lines(self.size.width)):
            if number:
                parts.append(("\n", ""))
            for place in line:
                option = self.options[place]
                if option == self.value:
                    parts.append((f"[{option}]", chosen))
                else:
                    parts.append((f" {option} ", "$foreground-muted"))
        return Content.assemble(*parts)

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        lines = self._lines(self.size.width)
        if not 0 <= event.y < len(lines):
            return
        column = cell_len(self._stray) if event.y == 0 else 0
        for place in lines[event.y]:
            column += self._columns(place)
            if event.x < column:
                self._choose(self.options[place])
                return

    def action_move(self, by: int) -> None:
        """Choose the next option, or the one before it; round at the ends."""
        if self.options:
            place = self.options.index(self.value) if self.value in self.options else -max(by, 0)
            self._choose(self.options[(place + by) % len(self.options)])

    def action_end(self, place: int) -> None:
        if self.options:
            self._choose(self.options[place])

    def _choose(self, option: str) -> None:
        if option != self.value:
            self.value = option
            self.post_message(self.Changed(self, option))

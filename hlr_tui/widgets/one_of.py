"""One word out of a few, all of them in sight on one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class OneOf(Widget, can_focus=True):
    """``simple [damped] total``: left and right choose; where the line is too short, ``[damped] total 2/3``.

    Attributes:
        value: the chosen word; one that is none of the options stands for itself, and nothing is chosen then.
    """

    DEFAULT_CSS = """
    OneOf { height: 1; width: 1fr; pointer: pointer; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Previous", show=False),
        Binding("right,space", "move(1)", "Next", show=False),
        Binding("home", "end(0)", "First", show=False),
        Binding("end", "end(-1)", "Last", show=False),
    ]

    value: reactive[str] = reactive("")
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
        return self._width(range(len(self.options)), 2)

    def _width(self, shown: Sequence[int], gap: int = 1) -> int:
        """Columns of these options, `gap` between one and the next."""
        return sum(cell_len(self.options[place]) + gap for place in shown) + 2 - gap

    @property
    def _gap(self) -> int:
        """Between two options there are two columns, or only one where it is tight: the mark of the chosen one."""
        return 2 if self._width(range(len(self.options)), 2) <= self.size.width else 1

    def _shown(self) -> range:
        """The places of the options in sight: all of them, or what there is room for from the chosen one on."""
        every = range(len(self.options))
        chosen = self.options.index(self.value) if self.value in self.options else 0
        if self._width(every) <= self.size.width:
            return every
        first = last = chosen
        room = self.size.width - len(self._place())
        while True:
            if last + 1 < len(self.options) and self._width(range(first, last + 2)) <= room:
                last += 1
            elif first > 0 and self._width(range(first - 1, last + 1)) <= room:
                first -= 1
            else:
                return range(first, last + 1)

    def _place(self) -> str:
        return f" {self.options.index(self.value) + 1 if self.value in self.options else '?'}/{len(self.options)}"

    def render(self) -> Content:
        chosen = "bold reverse" if self.has_focus else "bold"
        parts: list[tuple[str, str]] = []
        if self.value not in self.options:
            parts.append((f"[{self.value}] none of", "bold"))
        shown = self._shown()
        spare = self._gap == 2
        before = " "
        for place in shown:
            option = self.options[place]
            if option == self.value:
                parts.append((f"[{option}]", chosen))
            else:
                parts.append((f"{before}{option}{' ' * spare}", "$foreground-muted"))
            before = "" if option == self.value and not spare else " "
        if len(shown) < len(self.options):
            parts.append((self._place(), "$foreground-muted"))
        return Content.assemble(*parts)

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        column = 0
        for place in self._shown():
            column += cell_len(self.options[place]) + self._gap
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

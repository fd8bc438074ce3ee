"""A list of values that the arrow keys move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from hlr_tui.keys import Key, declare
from hlr_tui.lab.bench import Dial

MUTED = "$foreground 60%"
"""Not $text-muted, which is measured against a background that these lists do not have."""
NAME_WIDTH, VALUE_WIDTH = 16, 9


class Dials(OptionList):
    """Dials in groups: up and down choose one, left and right turn it.

    The widget only asks: its owner answers every message and shows the dials as they then stand.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("lab.down", "left", "turn(-1)", "Less"),
            Key("lab.up", "right", "turn(1)", "More"),
            Key("lab.far_down", "shift+left,less_than_sign", "turn(-1, True)", "Much less", footer=False),
            Key("lab.far_up", "shift+right,greater_than_sign", "turn(1, True)", "Much more", footer=False),
            Key("lab.type", "enter", "screen.type_value", "Type"),
            Key("lab.default", "backspace,delete", "reset", "Default"),
        )
    ]

    @dataclass
    class Turned(Message):
        """A dial is to move by `steps` (1 or -1)."""

        group: str
        name: str
        steps: int
        large: bool

    @dataclass
    class Reset(Message):
        """A dial is to go back to its default."""

        group: str
        name: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._groups: list[tuple[str, str, Sequence[Dial]]] = []

    def put(self, groups: Sequence[tuple[str, str, Sequence[Dial]]]) -> None:
        """Show groups of dials: the id of each group, its heading, its dials."""
        shape = [(group, [dial.name for dial in dials]) for group, _, dials in groups]
        same = shape == [(group, [dial.name for dial in dials]) for group, _, dials in self._groups]
        self._groups = list(groups)
        prompts: list[tuple[str | None, Content]] = []
        for group, heading, dials in groups:
            prompts.append((None, Content.styled(heading, "bold $primary")))
            prompts += [(f"{group} {dial.name}", self._prompt(dial)) for dial in dials]
            if not dials:
                prompts.append((None, Content.styled("  no parameters", MUTED)))
        if same:
            for index, (_, prompt) in enumerate(prompts):
                before = self.get_option_at_index(index).prompt
                if before != prompt:
                    self.replace_option_prompt_at_index(index, prompt)
                    # The list takes the height of its entries, and notices that only when it is laid out.
                    if "\n" in str(before) or "\n" in str(prompt):
                        self.refresh(layout=True)
            return
        self.clear_options()
        self.add_options([Option(prompt, id=id, disabled=id is None) for id, prompt in prompts])
        ids = [id for id, _ in prompts]
        self.highlighted = next((index for index, id in enumerate(ids) if id is not None), None)

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Group and name of the highlighted dial."""
        option = self.highlighted_option
        if option is None or option.id is None:
            return None
        group, _, name = option.id.partition(" ")
        return group, name

    def dial(self, group: str, name: str) -> Dial:
        return next(dial for id, _, dials in self._groups if id == group for dial in dials if dial.name == name)

    def on_resize(self) -> None:
        groups, self._groups = self._groups, []
        self.put(groups)

    def action_turn(self, steps: int, large: bool = False) -> None:
        if self.chosen is not None:
            self.post_message(self.Turned(*self.chosen, steps, large))

    def action_reset(self) -> None:
        if self.chosen is not None:
            self.post_message(self.Reset(*self.chosen))

    def _prompt(self, dial: Dial) -> Content:
        width = max(self.scrollable_content_region.width - 2, NAME_WIDTH + VALUE_WIDTH + 2)
        bar = width - NAME_WIDTH - VALUE_WIDTH - 4
        value = dial.text
        parts: list[Content | str | tuple[str, str]] = [
            ("• " if dial.changed else "  ", "$accent"),
            f"{dial.name:<{NAME_WIDTH}} ",
            (f"{value:<{VALUE_WIDTH}}", "bold" if dial.changed else ""),
        ]
        if dial.share is not None and bar >= 4 and len(value) <= VALUE_WIDTH:
            at = round(dial.share * (bar - 1))
            parts += [
                (" " + "─" * at, MUTED),
                ("●" if dial.changed else "○", "$accent"),
                ("─" * (bar - 1 - at), MUTED),
            ]
        for said in dial.problems:
            parts.append((f"\n  ✗ {said}", "bold"))
        return Content.assemble(*parts)

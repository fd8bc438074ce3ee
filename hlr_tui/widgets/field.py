"""One field of a form: its name, its control, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from core.errors import Problem
from core.params import Choice, Flag, Real, Text, Whole, Wholes, Words
from hlr_tui.forms.fields import Field, is_given
from hlr_tui.forms.values import Raw, default_words
from hlr_tui.tables import printable
from hlr_tui.widgets.one_of import OneOf
from hlr_tui.widgets.picks import Picks

LABEL_WIDTH = 19
INPUT_WIDTH = 26
MARGIN = 1
"""Columns between a control and its note."""
MIN_NOTE = 30
"""Columns below which a note says too little; the line at the bottom of the screen says it in full."""


class FieldRow(Widget):
    """A field on one line (a list takes more): ``▸● epochs  [control]  note``.

    ▸ is where the focus is, ● what differs from the default, ✗ what is wrong. Name and note are drawn by the row itself
    and are no widgets of their own: a form has many rows, and every widget has its price in each layout.
    """

    DEFAULT_CSS = """
    FieldRow { layout: horizontal; height: auto; width: 1fr; padding: 0 1 0 0; }
    FieldRow > Input { width: 26; margin: 0 0 0 19; }
    FieldRow > OneOf { width: auto; min-width: 26; max-width: 100%; margin: 0 0 0 19; }
    """

    class Changed(Message):
        """The field holds something else; "" where it was emptied."""

        def __init__(self, row: FieldRow, raw: Raw) -> None:
            super().__init__()
            self.row = row
            self.raw = raw

        @property
        def control(self) -> FieldRow:
            return self.row

    def __init__(self, field: Field, raw: Raw) -> None:
        super().__init__()
        self.field = field
        self._raw = raw
        self._problems: Sequence[Problem] = ()
        self._shown = raw if isinstance(raw, str) else ""
        """The text of the input as far as this row knows."""
        self._unheard = 0
        """Changes that the owner has not taken over yet."""
        self._control = self._made(field, raw)

    def _made(self, field: Field, raw: Raw) -> Widget:
        text = raw if isinstance(raw, str) else ""
        if field.searched:
            return Input(text, placeholder=_placeholder(field), compact=True)
        match field.param:
            case Whole() | Real() | Text() | Wholes():
                return Input(text, placeholder=_placeholder(field), compact=True)
            case Choice():
                return OneOf(field.param.options, text or field.default)
            case Flag():
                return OneOf(("false", "true"), text or field.default)
            case Words():
                return Picks(field.picks, raw if raw != "" else default_words(field.key))
            case _:
                assert_never(field.param)

    def compose(self) -> ComposeResult:
        yield self._control

    @property
    def problems(self) -> Sequence[Problem]:
        return self._problems

    @property
    def is_set(self) -> bool:
        """It says something that would not hold without it."""
        return is_given(self.field, self._raw)

    @property
    def chosen_about(self) -> str:
        """What the line of a list that has the cursor stands for, "" for other fields."""
        return self._control.about if isinstance(self._control, Picks) else ""

    def focus_control(self) -> None:
        self._control.focus()

    def lay(self, field: Field, raw: Raw) -> None:
        """Show the field as it is declared and filled in now; the kind of its parameter stays the same.

        What somebody has typed and `raw` does not say yet stays.
        """
        control = self._control
        if self._unheard or (isinstance(control, Input) and control.value != self._shown):
            raw = self._raw
        same, self.field, self._raw = field == self.field and raw == self._raw, field, raw
        text = raw if isinstance(raw, str) else ""
        if isinstance(control, Input):
            control.placeholder = _placeholder(field)
            if control.value == self._shown and self._shown.strip() != text and not self._unheard:
                with self.prevent(Input.Changed):
                    control.value = self._shown = text
        elif isinstance(control, OneOf):
            assert isinstance(field.param, (Choice, Flag))
            control.options = field.param.options if isinstance(field.param, Choice) else ("false", "true")
            control.value = text or field.default
        elif isinstance(control, Picks) and not same:
            control.lay(field.picks, raw if raw != "" else default_words(field.key))
        self.refresh()

    def blame(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with the field; nothing where there are no problems."""
        if list(problems) != list(self._problems):
            self._problems = problems
            self.refresh()

    def on_descendant_focus(self) -> None:
        self.refresh()

    def on_descendant_blur(self) -> None:
        self.refresh()

    def render(self) -> Content:
        if isinstance(self._control, Picks):
            return Content("")  # the list fills the row; the section says what it is
        focused = self._control.has_focus
        mark = "✗" if self._problems else "●" if self.is_set else " "
        label = set_cell_size(f"{'▸' if focused else ' '}{mark} {printable(self.field.label)}", LABEL_WIDTH - 1)
        label_style = "$text-error" if self._problems else "bold" if focused else ""
        begin = self._control.region.right - self.region.x + MARGIN
        room = self.size.width - begin
        note = printable(self._problems[0].legal if self._problems else self.field.help)
        if room < MIN_NOTE and not self._problems:
            note = ""
        elif cell_len(note) > room:
            note = set_cell_size(note, max(room - 1, 0)).rstrip() + "…"
        note_style = "$text-error" if self._problems else "$foreground-muted"
        gap = " " * max(0, begin - cell_len(label))
        return Content.assemble((label, label_style), gap, (note, note_style))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._shown = event.value
        self._take(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def on_one_of_changed(self, event: OneOf.Changed) -> None:
        event.stop()
        self._take("" if event.value == self.field.default else event.value)

    def on_picks_changed(self, event: Picks.Changed) -> None:
        event.stop()
        self._take(event.raw)

    def _take(self, raw: Raw) -> None:
        if raw != self._raw:
            self._raw = raw
            self._unheard += 1
            self.refresh()
            self.post_message(self.Changed(self, raw))

    def heard(self) -> None:
        """The owner has taken over a change."""
        self._unheard -= 1


def _placeholder(field: Field) -> str:
    """What holds where nothing is typed, with the formula behind it where there is room for it."""
    whole = f"{field.default} = {field.formula}"
    return printable(whole if field.formula and cell_len(whole) < INPUT_WIDTH else field.default)

"""The form of an experiment: its sections, and the list of them that leads through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from core.errors import Problem
from hlr_tui.forms.fields import Field, Section, is_given
from hlr_tui.forms.values import Values
from hlr_tui.forms.verdict import by_field
from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable
from hlr_tui.widgets.field import FieldRow
from hlr_tui.widgets.form_section import SectionBox

NAV_WIDTH = 15


class Fields(VerticalScroll, can_focus=False):
    """The sections, one below the other; up and down go from field to field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("fields.previous", "up", "app.focus_previous", "Field before", footer=False),
            Key("fields.next", "down", "app.focus_next", "Next field", footer=False),
        )
    ]


class Form(Horizontal):
    """Sections and their fields.

    The owner lays sections and problems; a field that changes tells it with `FieldRow.Changed`.
    """

    DEFAULT_CSS = """
    Form > OptionList { width: 15; height: 1fr; border: none; padding: 0; background: $panel; }
    Form > OptionList:focus { border: none; }
    Form > Fields { width: 1fr; height: 1fr; padding: 0 0 0 1; scrollbar-size-vertical: 1; }
    """

    class Entered(Message):
        """The focus is on another field, or on none."""

        def __init__(self, row: FieldRow | None) -> None:
            super().__init__()
            self.row = row

    def __init__(self, sections: Sequence[Section], values: Values, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._values = values
        self._boxes = {section.key: SectionBox(section, values) for section in sections}
        self._nav = OptionList(id="sections", markup=False, compact=True)
        self._fields = Fields(*self._boxes.values(), id="fields")
        self._problems: dict[str, list[Problem]] = {}
        self._marks: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self._nav
        yield self._fields

    def on_mount(self) -> None:
        self._draw_nav()
        self._nav.highlighted = 0

    def rows(self) -> Iterator[FieldRow]:
        for box in self._boxes.values():
            yield from box.rows()

    async def lay(self, sections: Sequence[Section], values: Values) -> None:
        """Show these sections; fields that stay keep the focus."""
        self._values = values
        wanted = {section.key for section in sections}
        with self.app.batch_update():
            for key in [key for key in self._boxes if key not in wanted]:
                await self._boxes.pop(key).remove()
            last: SectionBox | None = None
            boxes: dict[str, SectionBox] = {}
            for section in sections:
                box = self._boxes.get(section.key)
                if box is None:
                    box = SectionBox(section, values)
                    await self._fields.mount(box, after=last)
                else:
                    await box.lay(section, values)
                boxes[section.key] = last = box
            self._boxes = boxes
            self._blame_rows()
            self._draw_nav()

    def blame(self, problems: Sequence[Problem]) -> list[Problem]:
        """Show problems at their fields; returns those without a field."""
        keys = {field.key for box in self._boxes.values() for field in _fields_in(box.section)}
        self._problems, rest = by_field(problems, keys)
        self._blame_rows()
        self._draw_nav()
        return rest

    def _blame_rows(self) -> None:
        for box in self._boxes.values():
            for row in box.rows():
                row.blame(self._problems.get(row.field.key, []))
            for fold in box.folds():
                fold.blame(sum(field.key in self._problems for field in fold.fold.fields))

    def on_fold_box_filled(self) -> None:
        self._blame_rows()

    def first_wrong(self) -> str:
        """Key of the first field with a problem, "" where there is none."""
        for box in self._boxes.values():
            for field in _fields_in(box.section):
                if field.key in self._problems:
                    return field.key
        return ""

    async def go_to(self, key: str) -> None:
        """Put the focus on a field, unfolding what hides it."""
        for box in self._boxes.values():
            for fold in box.folds():
                if any(field.key == key for field in fold.fold.fields):
                    await fold.open()
            for row in box.rows():
                if row.field.key == key:
                    row.focus_control()

    def focus_sections(self) -> None:
        self._nav.focus()

    def jump(self, by: int) -> None:
        """Put the focus on the first field of the next section, or of the one before."""
        keys = list(self._boxes)
        here = self._section_of(self.screen.focused) or self._highlighted()
        place = keys.index(here) if here in keys else 0
        self.enter(keys[(place + by) % len(keys)])

    def enter(self, key: str) -> None:
        """Put the focus into a section."""
        box = self._boxes[key]
        box.focus_first()
        box.scroll_visible(animate=False, top=True)

    def _highlighted(self) -> str:
        option = self._nav.highlighted_option
        return option.id or "" if option is not None else ""

    def _section_of(self, widget: Widget | None) -> str:
        node = widget
        while node is not None and node is not self:
            if isinstance(node, SectionBox):
                return node.section.key
            node = node.parent if isinstance(node.parent, Widget) else None
        return ""

    def on_descendant_focus(self) -> None:
        focused = self.screen.focused
        key = self._section_of(focused)
        if key:
            with self.prevent(OptionList.OptionHighlighted):
                self._nav.highlighted = list(self._boxes).index(key)
        node = focused
        while node is not None and not isinstance(node, FieldRow):
            node = node.parent if isinstance(node.parent, Widget) else None
        self.post_message(self.Entered(node))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list is self._nav:
            event.stop()
            if event.option_id in self._boxes and self._nav.has_focus:
                self._boxes[event.option_id].scroll_visible(animate=False, top=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list is self._nav and event.option_id in self._boxes:
            event.stop()
            self.enter(event.option_id)

    def _draw_nav(self) -> None:
        """Each section with what is wrong or set in it."""
        marks = []
        for key, box in self._boxes.items():
            fields = list(_fields_in(box.section))
            wrong = sum(field.key in self._problems for field in fields)
            given = any(is_given(field, self._values.get(field.key, "")) for field in fields)
            marks.append((key, f"✗{wrong}" if wrong else "●" if given else ""))
        if marks == self._marks:
            return
        same = [key for key, _ in marks] == [key for key, _ in self._marks]
        self._marks = marks
        prompts = []
        for key, mark in marks:
            title = printable(self._boxes[key].section.title)
            style = "$text-error" if mark.startswith("✗") else ""
            prompts.append(Content.styled(f" {title:<{NAV_WIDTH - 4}}{mark:<2}", style))
        if same:
            for index, prompt in enumerate(prompts):
                self._nav.replace_option_prompt_at_index(index, prompt)
            return
        here = self._highlighted()
        with self.prevent(OptionList.OptionHighlighted):
            self._nav.clear_options()
            self._nav.add_options([Option(prompt, id=key) for prompt, (key, _) in zip(prompts, marks, strict=True)])
            keys = list(self._boxes)
            self._nav.highlighted = keys.index(here) if here in keys else 0


def _fields_in(section: Section) -> Iterator[Field]:
    yield from section.fields
    for fold in section.folds:
        yield from fold.fields

"""A list with boxes to tick, under headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from hlr_tui.forms.fields import Pick
from hlr_tui.forms.values import Raw, Word
from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable

ALL = "all"


class Picks(OptionList):
    """Words to choose several of; the boxes are written, so that they can be told apart without colours."""

    DEFAULT_CSS = """
    Picks { height: auto; max-height: 100%; border: none; padding: 0 0 0 2; background: transparent; }
    Picks.-textual-compact { padding: 0 0 0 1; }
    Picks:focus { border: none; }
    Picks { text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("new.tick", "space", "select", "Tick"),
            Key("new.family", "a", "family", "Whole family"),
            Key("new.all", "A", "all", "All", footer=False),
            Key("new.none", "n", "none", "None"),
        )
    ]

    class Changed(Message):
        """Something was ticked or unticked; `raw` is "all" where everything is."""

        def __init__(self, picks: Picks, raw: Raw) -> None:
            super().__init__()
            self.picks = picks
            self.raw = raw

        @property
        def control(self) -> Picks:
            return self.picks

    def __init__(self, picks: Sequence[Pick], raw: Raw, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._picks: list[Pick] = []
        self._ticked: list[Word] = []
        self.lay(picks, raw)

    @property
    def about(self) -> str:
        """What the line with the cursor stands for: ``WH warmup_hyperbolic: linear warm-up, then …``."""
        option = self.highlighted_option
        if option is None or option.id is None or not option.id.isdecimal():
            return ""
        pick = self._picks[int(option.id)]
        names = dict.fromkeys(word for word in (pick.code, pick.name) if word)
        return f"{' '.join(names)}: {pick.summary}" if pick.summary else " ".join(names)

    def lay(self, picks: Sequence[Pick], raw: Raw) -> None:
        """Show what can be chosen, with the words of `raw` ticked."""
        place = self.highlighted
        self._picks = list(picks)
        self._ticked = [pick.word for pick in picks] if raw == ALL else [*raw]
        self.clear_options()
        heading = ""
        for index, pick in enumerate(self._picks):
            if pick.group and pick.group != heading:
                heading = pick.group
                self.add_option(Option(self._heading(heading), id=f"of {heading}", disabled=True))
            self.add_option(Option(self._prompt(pick), id=str(index)))
        if place is not None and place < self.option_count:
            self.highlighted = place

    def _heading(self, group: str) -> Content:
        """The name of a family, and how many of it are ticked."""
        words = self._words_of(group)
        ticked = sum(word in self._ticked for word in words)
        return Content.assemble((printable(group), "italic"), (f"  {ticked} of {len(words)}", "dim"))

    def _words_of(self, group: str) -> list[Word]:
        return [pick.word for pick in self._picks if pick.group == group]

    def _prompt(self, pick: Pick) -> Content:
        box = "[x] " if pick.word in self._ticked else "[ ] "
        code = set_cell_size(pick.code, max([4, *(cell_len(each.code) + 2 for each in self._picks)]))
        name = set_cell_size(pick.name, max(cell_len(each.name) for each in self._picks if each.code) + 2)
        parts: list[tuple[str, str]] = [(box, "bold"), (printable(code), "bold" if pick.word in self._ticked else "")]
        if pick.name and pick.name != pick.code:
            parts.append((printable(name if pick.code else pick.name + "  "), ""))
        return Content.assemble(*parts, (printable(pick.summary), "dim"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is None:
            return
        word = self._picks[int(event.option_id)].word
        ticked = [each for each in self._ticked if each != word]
        self._tick(ticked if word in self._ticked else [*self._ticked, word])

    def action_family(self) -> None:
        """Tick every word under the heading of the line with the cursor, or none where all of them are."""
        option = self.highlighted_option
        if option is None or option.id is None or not option.id.isdecimal():
            return
        words = self._words_of(self._picks[int(option.id)].group)
        rest = [word for word in self._ticked if word not in words]
        self._tick(rest if all(word in self._ticked for word in words) else [*rest, *words])

    def action_all(self) -> None:
        """Tick everything."""
        self._tick([pick.word for pick in self._picks])

    def action_none(self) -> None:
        """Untick everything."""
        self._tick([])

    def action_cursor_down(self) -> None:
        """Down, and to the next field from the last line."""
        if self.highlighted is not None and self.highlighted >= self.option_count - 1:
            self.screen.focus_next()
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Up, and to the field before from the first line."""
        first = next((index for index, option in enumerate(self.options) if not option.disabled), 0)
        if self.highlighted is None or self.highlighted <= first:
            self.screen.focus_previous()
        else:
            super().action_cursor_up()

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        if highlighted is not None and self.has_focus:
            self.call_after_refresh(self._into_view, highlighted)

    def _into_view(self, line: int) -> None:
        """Scroll what the list stands in, as the list itself is as long as its options."""
        for node in self.ancestors:
            if isinstance(node, VerticalScroll):
                top = self.region.y - node.region.y + round(node.scroll_y) + line
                node.scroll_to_region(Region(0, top, 1, 1), animate=False)
                return

    def _tick(self, words: Sequence[Word]) -> None:
        self._ticked = [pick.word for pick in self._picks if pick.word in words]
        for index, pick in enumerate(self._picks):
            self.replace_option_prompt(str(index), self._prompt(pick))
        for group in dict.fromkeys(pick.group for pick in self._picks if pick.group):
            self.replace_option_prompt(f"of {group}", self._heading(group))
        every = len(self._ticked) == len(self._picks) and all(isinstance(word, str) for word in self._ticked)
        self.post_message(self.Changed(self, ALL if every else [*self._ticked]))

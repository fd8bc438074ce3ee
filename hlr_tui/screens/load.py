"""Which spec: a list of those at hand that gets shorter while one types, or a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from hlr_tui.forms.spec_files import Entry, at_hand, below, is_path, matching
from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable

NONE = "nothing of that name; a path begins with / or ~ or ."


class LoadScreen(ModalScreen[Path | None]):
    """Ask for a spec file; None where the user changed their mind.

    Args:
        workspace: whose launched specs are offered, too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("load.leave", "escape", "leave", "Cancel"),
            Key("load.up", "up", "step(-1)", "Up", footer=False),
            Key("load.down", "down", "step(1)", "Down", footer=False),
            Key("load.complete", "tab", "complete", "Take over the line of the list", footer=False),
        )
    ]
    DEFAULT_CSS = """
    LoadScreen { align: center middle; }
    LoadScreen > Vertical {
        width: 100; max-width: 95%; height: auto; max-height: 90%; padding: 0 1; background: $surface;
        border: round $primary;
    }
    LoadScreen #title { text-style: bold; }
    LoadScreen OptionList { height: auto; max-height: 24; border: none; padding: 0; background: transparent; }
    LoadScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    LoadScreen #hint { color: $text-muted; }
    LoadScreen.-narrow OptionList { max-height: 12; }
    """

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-narrow"), (34, "-tall")]
        self._workspace = workspace
        self._at_hand: list[Entry] = []
        self._shown: Sequence[Entry] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Load a spec into the form", id="title", markup=False)
            yield Input(placeholder="type to find one, or a path", compact=True)
            files = OptionList(markup=False, compact=True)
            files.can_focus = False
            yield files
            yield Static("↑ ↓ enter: load   tab: complete   esc: cancel", id="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.run_worker(self._look, thread=True, exit_on_error=False)

    def _look(self) -> None:
        found = at_hand(Path.cwd(), self._workspace)
        if self.app.is_running and self.is_attached:
            self.app.call_from_thread(self._found, found)

    def _found(self, found: list[Entry]) -> None:
        self._at_hand = found
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()

    def _draw(self) -> None:
        text = self.query_one(Input).value.strip()
        self._shown = below(text) if is_path(text) else matching(self._at_hand, text)
        files = self.query_one(OptionList)
        files.clear_options()
        width = max((cell_len(printable(entry.shown)) for entry in self._shown), default=0) + 2
        group = ""
        for index, entry in enumerate(self._shown):
            if entry.group != group:
                group = entry.group
                files.add_option(Option(Content.styled(group, "italic dim"), disabled=True))
            name = set_cell_size(printable(entry.shown), width)
            files.add_option(Option(Content.assemble("  ", name, (printable(entry.about), "dim")), id=str(index)))
        if self._shown:
            files.action_first()
        elif text:
            files.add_option(Option(Content.styled(NONE, "dim"), disabled=True))

    def _entry(self) -> Entry | None:
        option = self.query_one(OptionList).highlighted_option
        return self._shown[int(option.id)] if option is not None and option.id is not None else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        path = Path(typed).expanduser()
        if typed and path.is_file():
            self.dismiss(path)
        elif (entry := self._entry()) is not None:
            self._take(entry)
        elif is_path(typed) or path.suffix == ".toml":  # what is wrong with it is told where it is loaded
            self.dismiss(path)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        entry = self._entry()
        if entry is not None:
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.folder:
            self._type(entry.shown)
        else:
            self.dismiss(entry.path)

    def _type(self, text: str) -> None:
        field = self.query_one(Input)
        field.value = text
        field.action_end()

    def action_complete(self) -> None:
        entry = self._entry()
        if entry is not None:
            self._type(entry.shown if is_path(entry.shown) else str(entry.path))

    def action_step(self, by: int) -> None:
        files = self.query_one(OptionList)
        if by > 0:
            files.action_cursor_down()
        else:
            files.action_cursor_up()

    def action_leave(self) -> None:
        self.dismiss(None)

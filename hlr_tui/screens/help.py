"""Every key by screen, as the user has them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from hlr_tui.keys import EVERYWHERE, KEYS, WINDOWS, Key, declare, key_text, keys_now

if TYPE_CHECKING:
    from hlr_tui.app import HlrApp


class HelpScreen(ModalScreen[None]):
    """The table of keys, in which the screen that was asked from comes first.

    Args:
        mode: that screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("help.close", "escape,q,question_mark,f1", "dismiss", "Close"),
            Key("help.down", "j", "scroll(1)", "Scroll down", footer=False),
            Key("help.up", "k", "scroll(-1)", "Scroll up", footer=False),
        )
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical {
        width: 76; max-width: 95%; height: 90%; background: $surface; border: round $primary;
        border-subtitle-color: $text-muted;
    }
    HelpScreen VerticalScroll { padding: 1 2; scrollbar-size-vertical: 1; }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Keys"
            box.border_subtitle = "↑↓ scroll · esc closes"
            with VerticalScroll():
                yield Static("reading …", id="keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self.run_worker(self._read, thread=True)

    def _read(self) -> None:
        from hlr_tui.app import import_screens

        import_screens()  # a screen declares its keys when it is imported, which may not have happened yet
        if self.app.is_running:
            self.app.call_from_thread(self._show)

    def _show(self) -> None:
        app = cast("HlrApp", self.app)
        accent = app.theme_variables.get("text-primary", "")
        self.query_one("#keys", Static).update(Group(*_blocks(self._mode, app.config.keys, accent)))

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _blocks(mode: str, remapped: Mapping[str, str], accent: str) -> Iterator[Table | Text]:
    places: dict[str, list[Key]] = {}
    for key in KEYS:
        places.setdefault(key.where, []).append(key)
    first = [mode] if mode in places else []
    between = [where for where in places if where not in (*first, EVERYWHERE, *WINDOWS)]
    for where in [*first, EVERYWHERE, *between, *(where for where in WINDOWS if where in places)]:
        title = where.capitalize() + (" (this screen)" if where == mode else "")
        yield Text(title, style=f"bold underline {accent}".strip())
        yield key_table(places[where], remapped)
        yield Text()
    yield Text('Other keys: [keys] in the settings file (f2 shows where), "monitor.log" = "L".', style="dim")


def key_table(keys: list[Key], remapped: Mapping[str, str]) -> Table:
    """Keys, what they do, and the id that the settings file knows them by."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=14, no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", style="dim")
    for key in keys:
        shown = " ".join(map(key_text, keys_now(key, remapped)))
        mark = " *" if key.id in remapped else ""
        table.add_row(Text(shown + mark, style="bold"), Text(key.help), Text(key.id))
    return table

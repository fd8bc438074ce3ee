"""One run: what it is, how it stands, and the end of its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from core.errors import HlrError
from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from hlr_tui.desk import Desk

REFRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Found:
    details: tuple[tuple[str, str], ...]
    log: str


class RunScreen(ModalScreen[None]):
    """Details above, the log below; both follow the run. Esc closes it.

    Args:
        title: names the run on one line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("run.close", "escape,q,enter", "dismiss", "Close"),
            Key("run.switch", "tab", "app.focus_next", "Details or log", footer=False),
        )
    ]
    DEFAULT_CSS = """
    RunScreen { align: center middle; }
    RunScreen > Vertical {
        width: 95%; max-width: 140; height: 90%;
        background: $surface; border: round $primary; border-title-color: $text; border-subtitle-color: $text-muted;
    }
    RunScreen VerticalScroll { padding: 0 1; border-top: solid $surface-lighten-2; border-title-color: $text-muted; }
    RunScreen VerticalScroll:focus { border-top: solid $primary; border-title-color: $text; }
    RunScreen #details { height: auto; max-height: 60%; border-top: none; }
    RunScreen #log { height: 1fr; min-height: 4; }
    """

    def __init__(self, desk: Desk, run_id: str, title: str) -> None:
        super().__init__()
        self._desk = desk
        self._run_id = run_id
        self._title = title
        self._shown: _Found | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = printable(self._title).replace("[", r"\[")
            box.border_subtitle = "tab details or log · esc closes"
            with VerticalScroll(id="details"):
                yield Static(id="facts", markup=False)
            with VerticalScroll(id="log") as log:
                log.border_title = "log of its worker"
                yield Static(id="lines", markup=False)

    def on_mount(self) -> None:
        self.query_one("#log").focus()
        self.look()
        self.set_interval(REFRESH_SECONDS, self.look)

    def look(self) -> None:
        self.run_worker(self._look, thread=True, exclusive=True)

    def _look(self) -> None:
        found = self._read()
        if self.app.is_running:
            self.app.call_from_thread(self._show, found)

    def _read(self) -> _Found:
        from core.storage.runs import get_run
        from hlr_tui.monitor.details import details
        from hlr_tui.screens.notice import tail

        try:
            run = get_run(self._desk.db(), self._run_id)
        except HlrError as error:
            return _Found((("error", str(error)),), "")
        if run is None:
            return _Found((("state", "no longer in the database"),), "")
        # The log is its worker's: other runs of that worker stand in it, too.
        log = tail(Path(run.log)) if run.log else "no worker has taken this run yet"
        return _Found(tuple(details(run)), log)

    def _show(self, found: _Found) -> None:
        if found == self._shown or not self.is_attached:
            return
        scroll = self.query_one("#log", VerticalScroll)
        at_end = self._shown is None or scroll.scroll_y >= scroll.max_scroll_y - 1
        self._shown = found
        self.query_one("#facts", Static).update(_table(found.details))
        self.query_one("#lines", Static).update(printable(found.log))
        if at_end:
            self.call_after_refresh(scroll.scroll_end, animate=False)


def _table(pairs: tuple[tuple[str, str], ...]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in pairs:
        table.add_row(
            Text(printable(name), style="dim"), Text(printable(text), style="bold" if name == "error" else "")
        )
    return table

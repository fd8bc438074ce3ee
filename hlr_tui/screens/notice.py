"""A text to read: addresses to copy, the tail of a log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable

TAIL_BYTES = 64_000
REFRESH_SECONDS = 1.0


def tail(path: Path, most: int = TAIL_BYTES) -> str:
    """The last `most` bytes of a text file, from the beginning of a line; or why it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            text = file.read(most).decode("utf-8", "replace")
    except FileNotFoundError:
        return f"{path}: not written yet"
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}"
    if size > most:
        text = "…\n" + text.partition("\n")[2]
    return text or f"{path}: is empty"


class NoticeScreen(ModalScreen[None]):
    """Show a text; Esc closes it.

    Args:
        title: one line.
        read: gives the text; called in a thread, again and again where `follow` is set.
        follow: keep showing the end of a text that grows, unless the user has scrolled up.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("notice.close", "escape,enter,q", "dismiss", "Close"),
            Key("notice.end", "end", "end", "End", footer=False),
        )
    ]
    DEFAULT_CSS = """
    NoticeScreen { align: center middle; }
    NoticeScreen > Vertical {
        width: 95%; max-width: 120; height: auto; max-height: 90%;
        padding: 0 1; background: $surface; border: round $primary; border-title-color: $text;
        border-subtitle-color: $text-muted;
    }
    NoticeScreen VerticalScroll { height: auto; max-height: 100%; padding: 1 1; }
    """

    def __init__(self, title: str, read: Callable[[], str], *, follow: bool = False) -> None:
        super().__init__()
        self._title = title
        self._read = read
        self._follow = follow
        self._text = ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = printable(self._title).replace("[", r"\[")
            box.border_subtitle = "esc closes"
            with VerticalScroll():
                yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self.look()
        if self._follow:
            self.set_interval(REFRESH_SECONDS, self.look)

    def look(self) -> None:
        self.run_worker(self._look, thread=True, exclusive=True)

    def _look(self) -> None:
        text = self._read()
        if self.app.is_running:
            self.app.call_from_thread(self._show, text)

    def _show(self, text: str) -> None:
        if text == self._text or not self.is_attached:
            return
        scroll = self.query_one(VerticalScroll)
        at_end = not self._text or scroll.scroll_y >= scroll.max_scroll_y - 1
        self._text = text
        self.query_one("#text", Static).update(printable(text))
        if self._follow and at_end:
            self.call_after_refresh(scroll.scroll_end, animate=False)

    def action_end(self) -> None:
        self.query_one(VerticalScroll).scroll_end(animate=False)

"""A screen that looks at the engine again and again while it is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static

from core.errors import UsageError
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from core.storage.engine import Database
    from hlr_tui.app import HlrApp
    from hlr_tui.desk import Desk


class Problem(Static):
    """One line for what is wrong: hidden while nothing is."""

    def tell(self, message: str) -> None:
        """Show a message, or hide the line where it is empty."""
        message = printable(message)
        if message != self.content:  # each update lays the screen out anew
            self.update(message)
        self.display = bool(message)


class LiveScreen(Screen[None]):
    """Base of the screens that follow an experiment or all of them.

    A subclass gives `fetch`, which runs in a thread and may take its time, `show`, which draws what it found, and
    `compose_body`. While the screen is hidden nothing is fetched; a fetch is not begun before the last one has ended.
    """

    PERIOD = 1.0
    """Seconds between two looks; the user's setting is a factor of it."""

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._pace = 0.0
        self._busy = False
        self._database: Database | None = None

    @property
    def desk(self) -> Desk:
        return self.hlr.desk

    @property
    def hlr(self) -> HlrApp:
        return cast("HlrApp", self.app)

    def fetch(self) -> Any:
        """What the screen shows now; in a thread. None leaves the screen as it is. What it raises is told in place, and
        it is tried again."""
        raise NotImplementedError

    def forget(self) -> None:
        """Let go of what was read of a database in whose place there is another one; in a thread."""

    def show(self, found: Any) -> None:
        """Draw what `fetch` found."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        """The widgets between heading and footer."""
        yield from ()

    def compose(self) -> ComposeResult:
        from hlr_tui.widgets.mode_bar import ModeBar

        yield ModeBar()
        problem = Problem(id="problem", markup=False)
        problem.display = False
        yield problem
        yield from self.compose_body()
        yield Footer(show_command_palette=False)

    def on_screen_resume(self) -> None:
        if "sqlalchemy" in sys.modules:
            self.look()
        else:  # to load it waits for the first paint, and that for the app, which holds it back while it starts
            self.app.call_later(self.call_after_refresh, self.look)
        self.keep_pace()

    def keep_pace(self) -> None:
        """Look as often as the user's settings say now."""
        pace = self.PERIOD * self.hlr.config.refresh
        if self._timer is not None and pace != self._pace:
            self._timer.stop()
            self._timer = None
        if self._timer is None:
            self._timer, self._pace = self.set_interval(pace, self.look), pace
        self._timer.resume()

    def on_screen_suspend(self) -> None:
        if self._timer is not None:
            self._timer.pause()

    def look(self) -> None:
        """Fetch and show, unless that is under way."""
        if not self._busy:
            self._busy = True
            self.run_worker(self._look, thread=True)

    def _look(self) -> None:
        found, said = None, ""
        try:
            self._compare()
            found = self.fetch()
            if path := self.desk.only_read:
                said = f"read-only: {path} is not yours to write. It is shown; nothing can be started or changed."
        except Exception as error:  # noqa: BLE001  # told in place; what it was that nobody foresaw is kept in a file
            said = self.hlr.trouble.explain(error)
            if not isinstance(error, UsageError):
                self.desk.close()  # a file that was damaged or overwritten may be in order the next time
        finally:
            self._busy = False
        self._back(self._shown, found, said)

    def _compare(self) -> None:
        if self.desk.exists() and (now := self.desk.db()) is not self._database:
            if self._database is not None:
                self.forget()
            self._database = now

    def _back(self, then: Callable[..., None], *args: Any) -> None:
        if not self.app.is_running:
            return
        try:
            self.app.call_from_thread(then, *args)
        except CancelledError:  # the app has been left meanwhile
            return
        except Exception as error:  # noqa: BLE001  # likewise, for a mistake in drawing
            said = self.hlr.trouble.explain(error)
            if self.app.is_running:
                self.app.call_from_thread(self._shown, None, said)

    def _shown(self, found: Any, said: str) -> None:
        if not self.is_attached:
            return
        self.query_one(Problem).tell(said)
        if found is not None:
            self.show(found)

"""Textual's driver for terminals, sending only what differs.

Textual sends a changed line from the left edge of its widget on, with its whole style at every change of colour: a
digit in a table costs its row. Over a slow line that is what one waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

from hlr_tui.wire.screen import Screen

if TYPE_CHECKING:
    from textual.app import App

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Around a frame: the terminal shows it at once (synchronized output)."""


class FrugalDriver(LinuxDriver):
    """A driver that knows what the terminal shows."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._screen = Screen(0, 0)
        self._mode = ""
        self._begun = False

    def write(self, data: str) -> None:
        if data == BEGIN:
            self._begun = True
            return
        if data == END:
            if not self._begun:
                super().write(END)
            self._begun = False
            return
        size, mode = self._app.size, self._app.current_mode
        # Another screen is drawn as a whole, which mends what other programs have written to the terminal.
        if (size.width, size.height) != self._screen.size or mode != self._mode:
            self._screen, self._mode = Screen(size.width, size.height), mode
        data = self._screen.send(data)
        if data:
            super().write(BEGIN + data if self._begun else data)
            self._begun = False

"""Textual's driver for terminals, sending only what differs.

Textual sends a changed line from the left edge of its widget on, with its whole style at every change of colour: a
digit in a table costs its row. Over a slow line that is what one waits for. And Textual takes every terminal for one
that shows all letters.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

from hlr_tui.wire.plain import letters_of
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
        self._letters = letters_of(os.environ)

    def run_input_thread(self) -> None:
        """Read keys; bytes that are no UTF-8, which this terminal types where it has another charset, are dropped."""
        while True:
            try:
                super().run_input_thread()
            except UnicodeDecodeError:
                continue
            return

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
        if self._letters is not None:
            data = data.translate(self._letters)
        data = self._screen.send(data)
        if data:
            super().write(BEGIN + data if self._begun else data)
            self._begun = False

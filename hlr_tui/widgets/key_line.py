"""The keys that work now, on the line at the bottom."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets import Footer


class KeyLine(Footer):
    """Textual's footer, made anew only when its keys have changed.

    The original one is made anew at every step of the focus, with three layouts of the whole screen: 50 ms and more of
    a step on a form of some hundred widgets.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._known: list[tuple[str, str, str, bool]] = []

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Show the keys of the present focus."""
        shown = [
            (binding.key, binding.description, binding.action, enabled)
            for _, binding, enabled, _ in screen.active_bindings.values()
            if binding.show
        ]
        if shown == self._known:
            return
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            self._known = shown
        super().bindings_changed(screen)

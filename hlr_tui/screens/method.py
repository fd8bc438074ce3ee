"""The details of one method in a window, where there is no room for them beside the ranking."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from hlr_tui.keys import Key, declare
from hlr_tui.results_view.details import Details
from hlr_tui.widgets.method_details import MethodDetails


class MethodScreen(ModalScreen[None]):
    """Show the details of a method; Esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [*declare(Key("method.close", "escape,enter,q", "dismiss", "Close"))]

    DEFAULT_CSS = """
    MethodScreen { align: center middle; }
    MethodScreen > Vertical {
        width: 95%; max-width: 100; height: auto; max-height: 96%;
        background: $surface; border: round $primary; border-subtitle-color: $text-muted;
    }
    MethodScreen MethodDetails { height: auto; max-height: 100%; }
    """

    def __init__(self, details: Details) -> None:
        super().__init__()
        self._details = details

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_subtitle = "arrows scroll · esc closes"
            yield MethodDetails()

    def on_mount(self) -> None:
        details = self.query_one(MethodDetails)
        details.put(self._details)
        details.focus()

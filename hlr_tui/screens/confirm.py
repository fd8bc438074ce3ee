"""A question before something that cannot be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable


class ConfirmScreen(ModalScreen[bool]):
    """Ask a yes-or-no question; True is a yes. The focus begins on the no, so that a stray Enter changes nothing.

    Args:
        question: one line.
        lines: what the answer is about, plain text.
        yes, no: what the buttons say.
        danger: a yes destroys something.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("confirm.yes", "y", "answer(True)", "Yes"),
            Key("confirm.no", "n,escape", "answer(False)", "No"),
            Key("confirm.other", "left,right", "app.focus_next", "Other button", footer=False),
        )
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 72; max-width: 95%; height: auto; max-height: 90%;
        padding: 0 2; background: $surface; border: round $primary;
    }
    ConfirmScreen.-danger > Vertical { border: round $error; }
    ConfirmScreen #question { text-style: bold; margin: 1 0 0 0; }
    ConfirmScreen VerticalScroll { height: auto; max-height: 12; margin: 1 0 0 0; }
    ConfirmScreen Horizontal { height: auto; align-horizontal: right; margin: 1 0 0 0; }
    ConfirmScreen Button { margin: 0 0 0 2; }
    """

    def __init__(
        self, question: str, lines: Sequence[str] = (), *, yes: str = "Yes", no: str = "No", danger: bool = False
    ) -> None:
        super().__init__(classes="-danger" if danger else "")
        self._question = question
        self._lines = lines
        self._yes, self._no = yes, no
        self._danger = danger

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(printable(self._question), id="question", markup=False)
            if self._lines:
                with VerticalScroll(can_focus=False):
                    yield Static(printable("\n".join(self._lines)), markup=False)
            with Horizontal():
                yield Button(f"{self._no} (n)", id="no")
                yield Button(f"{self._yes} (y)", id="yes", variant="error" if self._danger else "primary")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

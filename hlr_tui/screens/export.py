"""Write results to a file: which format, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Label, Select, Static

from hlr_tui.exports import FORMATS
from hlr_tui.keys import Key, declare
from hlr_tui.results_view.commands import default_path, export_words, forbids, replaces
from hlr_tui.screens.deeds import message_of
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from hlr_tui.desk import Desk, Outcome


class ExportScreen(ModalScreen[str | None]):
    """Ask for format and path, and run the command ``export``; the path that was written, or None.

    Args:
        optimizers: those that methods of the experiment use; where there are several, some formats need one of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("export.cancel", "escape", "dismiss", "Cancel"),
            Key("export.next", "tab", "app.focus_next", "Next field"),
            Key("export.write", "f5", "write", "Write"),
        )
    ]

    CSS = """
    ExportScreen { align: center middle; }
    ExportScreen #frame {
        width: 74; max-width: 96%; height: auto; max-height: 96%; background: $surface; border: round $primary;
        padding: 0 1;
    }
    ExportScreen Label { color: $text-muted; }
    ExportScreen #hint { height: auto; color: $text-muted; }
    ExportScreen #hint.-replaces { color: $text-warning; }
    ExportScreen #hint.-forbidden { color: $text-error; }
    ExportScreen #said { height: auto; color: $text-error; }
    ExportScreen Footer { margin-top: 1; }
    """

    def __init__(self, desk: Desk, name: str, optimizers: Sequence[str]) -> None:
        super().__init__()
        self._desk = desk
        self._experiment = name
        self._optimizers = optimizers
        self._writing = False
        self._chosen = "csv"

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = printable(f"export {self._experiment}").replace("[", r"\[")
            yield Label("format")
            options = [(f"{name}: {form.summary}".replace("[", r"\["), name) for name, form in FORMATS.items()]
            yield Select(options, value="csv", allow_blank=False, compact=True, id="format")
            if len(self._optimizers) > 1:
                yield Label("optimizer", id="optimizer-label")
                each = [(printable(name), name) for name in self._optimizers]
                yield Select(each, value=self._optimizers[0], allow_blank=False, compact=True, id="optimizer")
            yield Label("path (Enter writes)")
            yield Input(default_path(self._experiment, "csv"), compact=True, id="path")
            yield Static(id="hint", markup=False)
            yield Static(id="said", markup=False)
            yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#said").display = False
        self._hint()

    @property
    def form(self) -> str:
        return str(self.query_one("#format", Select).value)

    @property
    def path(self) -> str:
        return self.query_one("#path", Input).value.strip()

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "format" and self.form != self._chosen:
            self._chosen = self.form
            suggestions = {default_path(self._experiment, form) for form in FORMATS}
            if self.path in suggestions or not self.path:
                self.query_one("#path", Input).value = default_path(self._experiment, self.form)
            self.query_one("#path").focus()
            self._hint()

    def on_input_changed(self) -> None:
        if not self._writing:
            self._say("")
        self._hint()

    def on_input_submitted(self) -> None:
        self.action_write()

    def _hint(self) -> None:
        single = FORMATS[self.form].one_optimizer
        for widget in self.query("#optimizer, #optimizer-label"):
            widget.display = single
        there, wrong = replaces(self.path, self.form), forbids(self.path, self.form)
        where = str(Path(self.path).expanduser().absolute()) if self.path else ""
        hint = self.query_one("#hint", Static)
        hint.update(printable(": ".join(part for part in (where, wrong or there) if part)))
        hint.set_class(bool(there), "-replaces")
        hint.set_class(bool(wrong), "-forbidden")

    def action_write(self) -> None:
        """Run the export; the screen stays open until it has ended."""
        if self._writing or forbids(self.path, self.form):
            return
        self._writing = True
        self._say("writing …")
        chosen = [str(select.value) for select in self.query("#optimizer").results(Select)]
        words = export_words(self._experiment, self.form, self.path, chosen[0] if chosen else None)
        self.run_worker(lambda: self._run(words), thread=True)

    def _run(self, words: Sequence[str]) -> None:
        outcome = self._desk.command(*words)
        if self.app.is_running:
            self.app.call_from_thread(self._ended, outcome, words[words.index("--out") + 1])

    def _ended(self, outcome: Outcome, path: str) -> None:
        self._writing = False
        if not self.is_attached:
            return
        if outcome.code == 0:
            self.dismiss(path)
        else:
            self._say(message_of(outcome.said) or f"the export ended with exit code {outcome.code}")

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(printable(text))
        said.display = bool(text)

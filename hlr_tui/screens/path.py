"""Which file: one line to type a path into."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from hlr_tui.keys import Key, declare
from hlr_tui.tables import printable


class _Paths(Suggester):
    """Completes a path with the first folder or file of one of the endings that begins with it."""

    def __init__(self, ending: str) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._ending = ending

    async def get_suggestion(self, value: str) -> str | None:
        folder, _, start = value.rpartition("/")
        place = Path(f"{folder}/" if folder or value.startswith("/") else ".").expanduser()
        try:
            entries = sorted(place.iterdir())
        except OSError:
            return None
        for entry in entries:
            if entry.name.startswith(start) and start and (entry.is_dir() or entry.suffix == self._ending):
                tail = "/" if entry.is_dir() else ""
                return f"{value[: len(value) - len(start)]}{entry.name}{tail}"
        return None


class PathScreen(ModalScreen[Path | None]):
    """Ask for a path; None where the user changed their mind.

    Args:
        title: one line.
        path: what stands there at first.
        ending: of the files to complete, ``.toml``.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*declare(Key("path.leave", "escape", "leave", "Cancel"))]
    DEFAULT_CSS = """
    PathScreen { align: center middle; }
    PathScreen > Vertical {
        width: 80; max-width: 95%; height: auto; padding: 1 2; background: $surface; border: round $primary;
    }
    PathScreen #title { text-style: bold; }
    PathScreen #hint { color: $text-muted; }
    """

    def __init__(self, title: str, path: str = "", *, ending: str = ".toml") -> None:
        super().__init__()
        self._title = title
        self._path = path
        self._ending = ending

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(printable(self._title), id="title", markup=False)
            yield Input(self._path, suggester=_Paths(self._ending), placeholder=f"path of a {self._ending} file")
            yield Static("enter: take it   →: complete   esc: cancel", id="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(Path(event.value.strip()).expanduser())

    def action_leave(self) -> None:
        self.dismiss(None)

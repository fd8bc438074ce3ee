"""What somebody sees who has no experiment yet."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

WHAT = (
    "Which learning-rate schedule, or which LR-free optimizer, suits your task and your budget? "
    "Experiments train in the background and go on when you leave; this screen follows them."
)
STEPS = (
    ("g", "Start the quickstart", "9 methods on digits: a search, then a comparison; a minute"),
    ("n", "New experiment", "task, model and methods of your choice, in a form"),
    ("5", "Look at schedules", "what each of them does, before anything trains"),
    ("?", "Every key", "of this screen and of the others"),
)


class Welcome(Container):
    """A card in the middle of an empty screen.

    Args:
        where: the folder that holds no experiments.
    """

    DEFAULT_CSS = """
    Welcome { align: center middle; }
    Welcome > Vertical { width: 76; max-width: 100%; height: auto; padding: 1 2; border: round $primary; }
    Welcome Static { height: auto; }
    Welcome #steps { margin: 1 0; }
    Welcome #where { color: $text-muted; }
    Welcome #doing { display: none; text-style: bold; margin: 1 0 0 0; }
    """

    def __init__(self, where: str, id: str) -> None:
        super().__init__(id=id)
        self._where = where

    def compose(self) -> ComposeResult:
        with Vertical() as card:
            card.border_title = "hlr-tui"
            yield Static(WHAT, markup=False)
            yield Static(_steps(), id="steps")
            yield Static(f"No experiments yet in {self._where}", id="where", markup=False)
            yield Static(id="doing", markup=False)

    def tell(self, doing: str) -> None:
        """Say what is being started; "" where nothing is."""
        line = self.query_one("#doing", Static)
        line.update(doing)
        line.display = bool(doing)


def _steps() -> Table:
    table = Table.grid(padding=(0, 2))
    for key, what, more in STEPS:
        table.add_row(Text(f" {key} ", style="reverse bold"), Text.assemble((what, "bold"), "\n", (more, "dim")))
    return table

"""The table of all experiments: what fits the width, newest first."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

from rich.text import Text
from textual import events
from textual.binding import BindingType

from hlr_tui.keys import Key, declare
from hlr_tui.overview import Entry, Ranking, age_text
from hlr_tui.tables import duration_text, printable, spread_text
from hlr_tui.widgets.quick_table import QuickTable

SYMBOLS = {
    "running": "●",
    "stopping": "◐",
    "stopped": "■",
    "complete": "✓",
    "failed": "✗",
    "abandoned": "!",
}
"""One sign for each state, beside its word: colour is never the only cue."""

THEME_COLOURS = {
    "running": "text-primary",
    "stopping": "text-warning",
    "stopped": "text-warning",
    "complete": "text-success",
    "failed": "text-error",
    "abandoned": "text-error",
}
"""Theme variable of each state; these are readable on light and dark themes."""

Colours = Mapping[str, str]


def bar_text(share: float, width: int, colour: str) -> Text:
    """A bar of `width` cells, filled to a half cell; heavy and light lines differ without colour, too."""
    halves = math.floor(share * width * 2)
    full, half = divmod(halves, 2)
    text = Text("━" * full, style=colour)
    if half:
        text.append("╸", style=colour)
    return text.append("─" * (width - full - half), style="dim")


def state_text(state: str, colours: Colours) -> Text:
    """Sign and word of a state."""
    colour = colours.get(THEME_COLOURS.get(state, ""), "")
    return Text(f"{SYMBOLS.get(state, '·')} {state}", style=colour)


def best_text(ranking: Ranking | None, *, spread: bool = False) -> Text:
    """The first of a ranking; "…" until the results have been read."""
    if ranking is None:
        return Text("…", style="dim")
    if not ranking.places:
        return Text("-", style="dim")
    first = ranking.places[0]
    value = spread_text(first.value, first.std if spread else None)
    return Text.assemble(printable(first.method), "  ", (value, "bold"))


def _percent(entry: Entry) -> str:
    """Rounded down, so that 100 % is the end."""
    return f"{math.floor(100 * entry.progress.fraction):3d}%"


def _cells(colours: Colours, columns: Mapping[str, int]) -> dict[str, Callable[[Entry], Text]]:
    def progress(entry: Entry) -> Text:
        colour = colours.get(THEME_COLOURS.get(entry.state, ""), "")
        bar = bar_text(entry.progress.fraction, columns["progress"] - 5, colour)
        return bar.append(f" {_percent(entry)}", style="")

    def lost(entry: Entry) -> Text:
        runs = entry.progress.runs
        number = runs["failed"] + runs["diverged"]
        return Text(str(number) if number else "", style=colours.get("text-error", ""), justify="right")

    def plain(text: str) -> Text:
        return Text(text, justify="right")

    return {
        "experiment": lambda entry: Text(printable(entry.name), style="bold", no_wrap=True),
        "mode": lambda entry: Text(entry.progress.experiment.mode),
        "state": lambda entry: state_text(entry.state, colours),
        "progress": progress,
        "runs": lambda entry: plain(f"{entry.ended_runs}/{entry.planned_runs}"),
        "lost": lost,
        "to go": lambda entry: plain(duration_text(entry.progress.eta_seconds) if entry.active else ""),
        "workers": lambda entry: plain(str(len(entry.progress.workers) or "")),
        "best so far": lambda entry: best_text(entry.ranking, spread=columns["best so far"] >= BEST_WITH_SPREAD),
        "age": lambda entry: plain(age_text(time.time() - entry.progress.experiment.created_at)),
    }


WIDTHS = {"state": 11, "progress": 11, "runs": 8, "to go": 7, "age": 6, "mode": 16, "workers": 7, "lost": 4}
PROGRESS_WIDE = 17
BEST, BEST_WITH_SPREAD, BEST_WIDEST = 17, 28, 40
NARROWEST_NAME, WIDEST_NAME = 12, 40
LAYOUTS = (
    (132, ("experiment", "mode", "state", "progress", "runs", "lost", "to go", "workers", "best so far", "age")),
    (108, ("experiment", "state", "progress", "runs", "lost", "to go", "best so far", "age")),
    (96, ("experiment", "state", "progress", "runs", "to go", "best so far", "age")),
    (0, ("experiment", "state", "progress", "runs", "to go", "best so far")),
)
"""Columns by the least width that has room for them."""


class ExperimentsTable(QuickTable):
    """One row per experiment; the row key is its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Here and not on the screen, because a table has a binding of its own for Enter.
        *declare(Key("experiments.open", "enter", "screen.open", "Monitor"))
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._entries: Sequence[Entry] = ()
        self._names: tuple[str, ...] = ()
        self._columns_shown: dict[str, int] = {}
        self._drawn: dict[tuple[str, str], Text] = {}

    @property
    def selected(self) -> str:
        """Name of the experiment under the cursor, "" where there is none."""
        return self._names[self.cursor_row] if 0 <= self.cursor_row < len(self._names) else ""

    def put(self, entries: Sequence[Entry]) -> None:
        """Show these experiments; the cursor stays on its experiment."""
        self._entries = entries
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def move_to(self, name: str) -> None:
        """Put the cursor on an experiment, where it is shown."""
        if name in self._names:
            self.move_cursor(row=self._names.index(name))

    def _layout(self) -> dict[str, int]:
        """Columns and their widths; names take what is left."""
        width = self.size.width
        columns = next(columns for least, columns in LAYOUTS if width >= least)
        widths = {name: WIDTHS.get(name, 0) for name in columns}
        widths["best so far"] = BEST
        if "mode" in columns:
            widths["progress"] = PROGRESS_WIDE
        rest = max(NARROWEST_NAME, width - sum(widths.values()) - 2 * self.cell_padding * len(columns))
        longest = max((len(printable(entry.name)) for entry in self._entries), default=0)
        widths["experiment"] = min(rest, max(NARROWEST_NAME, min(longest, WIDEST_NAME)))
        widths["best so far"] = min(BEST + rest - widths["experiment"], BEST_WIDEST)
        return widths

    def _draw(self) -> None:
        if not self.size.width:
            return
        columns = self._layout()
        names = tuple(entry.name for entry in self._entries)
        cells = _cells(self.app.theme_variables, columns)
        if (names, columns) != (self._names, self._columns_shown):
            self._build(names, columns)
        for entry in self._entries:
            for column in columns:
                cell = cells[column](entry)
                cell.truncate(columns[column], overflow="ellipsis")
                if self._drawn.get((entry.name, column)) != cell:
                    self._drawn[entry.name, column] = cell
                    self.update_cell(entry.name, column, cell)

    def _build(self, names: tuple[str, ...], columns: dict[str, int]) -> None:
        kept = self.selected
        self.clear(columns=True)
        self._drawn.clear()
        right: tuple[str, ...] = ("runs", "lost", "to go", "workers", "age")
        for column, width in columns.items():
            side: Literal["left", "right"] = "right" if column in right else "left"
            self.add_column(Text(column, justify=side), width=width, key=column)
        self._names, self._columns_shown = names, columns
        for name in names:
            self.add_row(*(Text() for _ in columns), key=name)
        if kept in names:
            self.move_cursor(row=names.index(kept), animate=False)

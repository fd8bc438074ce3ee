"""The monitor's table: one row for each method or run, with its letter, state and last values."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.message import Message

from hlr_tui.monitor.curves import Trace
from hlr_tui.monitor.guesses import Interval, guess_text
from hlr_tui.monitor.lines import STATES, Line
from hlr_tui.monitor.watch import RATE
from hlr_tui.output import number_text
from hlr_tui.tables import duration_text, printable
from hlr_tui.widgets.chart.paint import colour_on
from hlr_tui.widgets.quick_table import QuickTable

GAP, WIDE_GAP = 1, 3
"""Blank columns behind each column."""

WIDE = 120
"""Columns of the screen from which the gap is wide."""

GUESS = "final, a guess"
"""Heading of what a run in training may come to."""

DISPENSABLE = (GUESS, "worker", "lost", "train", "to go", "trial", "lr")
"""The columns that are left out first, in this order, where the table is narrow."""

HIDDEN = "·"
"""In place of the letter of a line that the charts leave out."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What the user has done to lines: their keys."""

    hidden: Collection[str] = ()
    solo: str | None = None
    pinned: str | None = None

    def shows(self, key: str) -> bool:
        return key == self.solo if self.solo is not None else key not in self.hidden


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its width is that of its cells, at least that of its heading."""

    name: str
    cell: Callable[[Line], str]
    right: bool = True


class LinesTable(QuickTable):
    """Rows by key; a refresh changes only the cells that differ, and leaves the cursor on its line."""

    DEFAULT_CSS = """
    LinesTable { height: 1fr; scrollbar-size-horizontal: 0; }
    """

    class Stepped(Message):
        """The user pressed left (-1) or right (1): rows have no columns to go to, but charts have a cursor to move."""

        def __init__(self, direction: int) -> None:
            super().__init__()
            self.direction = direction

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cell_padding=0)
        self._keys: list[str] = []
        self._cells: dict[str, list[Text]] = {}
        self._heads: list[tuple[str, int]] = []
        self._widths: dict[str, int] = {}
        """Of columns: they grow with their cells and do not shrink, which would draw the table anew."""
        self._shape: tuple[object, ...] = ()

    @property
    def key(self) -> str | None:
        """The line under the cursor."""
        return self._keys[self.cursor_row] if 0 <= self.cursor_row < len(self._keys) else None

    def action_cursor_left(self) -> None:
        self.post_message(self.Stepped(-1))

    def action_cursor_right(self) -> None:
        self.post_message(self.Stepped(1))

    def forget(self) -> None:
        """Fit the columns anew, to what comes next."""
        self._widths = {}

    def put(
        self,
        lines: Sequence[Line],
        traces: Mapping[str, Mapping[str, Trace]],
        marked: Marked,
        *,
        at: float | None = None,
        extra: str | None = None,
        guesses: Mapping[str, Interval] | None = None,
        width: int = 80,
    ) -> None:
        """Show these lines.

        Args:
            traces: metric → key of a line → its curve.
            at: epoch at which values are read; None for the last one.
            extra: one more metric to list.
            guesses: run in training → where its validation loss may end.
            width: room for all columns; what does not fit is left out, see `DISPENSABLE`.
        """
        ground = self.background_colors[1]
        gap = WIDE_GAP if width >= WIDE else GAP
        shape = (width, any(line.single for line in lines), extra)
        if shape != self._shape:
            self._shape, self._widths = shape, {}
        columns = _fitting(_columns(lines, traces, at, extra, guesses or {}), lines, width, gap, self._widths)
        heads = [("", 1), *((column[0], cell_len(column[0])) for column in columns)]
        texts = {
            line.key: [_letter(line, marked, ground), *(Text(column[row], no_wrap=True) for column in columns)]
            for row, line in enumerate(lines, start=1)
        }
        for line in lines:
            for cell in texts[line.key]:
                if not marked.shows(line.key):
                    cell.stylize("dim")
                if line.key == marked.pinned:
                    cell.stylize("bold")
        if heads != self._heads:
            self._lay_out(heads, gap)
        self._fill([line.key for line in lines], texts)

    def _lay_out(self, heads: list[tuple[str, int]], gap: int) -> None:
        key = self.key
        self.clear(columns=True)
        for number, (name, width) in enumerate(heads):
            self.add_column(Text(name, no_wrap=True), key=str(number), width=width + gap)
        self._heads, self._cells = heads, {}
        self._keys = [key] if key is not None else []

    def _fill(self, keys: list[str], texts: dict[str, list[Text]]) -> None:
        if keys == self._keys and self._cells:
            for key, row in texts.items():
                for number, (cell, old) in enumerate(zip(row, self._cells[key], strict=True)):
                    if cell != old or cell.spans != old.spans:
                        self.update_cell(key, str(number), cell)
        else:
            at, row_number = self.key, self.cursor_row
            self.clear()
            for key in keys:
                self.add_row(*texts[key], key=key)
            if keys:
                row_number = keys.index(at) if at is not None and at in texts else min(row_number, len(keys) - 1)
                self.move_cursor(row=row_number, animate=False, scroll=True)
        self._keys, self._cells = keys, texts


def _fitting(
    columns: Sequence[_Column], lines: Sequence[Line], width: int, gap: int, known: dict[str, int]
) -> list[list[str]]:
    """Heading and cells of the columns that have something to say and find room, all of a column equally wide.

    Args:
        known: the widths so far, which do not shrink; brought up to date.
    """
    texts = {column.name: [printable(text) for text in (column.name, *map(column.cell, lines))] for column in columns}
    widths = {
        name: max(known.get(name, 0), *map(cell_len, own)) for name, own in texts.items() if any(own[1:]) or not lines
    }
    known |= widths
    for name in DISPENSABLE:
        if 1 + gap + sum(widths.values()) + gap * len(widths) <= width:
            break
        widths.pop(name, None)
    found = []
    for column in columns:
        if column.name in widths:
            blanks = [" " * (widths[column.name] - cell_len(text)) for text in texts[column.name]]
            # Not by the alignment of cells, which would leave no gap behind what is aligned to the right.
            pairs = zip(texts[column.name], blanks, strict=True)
            found.append([blank + text if column.right else text + blank for text, blank in pairs])
    return found


def _letter(line: Line, marked: Marked, ground: Color) -> Text:
    if line.number is None:
        return Text(" ")
    if not marked.shows(line.key):
        return Text(HIDDEN)
    return Text(line.letter, style=Style(bold=True) + colour_on(ground, line.number))


def _columns(
    lines: Sequence[Line],
    traces: Mapping[str, Mapping[str, Trace]],
    at: float | None,
    extra: str | None,
    guesses: Mapping[str, Interval],
) -> list[_Column]:
    now = time.time()
    single = any(line.single for line in lines)

    def value(metric: str) -> Callable[[Line], str]:
        def text(line: Line) -> str:
            trace = traces.get(metric, {}).get(line.key)
            found = trace.at(at) if trace is not None else None
            return "" if found is None else number_text(found, 3)

        return text

    columns = [_Column("state", lambda line: STATES[line.state], right=False)]
    columns.append(_Column("method", lambda line: line.label, right=False))
    columns.append(_Column("trial", lambda line: "" if line.trial is None else str(line.trial)))
    if single:
        columns.append(_Column("seed", lambda line: str(line.runs[0].seed)))
    else:
        columns.append(_Column("seeds", lambda line: f"{line.ended}/{len(line.runs)}"))
        columns.append(_Column("lost", lambda line: str(line.lost or "")))
    columns.append(_Column("epoch", lambda line: f"{line.epoch}/{line.budget}"))
    columns += [_Column("lr", value(RATE)), _Column("train", value("train_loss")), _Column("val", value("val_loss"))]
    if extra is not None:
        columns.append(_Column(extra.removeprefix("val_").replace("_", " "), value(extra)))
    columns.append(_Column("to go", lambda line: _left(line, now)))
    columns.append(_Column("worker", _worker, right=False))
    columns.append(_Column(GUESS, lambda line: guess_text(line, guesses), right=False))
    return columns


def _left(line: Line, now: float) -> str:
    seconds = line.seconds_left(now)
    return duration_text(seconds) if seconds is not None else "?" if line.state == "running" else ""


def _worker(line: Line) -> str:
    running = [run for run in line.runs if run.state == "running"]
    if not running:
        running = [run for run in line.runs if line.single and run.worker_id]
    return ", ".join(f"{(run.worker_id or '?')[:8]} on {run.device or '?'}" for run in running)

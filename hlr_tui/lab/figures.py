"""The lab's views of a line, and its table of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hlr_tui.lab.lines import Line
from hlr_tui.output import number_text

Look = Literal["line", "dashed", "points"]
Points = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class View:
    """One thing to draw of a line.

    Attributes:
        id: names the chart.
        title: stands above it.
        x_label: what x counts.
        points: x and y of the line; empty where it has no such thing.
        log: a logarithmic axis makes sense.
    """

    id: str
    title: str
    points: Callable[[Line], Points]
    x_label: str = "epoch"
    log: bool = True


def _momentum(line: Line) -> Points:
    return (line.epochs, line.momentum) if line.momentum is not None else ((), ())


VIEWS = (
    View("lr", "learning rate η", lambda line: (line.epochs, line.lr)),
    View("decay", "decay rate -dη/dt", lambda line: (line.epochs, line.decay)),
    View("budget", "LR budget ∫η dt", lambda line: (line.epochs, line.budget)),
    View("spent", "share of the LR budget spent", lambda line: (line.progress, line.spent), "share of the run", False),
    View("momentum", "momentum", _momentum, log=False),
)

STYLES: tuple[Look, ...] = ("line", "dashed", "points")
"""The budgets from the longest down; more of them than styles share the last."""


def style_of(line: Line, budgets: Sequence[int]) -> Look:
    """How a line is drawn, by its budget."""
    rank = sorted(budgets, reverse=True).index(line.horizon.epochs)
    return STYLES[min(rank, len(STYLES) - 1)]


def head_of(cursor: float | None) -> list[str]:
    """The heading of `row_of`: the rate at the cursor and at the end, the mean rate and its share of the peak, and the
    LR metric with its change from that of the longest budget."""
    there = [] if cursor is None else [f"η at {number_text(cursor, 4)}"]
    return ["epochs", *there, "η end", "mean η", "share", "LR metric", "change"]


def columns(rows: Sequence[Sequence[str]], width: int, gap: int = 2) -> list[str]:
    """`rows` as lines of at most `width` characters: the first column to the left, the others to the right, and those
    left out that do not fit."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    fitting, used = 0, -gap
    for size in widths:
        used += gap + size
        if used > width:
            break
        fitting += 1
    return [
        (" " * gap).join(
            f"{cell:<{size}}" if place == 0 else f"{cell:>{size}}"
            for place, (cell, size) in enumerate(zip(row[:fitting], widths, strict=False))
        )
        for row in rows
    ]


def row_of(line: Line, longest: Line, cursor: float | None) -> list[str]:
    """The cells of a line, as `head_of` names them; a figure made of samples is marked with ≈.

    Args:
        longest: the same scheduler at the longest budget.
        cursor: the epoch of the cursor, None where there is none.
    """
    epochs = str(line.horizon.epochs)
    if not line.lr:
        return [epochs, *("-" for _ in head_of(cursor)[1:])]
    mean = line.budget[-1] / line.horizon.epochs
    metric, base = line.lr_metric, longest.lr_metric
    change = None if metric is None or not base or line is longest else metric / base - 1
    about = "≈" if line.sampled else ""
    return [
        epochs,
        *([] if cursor is None else [_short(line.at(cursor))]),
        _short(line.lr[-1]),
        about + _short(mean),
        f"{about}{100 * mean / line.horizon.lr:.0f} %",
        about + _short(metric) if metric is not None else "-",
        f"{100 * change:+.0f} %" if change is not None else "-",
    ]


def _short(value: float | None) -> str:
    return "-" if value is None else number_text(value, 3)

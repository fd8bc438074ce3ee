"""Where the runs in training may end: their validation losses, extrapolated. A guess, and called one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hlr_tui.monitor.curves import Trace
from hlr_tui.output import number_text

if TYPE_CHECKING:
    from hlr_tui.monitor.lines import Line
    from hlr_tui.monitor.roster import RunRow

AT_ONCE = 1
"""Fits in one look: each takes some milliseconds, in which no key is answered."""

GROWTH = 1.05
"""A curve is fitted again once it is so many times as long."""

Interval = tuple[float, float, float]
"""Median, low and high of the central 80 %."""


class Guesses:
    """Keeps the last guess of each run in training."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, Interval | None]] = {}

    def of(self, runs: Iterable[tuple[RunRow, Trace]], fits: int = AT_ONCE) -> dict[str, Interval]:
        """Guesses of the validation loss at the end of each run's budget, by run.

        Args:
            runs: each in training, with its validation loss by epoch.
            fits: how many of them are extrapolated anew at most.
        """
        from core.analysis.extrapolate import extrapolate

        known, due = {}, []
        for run, trace in runs:
            before = self._known.get(run.id)
            if before is not None:
                known[run.id] = before
            same = before is not None and before[0] == trace.version
            growth = trace.count / before[1] if same and before is not None and before[1] else math.inf
            if growth >= GROWTH:
                due.append((growth, run, trace))
        due.sort(key=lambda one: -one[0])  # or the first ones would keep the others waiting
        for _, run, trace in due[:fits]:
            epochs = [int(x) for x in trace.xs[: trace.count]]
            guess = extrapolate(epochs, trace.ys[: trace.count], run.budget, points=2)
            known[run.id] = (trace.version, trace.count, guess.final if guess is not None else None)
        self._known = known
        return {run_id: interval for run_id, (_, _, interval) in known.items() if interval is not None}


def guess_text(line: Line, guesses: Mapping[str, Interval]) -> str:
    """``0.0168 ± 0.0013`` for the run of a line that trains, of several the one that has come furthest: the median, and
    half the width of the interval. "" where there is no guess."""
    running = [run for run in line.runs if run.state == "running" and run.id in guesses]
    if not running:
        return ""
    middle, low, high = guesses[max(running, key=lambda run: run.epoch).id]
    return f"{number_text(middle, 3)} ± {number_text((high - low) / 2, 2)}"

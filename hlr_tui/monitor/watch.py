"""One look at an experiment for the monitor: what is to be listed and drawn, by the user's choice."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Literal

from hlr_tui.monitor.curves import CurveStore, Trace
from hlr_tui.monitor.guesses import AT_ONCE, Guesses, Interval
from hlr_tui.monitor.lines import (
    MOST_CURVES,
    MOST_LINES,
    Line,
    Slice,
    method_key,
    method_lines,
    method_numbers,
    natural_slice,
    renumber,
    run_lines,
    slices,
)
from hlr_tui.monitor.roster import Roster, RunRow

if TYPE_CHECKING:
    from core.analysis.progress import Progress
    from core.storage.engine import Database
    from hlr_tui.desk import Desk

RATE = "learning_rate"
"""Stands for the rate that acts: `effective_lr` where a run records it, or else `lr`."""

RATES = ("effective_lr", "lr")
LISTED = (RATE, "train_loss", "val_loss")
"""The metrics of the table, whatever the charts show."""

USUAL = ("val_loss", "train_loss", RATE, "val_accuracy", "val_mae")
"""The order in which metrics are offered; others follow by name."""

STALE_SECONDS = 30.0
"""After so long without a look the curves are read anew: what was written meanwhile may be more than what is shown."""

FRESH_SECONDS = 1.0
"""What was read within that time is not read again for another view of it: a key is answered at once."""

RUNS_ASKED = 50
"""Runs that are asked which metrics there are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants to see.

    Attributes:
        inside: key of the one method whose runs are listed; "" for all.
        text: of the filter.
        slice: None: the largest budget in training.
        ranked: ordered by validation loss.
        metrics: of the charts on the screen.
    """

    view: Literal["methods", "runs"] = "methods"
    inside: str = ""
    text: str = ""
    slice: Slice | None = None
    ranked: bool = False
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to show.

    Attributes:
        choice: what was asked for.
        slice: what is shown; None without runs.
        slices: what there is.
        lines: rows of the table, in their order.
        found: how many lines there are, with those that are left out because there are too many.
        traces: metric → key of a line → its curve.
        metrics: every metric that a chart can show.
        complete: every curve has been read; if not, look again.
        guesses: run in training → where its validation loss may end, see `hlr_tui.monitor.guesses`.
    """

    choice: Choice
    progress: Progress
    slice: Slice | None
    slices: tuple[Slice, ...]
    lines: tuple[Line, ...]
    found: int
    traces: dict[str, dict[str, Trace]]
    metrics: tuple[str, ...]
    complete: bool
    guesses: dict[str, Interval]


class Watch:
    """Follows one experiment. `look` may be called from any thread; close it after use."""

    def __init__(self, db: Database, name: str) -> None:
        from core.storage.experiments import get_experiment

        self.name = name
        self._db = db
        self._id = get_experiment(db, name).id
        self._lock = Lock()
        self._roster = Roster(db, self._id)
        self._curves: CurveStore | None = None
        self._looked = 0.0
        self._numbers: dict[str, int] = {}
        self._guesses = Guesses()
        self._last: Look | None = None

    def look(self, desk: Desk, choice: Choice) -> Look:
        """Read what is new and arrange it.

        Raises:
            HlrError: the database is out of reach, or the experiment is gone.
        """
        with self._lock:
            progress = desk.progress(self.name)
            curves = self._fresh_curves()
            # Points before runs: a run then never shows fewer epochs than its curve has points, unless it went back.
            curves.poll()
            curves.forget(self._roster.refresh())
            self._last = self._arrange(curves, choice, progress)
            return self._last

    def another(self, choice: Choice) -> Look | None:
        """The last look by another choice: what it showed is arranged anew, and only curves that it lacked are read.

        Returns:
            None where the choice is the same, or the last look is not recent: then `look`.

        Raises:
            HlrError: the database is out of reach, or the experiment is gone.
        """
        with self._lock:
            last, curves = self._last, self._curves
            if last is None or curves is None or choice == last.choice:
                return None
            if not last.complete or time.monotonic() - self._looked > FRESH_SECONDS:
                return None
            self._last = self._arrange(curves, choice, last.progress, fits=0)
            return self._last

    def _fresh_curves(self) -> CurveStore:
        now = time.monotonic()
        if self._curves is not None and now - self._looked > STALE_SECONDS:
            self._curves.close()
            self._curves = None
        if self._curves is None:
            self._curves = CurveStore(self._db, self._id)
        self._looked = now
        return self._curves

    def _arrange(self, curves: CurveStore, choice: Choice, progress: Progress, fits: int = AT_ONCE) -> Look:
        rows = list(self._roster)
        there = slices(rows)
        chosen = choice.slice if choice.slice in there else natural_slice(rows)
        own = [row for row in rows if chosen is not None and Slice(row.stage, row.budget) == chosen]
        if choice.inside:
            own = [row for row in own if method_key(row) == choice.inside]
        lines = self._lines(rows, own, choice)
        lines = [line for line in lines if line.holds(choice.text)]
        found = len(lines)
        lines = self._numbered(lines[:MOST_LINES], choice)
        if not curves.metrics:
            begun = [row.id for row in own if row.state != "queued"][:RUNS_ASKED]
            curves.learn_metrics(begun)
        traces, complete = self._traces(curves, lines, {*LISTED, *choice.metrics})
        if choice.ranked:
            lines.sort(key=lambda line: _objective(line, traces["val_loss"].get(line.key)))
        known = {RATE, *curves.metrics}.difference(RATES)
        offered = [metric for metric in USUAL if metric in known] + sorted(known.difference(USUAL))
        training = [run for line in lines if line.number is not None for run in line.runs if run.state == "running"]
        pairs = [(run, trace) for run in training if (trace := curves.trace(run.id, "val_loss")) is not None]
        guesses = self._guesses.of(pairs, fits)
        return Look(
            choice, progress, chosen, tuple(there), tuple(lines), found, traces, tuple(offered), complete, guesses
        )

    def _lines(self, rows: list[RunRow], own: list[RunRow], choice: Choice) -> list[Line]:
        if choice.view == "methods":
            return method_lines(own, method_numbers(rows), _label)
        return run_lines(own, {}, _label)

    def _numbered(self, lines: list[Line], choice: Choice) -> list[Line]:
        """Runs get the numbers of their curves; those of methods are their own."""
        if choice.view == "methods":
            return lines
        drawn = [line.key for line in lines if line.state != "queued"][:MOST_CURVES]
        self._numbers = renumber(self._numbers, drawn)
        return [replace(line, number=self._numbers.get(line.key)) for line in lines]

    def _traces(
        self, curves: CurveStore, lines: list[Line], metrics: set[str]
    ) -> tuple[dict[str, dict[str, Trace]], bool]:
        drawn = [line for line in lines if line.number is not None]
        ids = {line.key: [run.id for run in line.runs if run.state != "queued" or run.epoch] for line in drawn}
        recorded = [metric for metric in metrics if metric != RATE] + (list(RATES) if RATE in metrics else [])
        complete = curves.want([run_id for members in ids.values() for run_id in members], recorded)
        traces: dict[str, dict[str, Trace]] = {metric: {} for metric in metrics}
        for metric in metrics:
            for key, members in ids.items():
                for name in RATES if metric == RATE else (metric,):
                    trace = curves.mean(key, members, name)
                    if trace is not None:
                        traces[metric][key] = trace
                        break
        return traces, complete

    def close(self) -> None:
        with self._lock:
            if self._curves is not None:
                self._curves.close()
                self._curves = None


def _objective(line: Line, trace: Trace | None) -> tuple[bool, float]:
    """For the ranking: lines without a finite value come last."""
    value = trace.at() if trace is not None else line.runs[0].value if line.single else None
    known = value is not None and abs(value) < float("inf")
    return not known, value if known and value is not None else 0.0


@cache
def _label(optimizer: str, scheduler: str) -> str:
    from core.analysis.results import method_label

    return method_label(optimizer, scheduler)


def experiment_to_watch(desk: Desk, chosen: str) -> tuple[str, str]:
    """The experiment to show and why it is that one: the chosen one, or the newest running, or the newest.

    Returns:
        ("", "") where there is none yet.
    """
    if chosen:
        return chosen, ""
    if not desk.exists():
        return "", ""
    experiments = desk.experiments()
    running = [one for one in experiments if one.state in ("running", "stopping")]
    for found, why in ((running, "newest running"), (experiments, "newest")):
        if found:
            return found[0].name, why
    return "", ""

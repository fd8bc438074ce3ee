"""The series of the charts of a search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hlr_tui.axis import Tick, decade_ticks
from hlr_tui.output import number_text
from hlr_tui.search_view.heights import Axis, axis_of, height
from hlr_tui.search_view.trials import Study, Trial

OBJECTIVE = "objective"
"""Key of the chart of the objective against the number of the trial; the others go by their parameter."""

BEST, LINE, ABOVE, SPREAD = "best", "best so far", "above", "spread"
"""Keys of the series that are not those of a state."""

MARKS: dict[str, tuple[str, int, str]] = {
    "complete": ("●", 0, "complete"),
    ABOVE: ("△", 0, "complete, above"),
    "pruned": ("\N{MULTIPLICATION SIGN}", 1, "pruned: last loss"),
    "running": ("○", 2, "running"),
    "diverged": ("▲", 4, "diverged"),
    "failed": ("!", 3, "failed"),
}
"""Marker, colour and label of a trial's mark by its state; those that wait in the queue have none."""

STAR = "★"

LEAST_TRIALS = 4
"""An axis of fewer would be marked with fractions of trials."""

Style = Literal["line", "points", "dashed", "bars"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart, x ascending."""

    key: str
    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int
    marker: str
    style: Style


class Scatter:
    """The trials of a study on one axis of the objective, for as many charts as there are."""

    def __init__(self, study: Study, axis: Axis | None) -> None:
        self.study, self.axis = study, axis
        self._spots = [spot for trial in study.trials if (spot := self._spot(trial)) is not None]
        self._guessed = any(trial.guess is not None for trial in study.trials)

    def _spot(self, trial: Trial) -> tuple[Trial, str, float] | None:
        """A trial with its series and its height. What is off the axis stands at the edge."""
        y, axis = height(trial), self.axis
        if axis is None or trial.state == "queued" or (y is None and trial.state in ("running", "complete")):
            return None
        if y is None or trial.state in ("diverged", "failed"):
            return trial, trial.state, axis.high
        key = ABOVE if y > axis.high and trial.state == "complete" else trial.state
        return trial, key, min(max(y, axis.low), axis.high)

    def by_trial(self) -> list[Series]:
        """The objective against the number of the trial, and the best so far: a stair."""
        xs: list[float] = []
        ys: list[float] = []
        lowest = math.inf
        for trial in self.study.trials:
            number = float(trial.number)
            if trial.value is not None and trial.value < lowest:
                if xs:
                    xs.append(number)
                    ys.append(lowest)
                lowest = trial.value
            if lowest < math.inf:
                xs.append(number)
                ys.append(lowest)
        line = [Series(LINE, LINE, tuple(xs), tuple(ys), 7, "", "line")] if xs else []
        return [*line, *self._series(lambda trial: float(trial.number))]

    def by_parameter(self, name: str) -> list[Series]:
        """The objective against a parameter, see `placing`."""
        return self._series(placing(self.study, name))

    def _series(self, place: Callable[[Trial], float | None]) -> list[Series]:
        """A series for each state, the intervals of guesses below them and the best trial above."""
        spots: dict[str, list[tuple[float, float]]] = {}
        for trial, key, y in self._spots:
            x = place(trial)
            if x is not None:
                spots.setdefault(key, []).append((x, y))
        found = self._intervals(place)
        for key, (marker, colour, label) in MARKS.items():
            if key in spots:
                label = "running: a guess" if key == "running" and self._guessed else label
                found.append(_series(key, label, spots[key], colour, marker))
        best = self.study.best
        if best is not None and best.value is not None and (x := place(best)) is not None:
            found.append(_series(BEST, f"best: trial {best.number}", [(x, best.value)], 5, STAR))
        return found

    def _intervals(self, place: Callable[[Trial], float | None]) -> list[Series]:
        if self.axis is None or not self._guessed:
            return []
        ends = []
        for trial in self.study.trials:
            if trial.guess is not None and (x := place(trial)) is not None:
                ends += [(x, min(max(end, self.axis.low), self.axis.high)) for end in trial.guess[1:]]
        return [_series(SPREAD, "", ends, 2, "", "bars")] if ends else []


@dataclass(frozen=True, slots=True)
class Plots:
    """What the charts of a study show: chart → series; the objective by trial goes by the name OBJECTIVE.

    Attributes:
        log: what the user asked of the axis of the objective.
    """

    study: Study
    log: bool | None
    axis: Axis | None
    series: Mapping[str, Sequence[Series]]


def plots_of(study: Study, log: bool | None) -> Plots:
    """All series of a study; takes its time where there are thousands of trials."""
    axis = axis_of(study, log)
    scatter = Scatter(study, axis)
    series = {OBJECTIVE: scatter.by_trial()} | {name: scatter.by_parameter(name) for name in study.parameters}
    return Plots(study, log, axis, series)


def _series(
    key: str, label: str, spots: Iterable[tuple[float, float]], colour: int, marker: str, style: Style = "points"
) -> Series:
    xs, ys = zip(*sorted(spots), strict=True)
    return Series(key, label, xs, ys, colour, marker, style)


def placing(study: Study, name: str) -> Callable[[Trial], float | None]:
    """Where a trial stands on the axis of a parameter: its log10 where the search draws it so."""
    if not is_log(study, name):
        return lambda trial: trial.params.get(name)

    def place(trial: Trial) -> float | None:
        value = trial.params.get(name, 0.0)
        return math.log10(value) if value > 0 else None

    return place


def trial_range(study: Study) -> tuple[float, float]:
    """The x axis of the trials: all that the search is to have, and no fewer than have whole numbers for marks."""
    last = study.trials[-1].number if study.trials else 0
    return 0.0, float(max(last, (study.wanted or 0) - 1, LEAST_TRIALS))


def parameter_range(study: Study, name: str) -> tuple[float, float] | None:
    """The x axis of a parameter: its search range, and trials of other programs that lie outside."""
    if name not in study.space:
        return None
    span = study.space[name].span
    values = [span.low, span.high, *(trial.params[name] for trial in study.trials if name in trial.params)]
    low, high = min(values), max(values)
    if not span.log:
        return float(low), float(high)
    return (math.log10(low), math.log10(high)) if low > 0 else None


def parameter_ticks(study: Study, name: str, ends: tuple[float, float]) -> list[Tick] | None:
    """The marks of a log axis of a parameter: its ends and the decades between them; None for a linear one."""
    if not is_log(study, name):
        return None
    low, high = ends
    apart = 0.12 * (high - low)
    inner = [tick for tick in decade_ticks(low, high, 4) if low + apart < tick[0] < high - apart]
    return [(low, number_text(10**low, 2)), *sorted(inner), (high, number_text(10**high, 2))]


def is_log(study: Study, name: str) -> bool:
    """Whether a parameter is drawn on a log scale."""
    return name in study.space and study.space[name].span.log

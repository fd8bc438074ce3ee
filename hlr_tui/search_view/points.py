"""The series of the charts of a search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hlr_tui.search_view.trials import Study, Trial, TrialState

LETTERS: dict[TrialState, tuple[str, int]] = {
    "complete": ("C", 0),
    "pruned": ("P", 1),
    "running": ("R", 2),
    "diverged": ("D", 4),
    "failed": ("F", 3),
}
"""Letter and colour of a trial's mark; those that wait in the queue have none."""

Style = Literal["line", "points", "dashed"]


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


def objective_series(study: Study) -> list[Series]:
    """The objective against the number of the trial, and the best so far."""
    found = _marks(study, lambda trial: float(trial.number))
    xs, ys = [], []
    lowest = math.inf
    for trial in study.trials:
        if trial.value is not None:
            lowest = min(lowest, trial.value)
        if lowest < math.inf:
            xs.append(float(trial.number))
            ys.append(lowest)
    if xs:
        found.insert(0, Series("best", "best so far", tuple(xs), tuple(ys), 7, "B", "line"))
    return found


def parameter_series(study: Study, name: str) -> list[Series]:
    """The objective against a parameter: its log10 where the search draws it so."""
    log = is_log(study, name)

    def place(trial: Trial) -> float | None:
        value = trial.params.get(name)
        if value is None or (log and value <= 0):
            return None
        return math.log10(value) if log else float(value)

    found = _marks(study, place)
    best = study.best
    if best is not None and (x := place(best)) is not None and best.value is not None:
        found.append(Series("best", f"best: trial {best.number}", (x,), (best.value,), 5, "B", "points"))
    return found


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


def is_log(study: Study, name: str) -> bool:
    """Whether a parameter is drawn on a log scale."""
    return name in study.space and study.space[name].span.log


def wants_log(study: Study) -> bool:
    """Whether a log axis shows the objectives better: they are positive and span more than a decade."""
    values = [y for trial in study.trials if (y := _height(trial)) is not None]
    return bool(values) and min(values) > 0 and max(values) > 10 * min(values)


def _height(trial: Trial) -> float | None:
    """The objective; for a trial in training what it is guessed to be, for one that was cut short its last loss."""
    if trial.value is not None:
        return trial.value
    if trial.guess is not None:
        return trial.guess[0]
    return trial.latest


def _marks(study: Study, place: Callable[[Trial], float | None]) -> list[Series]:
    """A series for each state. A trial without any finite loss stands as high as the worst one."""
    heights = [y for trial in study.trials if (y := _height(trial)) is not None]
    top = max(heights, default=None)
    found = []
    for state, (letter, colour) in LETTERS.items():
        spots = []
        for trial in study.trials:
            x, y = place(trial), _height(trial)
            y = top if y is None and trial.state in ("diverged", "failed", "pruned") else y
            if trial.state == state and x is not None and y is not None:
                spots.append((x, y))
        if spots:
            spots.sort()
            xs, ys = zip(*spots, strict=True)
            found.append(Series(state, _label(state, study.trials), xs, ys, colour, letter, "points"))
    return found


def _label(state: TrialState, trials: Sequence[Trial]) -> str:
    if state == "running" and any(trial.guess is not None for trial in trials):
        return "running (guess)"
    return state

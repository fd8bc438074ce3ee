"""The axis of the objective: as tight as what matters allows, so that good trials can be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hlr_tui.search_view.trials import Study, Trial

SPREAD = 3.0
"""Ratio of the worst objective to the best one from which on a log axis shows them better."""

MARGIN = 0.06
"""Room above and below, as a share of the axis."""

OUTLYING = 3.0
"""The axis leaves out the worst tenth of the trials where they would make it this many times as long."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The ends of the axis, as values of the objective, and whether it is logarithmic."""

    low: float
    high: float
    log: bool

    def raised(self, share: float) -> Axis:
        """The axis with room above for what is written there, as a share of its length."""
        if not self.log:
            return Axis(self.low, self.high + share * (self.high - self.low), log=False)
        return Axis(self.low, self.high * (self.high / self.low) ** share, log=True) if self.low > 0 else self


def height(trial: Trial) -> float | None:
    """The objective; for a trial in training what it is guessed to be, for one that was cut short its last loss."""
    if trial.value is not None:
        return trial.value
    return trial.guess[0] if trial.guess is not None else trial.latest


def axis_of(study: Study, log: bool | None = None) -> Axis | None:
    """The axis of a study, None where there is nothing to draw. Where all trials were lost it has no meaning, but shows
    at which parameters.

    Args:
        log: what the user asked for; None leaves it to the values.
    """
    values = _values(study)
    if not values:
        lost = any(trial.state in ("diverged", "failed") for trial in study.trials)
        return Axis(0.0, 1.0, log=False) if lost else None
    if log is None:
        log = values[0] > 0 and values[-1] > SPREAD * values[0]
    if log:
        values = [math.log10(value) for value in values if value > 0]
        if not values:
            return Axis(min(_values(study)), max(_values(study)), log=True)
    low, high = values[0], values[-1]
    most = values[round(0.9 * (len(values) - 1))]
    if len(values) >= 10 and high - low > OUTLYING * (most - low) > 0:
        high = most + 0.2 * (most - low)
    room = MARGIN * (high - low) if high > low else 0.1 if log else 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    return Axis(10**low, 10**high, log=True) if log else Axis(low, high, log=False)


def _values(study: Study) -> list[float]:
    """The objectives of the trials that ended well, ascending. Guesses, and losses of trials that were cut short, only
    count where there is nothing better: they would stretch the axis and say little."""
    ended = [trial.value for trial in study.trials if trial.value is not None]
    guessed = ended or [trial.guess[0] for trial in study.trials if trial.guess is not None]
    return sorted(guessed or [trial.latest for trial in study.trials if trial.latest is not None])

"""Studies and their trials, as the search screen shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from core.plan.space import Dimension

TrialState = Literal["complete", "pruned", "diverged", "failed", "running", "queued"]

STATES: tuple[TrialState, ...] = ("complete", "pruned", "diverged", "failed", "running", "queued")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial of a study.

    Attributes:
        value: the objective, where the trial is complete and it is finite.
        latest: the last validation loss, mean over seeds; where nothing finite was recorded, None.
        epoch: epochs done, the fewest of its runs.
        guess: median, low and high of the objective at the budget, for a trial in training.
        elsewhere: another program trained it; it has no curves here.
    """

    number: int
    state: TrialState
    value: float | None
    latest: float | None
    params: Mapping[str, float]
    epoch: int
    budget: int
    run_ids: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    error: str = ""
    guess: tuple[float, float, float] | None = None
    elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Study:
    """The search of one method. What is worked out from thousands of trials is worked out once.

    Attributes:
        space: the searched parameters; empty where the spec cannot be read here.
        legal: lowest and highest legal value of each of them, None where there is no such bound.
        codes: the scheduler or optimizer that each belongs to, "" for the training.
        wanted: trials that it is to have, None where that is unknown.
    """

    name: str
    method: str
    trials: tuple[Trial, ...]
    wanted: int | None = None
    space: Mapping[str, Dimension] = field(default_factory=dict)
    legal: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def best(self) -> Trial | None:
        """The complete trial with the lowest objective, the earliest one of equals."""
        ended = [trial for trial in self.trials if trial.value is not None]
        return min(ended, key=lambda trial: (trial.value, trial.number), default=None)

    @cached_property
    def parameters(self) -> list[str]:
        """Names of the searched parameters, in the order of the space."""
        return list(self.space) or list(dict.fromkeys(name for trial in self.trials for name in trial.params))

    @cached_property
    def counts(self) -> dict[TrialState, int]:
        """How many trials are in each state; states without any are left out."""
        states = [trial.state for trial in self.trials]
        return {state: states.count(state) for state in STATES if state in states}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The searches of one experiment.

    Attributes:
        searches: it has a search, or will have one.
        unread: why the spec cannot be read here; the ranges are then unknown.
        spec: the spec as JSON.
    """

    name: str
    mode: str
    state: str
    studies: tuple[Study, ...]
    searches: bool
    unread: str = ""
    spec: str = "{}"

    @property
    def best(self) -> Study | None:
        """The study with the lowest objective of all."""
        ended = [(study.best.value, study) for study in self.studies if study.best is not None]
        return min(ended, key=lambda each: each[0] or 0.0, default=(0.0, None))[1]


def state_of(states: list[str]) -> TrialState:
    """The state of a trial by those of its runs, one per seed."""
    if "running" in states:
        return "running"
    if "queued" in states:
        return "queued" if set(states) == {"queued"} else "running"
    ranked: tuple[TrialState, ...] = ("failed", "diverged", "pruned")
    return next((state for state in ranked if state in states), "complete")


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean over seeds; None where there is no value, or one of them is not finite."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite and len(finite) == len(values) else None


def summary(study: Study) -> str:
    """``12 of 25 trials: 9 complete, 2 pruned, 1 running``"""
    number = len(study.trials)
    of = f" of {study.wanted}" if study.wanted is not None and study.wanted >= number else ""
    parts = ", ".join(f"{count} {state}" for state, count in study.counts.items())
    plural = "" if (study.wanted if of else number) == 1 else "s"
    return f"{number}{of} trial{plural}" + (f": {parts}" if parts else "")

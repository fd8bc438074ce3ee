"""Schedules and the record of a scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from core.component.record import Record
from core.errors import Problem
from core.params import Horizon, Tick, resolve


class Schedule:
    """Base of a schedule: a frozen dataclass of declared parameters with a value at every tick.

    A subclass gives `lr`; it may give `momentum` and `check`. They see resolved parameters: no default that depends on
    the horizon is None any more.
    """

    __slots__ = ()

    def lr(self, tick: float, horizon: Horizon) -> float:
        """Learning rate in force at `tick`, 0 <= tick <= horizon.total; a pure function of its arguments."""
        raise NotImplementedError

    def momentum(self, tick: float, horizon: Horizon) -> float | None:
        """Momentum (beta1 for Adam and its kin) at `tick`, None where the schedule leaves it alone."""
        return None

    def check(self, horizon: Horizon) -> list[Problem]:
        """What makes these parameters impossible on this horizon, keyed by parameter name."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerInfo(Record):
    """The record of a scheduler.

    Attributes:
        name: lower_snake_case, unique.
        code: the short code of tables and study names, unique; the name where there is none.
        family: heading under which the schedulers are grouped.
        tick: the unit in which it advances.
        summary: one line for lists and forms.
        reference: paper or documentation that defines it.
        schedule: the class of its parameters and formula.
        untuned_lr_factor: factor on `training.lr` where methods are compared at default parameters.
    """

    name: str
    code: str = ""
    family: str = "own"
    tick: Tick = "epoch"
    summary: str = ""
    reference: str = ""
    schedule: type[Schedule]
    untuned_lr_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Trace:
    """A schedule bound to its horizon; holds its last value past the end.

    Attributes:
        schedule: with every parameter resolved.
        horizon: the ticks it runs over.
    """

    schedule: Schedule
    horizon: Horizon

    @classmethod
    def of(cls, schedule: Schedule, horizon: Horizon) -> Trace:
        return cls(resolve(schedule, horizon), horizon)

    def lr(self, tick: float, *, base: float | None = None) -> float:
        """Learning rate at `tick` (held outside 0 … total) for a group whose peak rate is `base`."""
        horizon = self.horizon if base is None else Horizon(self.horizon.total, self.horizon.per_epoch, base)
        return self.schedule.lr(self._held(tick), horizon)

    def momentum(self, tick: float) -> float | None:
        return self.schedule.momentum(self._held(tick), self.horizon)

    def _held(self, tick: float) -> float:
        return min(max(tick, 0), self.horizon.total)

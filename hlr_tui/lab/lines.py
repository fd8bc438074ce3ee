"""The lines of the schedule lab: a schedule over one budget, sampled, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from core.component import Schedule, SchedulerInfo, Trace
from core.errors import MISSING, Problem
from core.params import Horizon
from core.user_code import blame
from core.values import parse

MOST_SAMPLES = 800
"""More than a screen has dots, few enough to follow a held key: a sample costs a microsecond."""

GOLDEN = (math.sqrt(5) - 1) / 2

FALLEN = 0.8
"""Share of the peak rate where the LR metric stops (analysis of arXiv:2407.15200)."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A scheduler over one budget.

    Attributes:
        info: its record.
        horizon: the ticks of the run.
        schedule: its parameters, resolved; None where one of them is not legal.
        ticks: where it was sampled, ascending, first and last included; all of them in short runs.
        lr: the rate in force at each of `ticks`.
        momentum: likewise; None where the schedule leaves it alone.
        problems: why it cannot be drawn, keyed by parameter; then there are no samples.
    """

    info: SchedulerInfo
    horizon: Horizon
    schedule: Schedule | None = None
    ticks: Sequence[int] = ()
    lr: Sequence[float] = ()
    momentum: Sequence[float] | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def sampled(self) -> bool:
        """There are ticks between the samples, so that sums are estimates."""
        return len(self.ticks) <= self.horizon.total

    @cached_property
    def epochs(self) -> list[float]:
        """The position of each sample in epochs."""
        return [tick / self.horizon.per_epoch for tick in self.ticks]

    @cached_property
    def decay(self) -> list[float]:
        """-dη/dt per epoch: central differences of the samples, one-sided ones at both ends."""
        last = len(self.lr) - 1
        ends = [(max(i - 1, 0), min(i + 1, last)) for i in range(last + 1)]
        return [(self.lr[i] - self.lr[j]) / (self.epochs[j] - self.epochs[i]) if j > i else 0.0 for i, j in ends]

    @cached_property
    def budget(self) -> list[float]:
        """∫₀ᵗ η dt in epochs, by the trapezoid rule."""
        spent, values = 0.0, [0.0] * bool(self.lr)
        for i in range(1, len(self.lr)):
            spent += (self.lr[i] + self.lr[i - 1]) / 2 * (self.epochs[i] - self.epochs[i - 1])
            values.append(spent)
        return values

    @property
    def spent(self) -> list[float]:
        """The share of the whole ∫η that is spent."""
        whole = self.budget[-1] if self.budget else 0.0
        return [value / whole if whole else math.nan for value in self.budget]

    @property
    def progress(self) -> list[float]:
        """The share of the run that is done, at each sample."""
        return [tick / self.horizon.total for tick in self.ticks]

    @property
    def lr_metric(self) -> float | None:
        """∫₀ᵗ* (η - 0.8 η₀) dt in epochs, up to t* where the rate first falls to 0.8 of its peak η₀; None where it
        starts below that, as with a warm-up, or never falls to it."""
        floor = FALLEN * self.horizon.lr
        if not self.lr or self.lr[0] < floor:
            return None
        area = 0.0
        for i in range(1, len(self.lr)):
            above, below, width = self.lr[i - 1] - floor, self.lr[i] - floor, self.epochs[i] - self.epochs[i - 1]
            if below <= 0:
                return area + above * width * above / (above - below) / 2 if above > below else area
            area += (above + below) / 2 * width
        return None

    def at(self, epoch: float) -> float | None:
        """The rate in force at an epoch, exactly; None after the end."""
        tick = math.floor(epoch * self.horizon.per_epoch + 1e-9)
        if self.schedule is None or not self.lr or not 0 <= epoch <= self.horizon.epochs:
            return None
        return Trace(self.schedule, self.horizon).lr(tick)


def sample_ticks(total: int, most: int = MOST_SAMPLES) -> list[int]:
    """At most `most` of the ticks 0 … total, both ends included.

    Where there are more ticks, each of equal stretches gives one, at a place that wanders from stretch to stretch:
    a cyclic schedule sampled at equal distances would show waves that are not there.
    """
    if total < most:
        return list(range(total + 1))
    stretch = total / (most - 1)
    inner = (int(i * stretch + (i * GOLDEN) % 1 * (stretch - 1)) for i in range(1, most - 1))
    return sorted({0, *inner, total})


@lru_cache(maxsize=1024)
def line_of(info: SchedulerInfo, values: tuple[tuple[str, Any], ...], horizon: Horizon) -> Line:
    """The line of a scheduler with these parameters; with problems and no samples where it cannot be drawn."""
    schedule, found = parse(info.schedule, dict(values))
    if schedule is None:
        return Line(info=info, horizon=horizon, problems=tuple(found))
    ticks = sample_ticks(horizon.total)
    try:
        trace = Trace.of(schedule, horizon)
        found = trace.schedule.check(horizon)
        if found:
            return Line(info=info, horizon=horizon, schedule=trace.schedule, problems=tuple(found))
        lr = [trace.lr(tick) for tick in ticks]
        moved = [trace.momentum(tick) for tick in ticks] if trace.momentum(0) is not None else None
    except Exception as error:  # noqa: BLE001  # a scheduler may be the user's own code: it may raise anything
        return Line(info=info, horizon=horizon, problems=(Problem(info.code, MISSING, blame(error)),))
    momentum = None if moved is None else [math.nan if value is None else value for value in moved]
    return Line(info=info, horizon=horizon, schedule=trace.schedule, ticks=ticks, lr=lr, momentum=momentum)

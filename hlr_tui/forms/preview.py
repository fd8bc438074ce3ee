"""The schedules that an experiment would train with, sampled for a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.component import Trace
from core.plan.configuration import peak_lr, schedule_of
from core.plan.feasibility import budgets_of
from core.plan.space import held_values, horizon_of
from core.spec.experiment import ExperimentSpec

POINTS = 240
"""Most points of a curve: two for each column of a wide chart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning rate of one scheduler over one budget; `epochs` ascending, from 0 to the budget."""

    code: str
    epochs: Sequence[float]
    lr: Sequence[float]


def preview_curves(spec: ExperimentSpec) -> tuple[int, list[Curve]]:
    """The longest budget, and a curve at that budget for each scheduler of the methods whose parameters allow one."""
    budget = max(budgets_of(spec))
    curves: dict[str, Curve] = {}
    for method in spec.methods:
        code = method.scheduler.code
        if method.optimizer.lr_free or code in curves:
            continue
        values = held_values(spec, method)
        horizon = horizon_of(spec, method, budget, peak_lr(spec, method, values))
        schedule = schedule_of(spec, method, horizon, values)
        if schedule.check(horizon):
            continue
        trace = Trace(schedule, horizon)
        stride = max(1, -(-horizon.total // POINTS))
        ticks = [*range(0, horizon.total, stride), horizon.total]
        try:
            lr = [trace.lr(tick) for tick in ticks]
        except (ArithmeticError, ValueError):  # a formula without a value there, of a plug-in say
            continue
        curves[code] = Curve(code, [tick / horizon.per_epoch for tick in ticks], lr)
    return budget, list(curves.values())

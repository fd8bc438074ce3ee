"""HyperbolicLR: a hyperbola whose initial slope does not depend on the number of epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, real, span, whole

REFERENCE = "Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200"


def hyperbola(tick: float, total: float, upper_bound: float) -> float:
    """h(x) of arXiv:2407.15200: 0 at tick 0, falling to its lowest value at `total`; at `upper_bound` = `total`
    that is -1, above it the curve stops earlier, so that its beginning is the same for every total."""

    def height(x: float) -> float:
        return math.sqrt((total - x) / upper_bound * (2 - (total + x) / upper_bound))

    return height(tick) - height(0)


def check_hyperbolic(upper_bound: int, infimum_lr: float, total: int, lr: float) -> list[Problem]:
    """What forbids these values: the bound below the horizon, the infimum not below the peak."""
    problems = []
    if upper_bound < total:
        problems.append(Problem("upper_bound", upper_bound, f"must be >= {total}, the number of epochs of the run"))
    return problems + check_infimum(infimum_lr, lr)


def check_infimum(infimum_lr: float, lr: float) -> list[Problem]:
    """The infimum must lie below the peak rate."""
    if infimum_lr < lr:
        return []
    return [Problem("infimum_lr", infimum_lr, f"must be < {lr:g}, the peak learning rate")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperbolic(Schedule):
    upper_bound: int = whole(
        250,
        low=1,
        search=span(200, 400, step=50),
        help="largest number of epochs the curve is laid out for; the initial decay depends on it alone",
    )
    infimum_lr: float = real(
        1e-6, above=0.0, search=span(1e-7, 1e-4, log=True), help="rate reached after upper_bound epochs"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr + (horizon.lr - self.infimum_lr) * hyperbola(tick, horizon.total, self.upper_bound)

    def check(self, horizon: Horizon) -> list[Problem]:
        return check_hyperbolic(self.upper_bound, self.infimum_lr, horizon.total, horizon.lr)


SCHEDULER = SchedulerInfo(
    name="hyperbolic",
    code="H",
    family="hyperbolic",
    tick="epoch",
    summary="hyperbolic decay that starts alike for every number of epochs",
    reference=REFERENCE,
    schedule=Hyperbolic,
)

"""HyperbolicLR: a hyperbola whose beginning changes little with the number of epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, real, span, whole
from core.schedulers._checks import check_infimum
from core.schedulers._curves import blend

REFERENCE = "Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200"


def hyperbola(tick: float, total: float, upper_bound: float) -> float:
    """h(x) of arXiv:2407.15200: 0 at tick 0, falling to its lowest value at `total`, which is -1 where `total` is
    `upper_bound` and higher below it.

    Its initial slope is -1 / (U sqrt(N/U (2 - N/U))) per tick: from N = 50 to N = 200 at U = 250 it changes by a factor
    1.63, where the slope of a straight line to zero changes by 4.
    """

    def height(x: float) -> float:
        return math.sqrt((total - x) / upper_bound * (2 - (total + x) / upper_bound))

    return height(tick) - height(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperbolic(Schedule):
    upper_bound: int = whole(
        250,
        low=1,
        high=1_000_000_000,
        search=span(200, 400, step=50),
        help="number of epochs at which the curve would reach infimum_lr; shorter runs end above it",
    )
    infimum_lr: float = real(
        1e-6, above=0.0, search=span(1e-7, 1e-4, log=True), help="rate reached by a run of upper_bound epochs"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return self.decay(tick, horizon)

    def decay(self, tick: float, horizon: Horizon) -> float:
        """The curve without any warm-up."""
        # lr + (lr - infimum_lr) h, written as a mean so that the infimum itself is reached without cancellation.
        return blend(self.infimum_lr, horizon.lr, 1 + hyperbola(tick, horizon.total, self.upper_bound))

    def check(self, horizon: Horizon) -> list[Problem]:
        problems = []
        if self.upper_bound < horizon.total:
            legal = f"must be >= {horizon.total}, the number of epochs of the run"
            problems.append(Problem("upper_bound", self.upper_bound, legal))
        return problems + check_infimum(self.infimum_lr, horizon)


SCHEDULER = SchedulerInfo(
    name="hyperbolic",
    code="H",
    family="hyperbolic",
    tick="epoch",
    summary="hyperbolic decay whose start changes little with the number of epochs",
    reference=REFERENCE,
    schedule=Hyperbolic,
)

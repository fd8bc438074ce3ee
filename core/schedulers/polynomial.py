"""PolynomialLR: decay to zero along a power of the remaining epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.params import Horizon, real, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Polynomial(Schedule):
    power: float = real(
        0.5, above=0.0, search=span(0.5, 3.0), help="exponent of the remaining share of epochs; 1 is a straight line"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr * math.pow(1 - tick / horizon.total, self.power)


SCHEDULER = SchedulerInfo(
    name="polynomial",
    code="P",
    family="decay",
    tick="epoch",
    summary="decay to zero along a power of the remaining epochs",
    reference="torch.optim.lr_scheduler.PolynomialLR with total_iters = epochs",
    schedule=Polynomial,
)

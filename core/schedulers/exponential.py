"""ExponentialLR: the rate is multiplied by a constant after every epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.params import Horizon, real, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential(Schedule):
    gamma: float = real(
        0.96, above=0.0, high=1.0, search=span(0.9, 0.99), help="factor on the learning rate after every epoch"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr * math.pow(self.gamma, tick)


SCHEDULER = SchedulerInfo(
    name="exponential",
    code="E",
    family="decay",
    tick="epoch",
    summary="multiplied by a constant factor after every epoch",
    reference="torch.optim.lr_scheduler.ExponentialLR",
    schedule=Exponential,
)

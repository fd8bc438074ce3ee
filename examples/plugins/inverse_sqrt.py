"""A scheduler of one's own, in one file: hlr-tui --plugins examples/plugins preview ISR --epochs 50."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, span, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseSqrt(Schedule):
    warmup_epochs: int = whole(4, low=1, search=span(1, 8), help="epochs of the linear rise to the peak rate")

    def lr(self, tick: float, horizon: Horizon) -> float:
        if tick < self.warmup_epochs:
            return horizon.lr * (tick + 1) / (self.warmup_epochs + 1)
        return horizon.lr * math.sqrt(self.warmup_epochs / tick)

    def check(self, horizon: Horizon) -> list[Problem]:
        if self.warmup_epochs < horizon.total:
            return []
        return [Problem("warmup_epochs", self.warmup_epochs, f"must be < {horizon.total}, the epochs of the run")]


SCHEDULER = SchedulerInfo(
    name="inverse_sqrt",
    code="ISR",
    family="warm-up",
    tick="epoch",
    summary="linear warm-up, then the inverse square root of the epoch",
    reference="Vaswani et al. (2017), arXiv:1706.03762, equation 3",
    schedule=InverseSqrt,
)

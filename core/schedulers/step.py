"""StepLR: the rate drops by a factor after every so many epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.params import Horizon, derived, real, span, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Schedule):
    step_size: int = whole(
        derived("max(1, epochs // 3)", lambda p, h: max(1, h.epochs // 3)),
        low=1,
        high=1_000_000_000,
        search=span(
            derived("max(1, epochs // 10)", lambda p, h: max(1, h.epochs // 10)),
            derived("max(2, epochs // 2)", lambda p, h: max(2, h.epochs // 2)),
        ),
        in_ticks=True,
        help="epochs between two drops",
    )
    gamma: float = real(0.1, above=0.0, high=1.0, search=span(0.05, 0.5), help="factor on the learning rate at a drop")

    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr * math.pow(self.gamma, tick // self.step_size)


SCHEDULER = SchedulerInfo(
    name="step",
    code="S",
    family="decay",
    tick="epoch",
    summary="drops by a factor after every so many epochs",
    reference="torch.optim.lr_scheduler.StepLR",
    schedule=Step,
)

"""No schedule: a constant learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.params import Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Schedule):
    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr


SCHEDULER = SchedulerInfo(
    name="none",
    code="N",
    family="constant",
    tick="epoch",
    summary="constant learning rate",
    reference="baseline of arXiv:2407.15200, which compares it at a tenth of the peak rate of the others",
    schedule=Constant,
    untuned_lr_factor=0.1,
)

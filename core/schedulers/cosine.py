"""CosineAnnealingLR: half a cosine from the peak rate to the infimum."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, real, span
from core.schedulers._checks import check_infimum
from core.schedulers._curves import blend, half_cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine(Schedule):
    infimum_lr: float = real(
        1e-6, low=0.0, search=span(1e-7, 1e-4, log=True), help="rate reached at the end (eta_min of torch)"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return blend(self.infimum_lr, horizon.lr, half_cosine(tick / horizon.total))

    def check(self, horizon: Horizon) -> list[Problem]:
        return check_infimum(self.infimum_lr, horizon)


SCHEDULER = SchedulerInfo(
    name="cosine",
    code="C",
    family="decay",
    tick="epoch",
    summary="half a cosine from the peak rate to the infimum",
    reference="Loshchilov & Hutter (2017), SGDR, arXiv:1608.03983; torch.optim.lr_scheduler.CosineAnnealingLR",
    schedule=Cosine,
)

"""Cosine annealing after a linear warm-up."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, derived, real, span, whole
from core.schedulers._checks import check_infimum, check_warmup
from core.schedulers._curves import blend, half_cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupCosine(Schedule):
    infimum_lr: float = real(
        1e-6, low=0.0, search=span(1e-7, 1e-4, log=True), help="rate reached at the end (eta_min of torch)"
    )
    warmup_epochs: int = whole(
        derived("max(1, epochs // 10)", lambda p, h: max(1, h.epochs // 10)),
        low=1,
        in_ticks=True,
        help="epochs of the linear rise to the peak rate",
    )
    start_factor: float = real(0.01, above=0.0, high=1.0, help="share of the peak rate at the start of the warm-up")

    def lr(self, tick: float, horizon: Horizon) -> float:
        warmup = self.warmup_epochs
        if tick < warmup:
            return horizon.lr * blend(self.start_factor, 1.0, tick / warmup)
        return blend(self.infimum_lr, horizon.lr, half_cosine((tick - warmup) / (horizon.total - warmup)))

    def check(self, horizon: Horizon) -> list[Problem]:
        return check_infimum(self.infimum_lr, horizon) + check_warmup(self.warmup_epochs, horizon)


SCHEDULER = SchedulerInfo(
    name="warmup_cosine",
    code="WC",
    family="warm-up",
    tick="epoch",
    summary="linear warm-up, then half a cosine to the infimum",
    reference="Goyal et al. (2017), arXiv:1706.02677; torch SequentialLR of LinearLR and CosineAnnealingLR",
    schedule=WarmupCosine,
)

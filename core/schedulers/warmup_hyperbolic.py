"""HyperbolicLR after a linear warm-up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.component import SchedulerInfo
from core.errors import Problem
from core.params import Horizon, derived, flag, whole
from core.schedulers._checks import check_warmup
from core.schedulers._curves import blend
from core.schedulers.hyperbolic import REFERENCE, Hyperbolic


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupHyperbolic(Hyperbolic):
    warmup_epochs: int = whole(
        derived("max(1, epochs // 10)", lambda p, h: max(1, h.epochs // 10)),
        low=1,
        in_ticks=True,
        help="epochs of the linear rise from infimum_lr to the peak rate",
    )
    legacy_start: bool = flag(
        False, help="train the first epoch at the peak rate, as the experiments of the paper did, not at infimum_lr"
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        if self.legacy_start and tick < 1:
            return horizon.lr
        if tick <= self.warmup_epochs:
            return blend(self.infimum_lr, horizon.lr, tick / self.warmup_epochs)
        return self.decay(tick - self.warmup_epochs, replace(horizon, total=horizon.total - self.warmup_epochs))

    def check(self, horizon: Horizon) -> list[Problem]:
        return Hyperbolic.check(self, horizon) + check_warmup(self.warmup_epochs, horizon)


SCHEDULER = SchedulerInfo(
    name="warmup_hyperbolic",
    code="WH",
    family="hyperbolic",
    tick="epoch",
    summary="linear warm-up, then hyperbolic decay",
    reference=REFERENCE,
    schedule=WarmupHyperbolic,
)

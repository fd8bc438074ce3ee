"""ExpHyperbolicLR after a linear warm-up."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import SchedulerInfo
from core.params import Horizon
from core.schedulers.exp_hyperbolic import exp_decay
from core.schedulers.hyperbolic import REFERENCE
from core.schedulers.warmup_hyperbolic import WarmupHyperbolic


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupExpHyperbolic(WarmupHyperbolic):
    def decay(self, tick: float, horizon: Horizon) -> float:
        return exp_decay(tick, horizon, self.upper_bound, self.infimum_lr)


SCHEDULER = SchedulerInfo(
    name="warmup_exp_hyperbolic",
    code="WEH",
    family="hyperbolic",
    tick="epoch",
    summary="linear warm-up, then exponential hyperbolic decay",
    reference=REFERENCE,
    schedule=WarmupExpHyperbolic,
)

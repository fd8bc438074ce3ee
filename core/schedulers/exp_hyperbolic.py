"""ExpHyperbolicLR: the hyperbola on a logarithmic scale."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import SchedulerInfo
from core.params import Horizon
from core.schedulers._curves import geometric_blend
from core.schedulers.hyperbolic import REFERENCE, Hyperbolic, hyperbola


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpHyperbolic(Hyperbolic):
    def decay(self, tick: float, horizon: Horizon) -> float:
        return exp_decay(tick, horizon, self.upper_bound, self.infimum_lr)


def exp_decay(tick: float, horizon: Horizon, upper_bound: int, infimum_lr: float) -> float:
    """lr · (lr / infimum_lr)^h(x) of arXiv:2407.15200."""
    return geometric_blend(infimum_lr, horizon.lr, 1 + hyperbola(tick, horizon.total, upper_bound))


SCHEDULER = SchedulerInfo(
    name="exp_hyperbolic",
    code="EH",
    family="hyperbolic",
    tick="epoch",
    summary="exponential of the hyperbola: decay by orders of magnitude, its start little changed by the epochs",
    reference=REFERENCE,
    schedule=ExpHyperbolic,
)

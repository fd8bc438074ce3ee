"""LinearLR: a straight line from the peak rate to a share of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, derived, real, span
from core.schedulers._checks import check_infimum
from core.schedulers._curves import blend


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Schedule):
    infimum_lr: float = real(1e-6, low=0.0, help="rate reached at the end where end_factor is left out")
    end_factor: float = real(
        derived("max(infimum_lr / lr, 1e-6)", lambda p, h: max(p.infimum_lr / h.lr, 1e-6)),
        low=0.0,
        high=1.0,
        search=span(1e-3, 0.1, log=True),
        help="share of the peak rate reached at the end",
    )

    def lr(self, tick: float, horizon: Horizon) -> float:
        return horizon.lr * blend(self.end_factor, 1.0, 1 - tick / horizon.total)

    def check(self, horizon: Horizon) -> list[Problem]:
        return check_infimum(self.infimum_lr, horizon)


SCHEDULER = SchedulerInfo(
    name="linear",
    code="L",
    family="decay",
    tick="epoch",
    summary="straight line from the peak rate to a share of it",
    reference="torch.optim.lr_scheduler.LinearLR with start_factor = 1 and total_iters = epochs",
    schedule=Linear,
)

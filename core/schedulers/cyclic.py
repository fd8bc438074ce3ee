"""CyclicLR: triangles between the infimum and the peak rate, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, derived, flag, real, span, whole
from core.schedulers._checks import check_infimum, check_momentum
from core.schedulers._curves import blend


@dataclass(frozen=True, slots=True, kw_only=True)
class Cyclic(Schedule):
    infimum_lr: float = real(1e-6, low=0.0, help="rate at the foot of the triangles (base_lr of torch)")
    step_size_up: int = whole(
        derived("max(1, steps // 4)", lambda p, h: max(1, h.total // 4)),
        low=1,
        high=1_000_000_000,
        search=span(
            derived("steps_per_epoch", lambda p, h: h.per_epoch),
            derived("max(steps_per_epoch + 1, steps // 2)", lambda p, h: max(h.per_epoch + 1, h.total // 2)),
        ),
        in_ticks=True,
        help="steps from the foot of a triangle to its top, and again down to the next foot",
    )
    cycle_momentum: bool = flag(True, help="move the momentum (beta1) against the learning rate")
    base_momentum: float = real(0.8, low=0.0, below=1.0, help="momentum at the peak rate")
    max_momentum: float = real(0.9, low=0.0, below=1.0, help="momentum at the infimum")

    def lr(self, tick: float, horizon: Horizon) -> float:
        return blend(self.infimum_lr, horizon.lr, self._height(tick))

    def momentum(self, tick: float, horizon: Horizon) -> float | None:
        if not self.cycle_momentum:
            return None
        return blend(self.max_momentum, self.base_momentum, self._height(tick))

    def check(self, horizon: Horizon) -> list[Problem]:
        problems = check_infimum(self.infimum_lr, horizon)
        if self.cycle_momentum:
            problems += check_momentum(self.base_momentum, self.max_momentum)
        return problems

    def _height(self, tick: float) -> float:
        """0 at the foot of a triangle, 1 at its top."""
        into_cycle = tick % (2 * self.step_size_up)
        return 1 - abs(into_cycle - self.step_size_up) / self.step_size_up


SCHEDULER = SchedulerInfo(
    name="cyclic",
    code="CY",
    family="cyclic",
    tick="step",
    summary="triangles between the infimum and the peak rate, with the momentum moving the other way",
    reference="Smith (2017), Cyclical Learning Rates, arXiv:1506.01186; torch.optim.lr_scheduler.CyclicLR (triangular)",
    schedule=Cyclic,
)

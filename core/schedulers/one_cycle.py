"""OneCycleLR: one rise to the peak and one long fall far below the start, both half cosines, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.errors import Problem
from core.params import Horizon, flag, real, span
from core.schedulers._checks import check_momentum
from core.schedulers._curves import blend, half_cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCycle(Schedule):
    pct_start: float = real(0.3, low=0.0, high=1.0, search=span(0.1, 0.5), help="share of the steps spent rising")
    div_factor: float = real(25.0, low=1.0, help="the first rate is the peak rate divided by this")
    final_div_factor: float = real(1e4, low=1.0, help="the last rate is the first rate divided by this")
    cycle_momentum: bool = flag(True, help="move the momentum (beta1) against the learning rate")
    base_momentum: float = real(0.85, low=0.0, below=1.0, help="momentum at the peak rate")
    max_momentum: float = real(0.95, low=0.0, below=1.0, help="momentum at the start and at the end")

    def lr(self, tick: float, horizon: Horizon) -> float:
        first = horizon.lr / self.div_factor
        return self._cycle(tick, horizon, first, horizon.lr, first / self.final_div_factor)

    def momentum(self, tick: float, horizon: Horizon) -> float | None:
        if not self.cycle_momentum:
            return None
        return self._cycle(tick, horizon, self.max_momentum, self.base_momentum, self.max_momentum)

    def check(self, horizon: Horizon) -> list[Problem]:
        problems = []
        if self._top(horizon) == 0:
            legal = f"must not be 1 / {horizon.total} steps: that rise has no length, and torch divides by it"
            problems.append(Problem("pct_start", self.pct_start, legal))
        if self.cycle_momentum:
            problems += check_momentum(self.base_momentum, self.max_momentum)
        return problems

    def _top(self, horizon: Horizon) -> float:
        """Tick of the peak, as torch counts it: below 0 where the share is less than one step, so that the run
        starts already past the peak."""
        return self.pct_start * horizon.total - 1

    def _cycle(self, tick: float, horizon: Horizon, start: float, peak: float, end: float) -> float:
        # torch's last value stands at total - 1; one step later it would climb the cosine again.
        last = horizon.total - 1
        tick, top = min(tick, last), self._top(horizon)
        if tick <= top:
            return blend(peak, start, half_cosine(tick / top))
        return blend(end, peak, half_cosine((tick - top) / (last - top)))


SCHEDULER = SchedulerInfo(
    name="one_cycle",
    code="OC",
    family="cyclic",
    tick="step",
    summary="one rise to the peak and one long fall, with the momentum moving the other way",
    reference="Smith & Topin (2018), Super-Convergence, arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR",
    schedule=OneCycle,
)

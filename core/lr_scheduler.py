"""Any schedule of the catalogue as a torch learning-rate scheduler, for training loops of one's own."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from core.catalog import catalog
from core.component import Schedule, Trace
from core.errors import MISSING, Problem, SpecError
from core.params import Horizon, Tick, params_of
from core.values import check_value

SOURCE = "ScheduleLR"


class ScheduleLR(LRScheduler):
    """Drives the learning rate, and where the schedule says so the momentum, of a torch optimizer.

    Each parameter group keeps its own peak rate, the `lr` it was made with. The rate of a tick is a function of that
    tick alone; past the last tick the last value is held. Momentum goes to ``betas[0]``, or to ``momentum`` where the
    optimizer has no betas. A tensor `lr` is written in place.

    Args:
        optimizer: the optimizer whose groups are driven.
        schedule: name or code of a scheduler (``"EH"``), or a schedule with parameters
            (``ExpHyperbolic(upper_bound=300)``).
        epochs: length of the training, in epochs.
        steps_per_epoch: optimizer updates in one epoch; needed by schedules that advance by step (OC, CY).
        tick: "epoch" or "step", the unit in which a schedule that is not in the catalogue advances.
        last_epoch: tick to resume after, as in torch; -1 starts anew.

    Raises:
        SpecError: a value is out of bounds or impossible on this horizon.
        UnknownName: nothing in the catalogue has that name.

    Call `step` after every epoch, or after every update for schedules that advance by step:

    >>> import torch
    >>> from core.lr_scheduler import ScheduleLR
    >>> inputs, targets = torch.linspace(-1, 1, 64).reshape(8, 8, 1), torch.zeros(8, 8, 1)
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    >>> scheduler = ScheduleLR(optimizer, "EH", epochs=100)
    >>> for epoch in range(100):
    ...     for batch, target in zip(inputs, targets):
    ...         optimizer.zero_grad()
    ...         torch.nn.functional.mse_loss(model(batch), target).backward()
    ...         optimizer.step()
    ...     scheduler.step()
    >>> f"{scheduler.get_last_lr()[0]:.2e}"
    '6.31e-06'
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedule: Schedule | str,
        *,
        epochs: int,
        steps_per_epoch: int | None = None,
        tick: Tick | None = None,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        schedule, own_tick = _look_up(schedule, tick)
        total, per_epoch = _ticks(epochs, steps_per_epoch, own_tick)
        # The base class steps once in its constructor, so everything that a step needs comes before it.
        bases = [float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
        self._traces = _traces(schedule, total, per_epoch, bases)
        if any(trace.momentum(0) is not None for trace in self._traces):
            _check_takes_momentum(optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The rate of every group at tick `last_epoch`; sets the momentum too, as torch's cyclic schedulers do."""
        for group, trace in zip(self.optimizer.param_groups, self._traces, strict=True):
            momentum = trace.momentum(self.last_epoch)
            if momentum is not None:
                _set_momentum(group, momentum)
        return [trace.lr(self.last_epoch) for trace in self._traces]

    def get_last_momentum(self) -> float | None:
        """The momentum (beta1) in force in the first group, None where the schedule leaves it alone."""
        return self._traces[0].momentum(self.last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """The state in plain JSON values: the tick, the horizon, the peak rates and the schedule's parameters."""
        first = self._traces[0]
        return {
            "last_epoch": self.last_epoch,
            "step_count": self._step_count,
            "total": first.horizon.total,
            "per_epoch": first.horizon.per_epoch,
            "base_lrs": [trace.horizon.lr for trace in self._traces],
            "schedule": type(first.schedule).__name__,
            "params": [_params(trace.schedule) for trace in self._traces],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state given by `state_dict`, and write its rates and momenta to the optimizer at once.

        Horizon and parameters are those of the state, as in torch.

        Raises:
            SpecError: the state belongs to another schedule or to another number of parameter groups.
        """
        own = self._traces[0].schedule
        problems = []
        name, rates = state_dict.get("schedule", MISSING), state_dict.get("base_lrs", [])
        if name != type(own).__name__:
            problems.append(Problem("schedule", name, f"must be {type(own).__name__}"))
        if len(rates) != len(self._traces):
            legal = f"must be {len(self._traces)} rates, one for each parameter group"
            problems.append(Problem("base_lrs", rates, legal))
        if problems:
            raise SpecError(f"{SOURCE}.load_state_dict", problems)
        self._traces = [
            Trace(
                dataclasses.replace(own, **params),  # type: ignore[type-var]  # every Schedule is a dataclass
                Horizon(state_dict["total"], state_dict["per_epoch"], lr),
            )
            for params, lr in zip(state_dict["params"], state_dict["base_lrs"], strict=True)
        ]
        self.base_lrs = list(state_dict["base_lrs"])
        self.last_epoch = state_dict["last_epoch"]
        self._update_lr(self.last_epoch)
        self._step_count = state_dict["step_count"]


def _look_up(schedule: Schedule | str, tick: Tick | None) -> tuple[Schedule, Tick]:
    """The schedule and the unit in which it advances."""
    shelf = catalog().schedulers
    known: Tick | None = None
    if isinstance(schedule, str):
        info = shelf.get(schedule)
        schedule, known = info.schedule(), info.tick
    else:
        known = next((info.tick for info in shelf.all() if info.schedule is type(schedule)), None)
    kind = type(schedule).__name__
    if known is not None:
        if tick not in (None, known):
            raise SpecError(SOURCE, [Problem("tick", tick, f'must be "{known}", the tick of {kind}')])
        return schedule, known
    if tick not in ("epoch", "step"):
        value = MISSING if tick is None else tick
        raise SpecError(
            SOURCE, [Problem("tick", value, 'must be "epoch" or "step"', f"{kind} is not in the catalogue")]
        )
    return schedule, tick


def _ticks(epochs: int, steps_per_epoch: int | None, tick: Tick) -> tuple[int, int]:
    """Total ticks, and ticks in one epoch."""
    problems = []
    if not _is_count(epochs):
        problems.append(Problem("epochs", epochs, "must be a whole number >= 1"))
    if tick == "step" and not _is_count(steps_per_epoch):
        value = MISSING if steps_per_epoch is None else steps_per_epoch
        legal = "must be a whole number >= 1, since this schedule advances by step"
        problems.append(Problem("steps_per_epoch", value, legal))
    if problems:
        raise SpecError(SOURCE, problems)
    per_epoch = 1 if tick == "epoch" or steps_per_epoch is None else steps_per_epoch
    return epochs * per_epoch, per_epoch


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _traces(schedule: Schedule, total: int, per_epoch: int, bases: list[float]) -> list[Trace]:
    """The schedule on the horizon of each group; one problem that several groups have is told once."""
    problems = []
    for name, param in params_of(schedule):
        value = getattr(schedule, name)
        if value is not None:
            problems.append(check_value(name, param, value)[1])
    problems += [Problem("lr", lr, "must be a finite number > 0") for lr in bases if not (math.isfinite(lr) and lr > 0)]
    found = [problem for problem in problems if problem is not None]
    traces = []
    if not found:
        traces = [Trace.of(schedule, Horizon(total, per_epoch, lr)) for lr in bases]
        found = [problem for trace in traces for problem in trace.schedule.check(trace.horizon)]
    if found:
        raise SpecError(SOURCE, [problem for at, problem in enumerate(found) if problem not in found[:at]])
    return traces


def _params(schedule: Schedule) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name, _ in params_of(schedule)}


def _check_takes_momentum(optimizer: Optimizer) -> None:
    if not all("betas" in group or "momentum" in group for group in optimizer.param_groups):
        legal = "must have momentum or betas, which this schedule moves"
        raise SpecError(
            SOURCE, [Problem("optimizer", type(optimizer).__name__, legal, "or set cycle_momentum = false")]
        )


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        first, *rest = group["betas"]
        group["betas"] = (first.fill_(momentum) if isinstance(first, Tensor) else momentum, *rest)
    elif isinstance(group["momentum"], Tensor):
        group["momentum"].fill_(momentum)
    else:
        group["momentum"] = momentum

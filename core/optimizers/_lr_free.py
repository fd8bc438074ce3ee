"""What the LR-free optimizers share: one rate for all parameters, and the rate that they have found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    import torch


def one_rate(name: str, parameters: Iterable[Any], lr: float) -> list[Any]:
    """`parameters` as a list, once it is certain that all of them train at `lr`.

    The estimate d is one number for the whole network: the libraries raise in the middle of a step where groups differ,
    and divide by zero where the rate is zero.

    Raises:
        UsageError: `lr` is not positive, or a parameter group has another rate.
    """
    if not lr > 0:
        raise UsageError(f"{name}: lr = {lr:g}: must be > 0 (1 unless training is unstable)")
    groups = list(parameters)
    for group in groups:
        rate = group.get("lr", lr) if isinstance(group, dict) else lr
        if rate != lr:
            raise UsageError(f"{name}: a parameter group has lr = {rate:g}: must be {lr:g}, the same for every group")
    return groups


def found_rate(optimizer: torch.optim.Optimizer) -> float:
    """d·lr, where d is the optimizer's estimate of the distance to the solution."""
    group = optimizer.param_groups[0]
    return float(group["d"]) * float(group["lr"])


def decouple_decay(optimizer: torch.optim.Optimizer) -> None:
    """Switch an optimizer to decoupled weight decay after it was built: both libraries print a line on stdout, which
    carries data, when their constructors are told so."""
    optimizer.defaults["decouple"] = True
    for group in optimizer.param_groups:
        group["decouple"] = True

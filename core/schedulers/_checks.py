"""Combinations of parameters that several schedulers forbid."""

from __future__ import annotations

from core.errors import Problem
from core.params import Horizon


def check_infimum(infimum_lr: float, horizon: Horizon) -> list[Problem]:
    """The infimum must lie below the peak rate."""
    if infimum_lr < horizon.lr:
        return []
    return [Problem("infimum_lr", infimum_lr, f"must be < {horizon.lr:g}, the peak learning rate")]


def check_warmup(warmup_epochs: int, horizon: Horizon) -> list[Problem]:
    """The warm-up must leave at least one epoch."""
    if warmup_epochs < horizon.total:
        return []
    legal = (
        "a warm-up needs a run of at least 2 epochs"
        if horizon.total < 2
        else f"must be < {horizon.total}, the number of epochs of the run"
    )
    return [Problem("warmup_epochs", warmup_epochs, legal)]


def check_momentum(base_momentum: float, max_momentum: float) -> list[Problem]:
    """The cycle of the momentum must not be upside down."""
    if base_momentum <= max_momentum:
        return []
    return [Problem("base_momentum", base_momentum, f"must be <= {max_momentum:g}, the max_momentum")]

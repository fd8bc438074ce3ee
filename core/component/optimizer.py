"""Optimizers and their record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component.record import Record
from core.errors import Problem

if TYPE_CHECKING:
    import torch


class OptimizerRecipe:
    """Base of an optimizer: a frozen dataclass of declared parameters that builds a torch optimizer."""

    __slots__ = ()

    def check(self) -> list[Problem]:
        """What makes these parameters impossible together, keyed by parameter name."""
        return []

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        """The optimizer over `parameters` (tensors or parameter groups) with peak rate `lr`."""
        raise NotImplementedError

    def effective_lr(self, optimizer: torch.optim.Optimizer) -> float:
        """The rate that multiplies the update now: `lr`, and d·lr for LR-free optimizers."""
        return float(optimizer.param_groups[0]["lr"])


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerInfo(Record):
    """The record of an optimizer.

    Attributes:
        name, code, summary, reference: as for `SchedulerInfo`.
        family: "adaptive", "momentum", "lr-free" or a word of your own.
        recipe: the class of its parameters.
        lr_free: it finds its own learning rate: trained at lr = 1 without a schedule.
    """

    name: str
    code: str = ""
    family: str = "own"
    summary: str = ""
    reference: str = ""
    recipe: type[OptimizerRecipe]
    lr_free: bool = False

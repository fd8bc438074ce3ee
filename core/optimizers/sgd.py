"""Stochastic gradient descent with momentum, as torch has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component import OptimizerInfo, OptimizerRecipe
from core.errors import Problem
from core.params import flag, real

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class SGD(OptimizerRecipe):
    momentum: float = real(0.9, low=0.0, below=1.0, help="share of the last update that is kept")
    weight_decay: float = real(0.0, low=0.0, help="L2 penalty, added to the gradient")
    nesterov: bool = flag(False, help="look ahead along the momentum; needs momentum > 0")

    def check(self) -> list[Problem]:
        if self.nesterov and self.momentum == 0:
            return [Problem("momentum", self.momentum, "must be > 0 with nesterov = true")]
        return []

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(
            parameters, lr=lr, momentum=self.momentum, weight_decay=self.weight_decay, nesterov=self.nesterov
        )


OPTIMIZER = OptimizerInfo(
    name="SGD",
    code="SGD",
    family="momentum",
    summary="stochastic gradient descent with momentum",
    reference="Sutskever et al. (2013), On the importance of initialization and momentum in deep learning, ICML",
    recipe=SGD,
)

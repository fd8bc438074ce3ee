"""Adam, as torch has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component import OptimizerInfo, OptimizerRecipe
from core.params import flag, real

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam(OptimizerRecipe):
    beta1: float = real(0.9, low=0.0, below=1.0, help="decay of the running mean of the gradient")
    beta2: float = real(0.999, low=0.0, below=1.0, help="decay of the running mean of the squared gradient")
    eps: float = real(1e-8, low=0.0, help="added to the denominator")
    weight_decay: float = real(0.0, low=0.0, help="L2 penalty, added to the gradient")
    amsgrad: bool = flag(False, help="divide by the largest squared gradient seen so far (AMSGrad)")

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adam(
            parameters,
            lr=lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            amsgrad=self.amsgrad,
        )


OPTIMIZER = OptimizerInfo(
    name="Adam",
    code="Adam",
    family="adaptive",
    summary="adaptive moments; weight decay acts as an L2 penalty",
    reference="Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980",
    recipe=Adam,
)

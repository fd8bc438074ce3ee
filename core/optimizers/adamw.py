"""AdamW, as torch has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component import OptimizerInfo, OptimizerRecipe
from core.params import flag, real

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW(OptimizerRecipe):
    beta1: float = real(0.9, low=0.0, below=1.0, help="decay of the running mean of the gradient")
    beta2: float = real(0.999, low=0.0, below=1.0, help="decay of the running mean of the squared gradient")
    eps: float = real(1e-8, low=0.0, help="added to the denominator")
    weight_decay: float = real(0.01, low=0.0, help="weights shrink by lr * weight_decay at each step")
    amsgrad: bool = flag(False, help="divide by the largest squared gradient seen so far (AMSGrad)")

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        import torch

        return torch.optim.AdamW(
            parameters,
            lr=lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            amsgrad=self.amsgrad,
        )


OPTIMIZER = OptimizerInfo(
    name="AdamW",
    code="AdamW",
    family="adaptive",
    summary="Adam with weight decay apart from the gradient",
    reference="Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101",
    recipe=AdamW,
)

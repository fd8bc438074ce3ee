"""DAdaptAdam: Adam whose learning rate comes from D-Adaptation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component import OptimizerInfo, OptimizerRecipe
from core.optimizers._lr_free import decouple_decay, found_rate, one_rate
from core.params import flag, real, span

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class DAdaptAdam(OptimizerRecipe):
    growth_rate: float | None = real(
        None,
        low=1.0,
        search=span(1.01, 2.0),
        help="largest growth of the estimate in one step, as a factor; unrestricted where not given",
    )
    d0: float = real(1e-6, above=0.0, help="first estimate of the distance to the solution")
    beta1: float = real(0.9, low=0.0, below=1.0, help="decay of the running mean of the gradient")
    beta2: float = real(0.999, low=0.0, below=1.0, help="decay of the running mean of the squared gradient")
    eps: float = real(1e-8, above=0.0, help="added to the denominator")
    weight_decay: float = real(0.0, low=0.0, help="weight decay; see decouple")
    decouple: bool = flag(False, help="weight decay as in AdamW; false: as an L2 penalty")
    use_bias_correction: bool = flag(False, help="Adam's bias correction")

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        """See the base.

        Raises:
            UsageError: `lr` is not positive, or parameter groups have different rates.
        """
        import dadaptation

        optimizer: torch.optim.Optimizer = dadaptation.DAdaptAdam(
            one_rate("DAdaptAdam", parameters, lr),
            lr=lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            decouple=False,
            use_bias_correction=self.use_bias_correction,
            d0=self.d0,
            growth_rate=float("inf") if self.growth_rate is None else self.growth_rate,
        )
        if self.decouple:
            decouple_decay(optimizer)
        return optimizer

    def effective_lr(self, optimizer: torch.optim.Optimizer) -> float:
        return found_rate(optimizer)


OPTIMIZER = OptimizerInfo(
    name="DAdaptAdam",
    code="DAdapt",
    family="lr-free",
    summary="Adam that estimates its own learning rate by D-Adaptation",
    reference="Defazio and Mishchenko (2023), Learning-Rate-Free Learning by D-Adaptation, arXiv:2301.07733",
    recipe=DAdaptAdam,
    lr_free=True,
)

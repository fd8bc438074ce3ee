"""How far a step moves the weights: readings that tell a learning rate that is too small from one too large."""

from __future__ import annotations

import torch
from torch.nn.utils import get_total_norm


class Gauge:
    """Reads one step of an epoch, the last: one copy of the weights and three norms for a whole epoch.

    * ``grad_norm``: the Euclidean norm of the gradient over all parameters
    * ``update_ratio``: the norm of the change of the weights over the norm of the weights before it, over the
      parameters that have a gradient
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._parameters: list[torch.nn.Parameter] = []
        self._before: list[torch.Tensor] = []
        self._gradient: torch.Tensor | None = None

    def before_step(self) -> None:
        """Call between the backward pass and the step of the optimizer."""
        # Weights without a gradient take no part in training, and would make the ratio look small.
        self._parameters = [parameter for parameter in self._model.parameters() if parameter.grad is not None]
        self._before = [parameter.detach().clone() for parameter in self._parameters]
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        self._gradient = get_total_norm(gradients) if gradients else None

    @torch.no_grad()
    def read(self) -> dict[str, float]:
        """The readings after the step; none where nothing was measured."""
        if self._gradient is None:
            return {}
        moved = [parameter - before for parameter, before in zip(self._parameters, self._before, strict=True)]
        ratio = get_total_norm(moved) / get_total_norm(self._before)
        return {"grad_norm": float(self._gradient), "update_ratio": float(ratio)}

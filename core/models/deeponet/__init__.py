"""DeepONet: the product of a network of the function and a network of the point where the answer is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.params import whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepONet(ModelRecipe):
    hidden_size: int = whole(1024, low=1, help="width of the hidden layers of both networks")
    num_layers: int = whole(6, low=1, help="linear layers in each network")
    num_branch: int = whole(50, low=1, help="outputs of each network: the terms of their dot product")

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float functions [batch, m] to functions [batch, n], both at evenly spaced points of [0, 1]."""
        from core.models.deeponet.network import BranchAndTrunk

        return BranchAndTrunk(
            sensors=shape.inputs[0],
            points=shape.outputs[0],
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            terms=self.num_branch,
        )


MODEL = ModelInfo(
    name="DeepONet",
    code="DeepONet",
    kind="function",
    summary="dot product of a network of the function and a network of the point",
    reference="Lu et al. (2021), Learning nonlinear operators via DeepONet, Nat. Mach. Intell. 3, arXiv:1910.03193",
    recipe=DeepONet,
)

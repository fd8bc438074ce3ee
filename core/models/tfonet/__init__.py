"""TFONet: a transformer whose encoder reads the function and whose decoder asks for the answer at each point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.errors import Problem
from core.params import real, whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class TFONet(ModelRecipe):
    d_model: int = whole(128, low=2, help="width of the vector that stands for one point; even, a multiple of nhead")
    nhead: int = whole(2, low=1, help="attention heads, each d_model / nhead wide")
    dim_feedforward: int = whole(512, low=1, help="width of the hidden layer after each attention")
    num_layers: int = whole(3, low=1, help="transformer layers in the encoder and in the decoder")
    dropout: float = real(0.0, low=0.0, below=1.0, help="share of activations dropped in training")

    def check(self) -> list[Problem]:
        problems = []
        if self.d_model % 2:  # positions are pairs of a sine and a cosine
            problems.append(Problem("d_model", self.d_model, "must be even"))
        if self.d_model % self.nhead:
            problems.append(Problem("nhead", self.nhead, f"must divide d_model = {self.d_model}"))
        return problems

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float functions [batch, m] to functions [batch, n], both at evenly spaced points of [0, 1]."""
        from core.models.tfonet.network import OperatorTransformer

        return OperatorTransformer(
            sensors=shape.inputs[0],
            points=shape.outputs[0],
            width=self.d_model,
            heads=self.nhead,
            hidden_size=self.dim_feedforward,
            num_layers=self.num_layers,
            dropout=self.dropout,
        )


MODEL = ModelInfo(
    name="TFONet",
    code="TFONet",
    kind="function",
    summary="transformer: the encoder reads the function, the decoder the points where the answer is wanted",
    reference="Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200",
    recipe=TFONet,
)

"""A multi-layer perceptron on flattened images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.params import real, whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class MLP(ModelRecipe):
    hidden_size: int = whole(128, low=1, help="width of each hidden layer")
    num_layers: int = whole(2, low=0, help="number of hidden layers; 0 is a linear classifier")
    dropout: float = real(0.0, low=0.0, below=1.0, help="share of hidden activations dropped in training")

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float images [batch, channels, height, width] to logits [batch, classes]."""
        from torch import nn

        layers: list[nn.Module] = [nn.Flatten()]
        width = math.prod(shape.inputs)
        for _ in range(self.num_layers):
            layers += [nn.Linear(width, self.hidden_size), nn.ReLU()]
            if self.dropout > 0:
                layers.append(nn.Dropout(self.dropout))
            width = self.hidden_size
        layers.append(nn.Linear(width, shape.outputs[0]))
        return nn.Sequential(*layers)


MODEL = ModelInfo(
    name="MLP",
    code="MLP",
    kind="image",
    summary="fully connected layers on the flattened image; the quickest model to train",
    reference="Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, Nature 323",
    recipe=MLP,
)

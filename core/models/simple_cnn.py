"""The convolutional network of the original's CIFAR experiments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.errors import UsageError
from core.params import whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleCNN(ModelRecipe):
    num_conv_layers: int = whole(3, low=1, help="number of 3x3 convolutions, each followed by 2x2 max-pooling")
    num_fc_layers: int = whole(2, low=1, help="number of linear layers, the last one to the classes included")
    conv_channels: int = whole(128, low=1, help="channels of each convolution")
    fc_units: int = whole(512, low=1, help="width of each linear layer but the last")

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float images [batch, channels, height, width] to logits [batch, classes].

        Raises:
            UsageError: the image is too small for so many poolings.
        """
        from torch import nn

        channels, height, width = shape.inputs
        most = min(height, width).bit_length() - 1
        if self.num_conv_layers > most:
            raise UsageError(
                f"SimpleCNN: num_conv_layers = {self.num_conv_layers}: must be <= {most} for {height}x{width} images"
            )
        layers: list[nn.Module] = []
        for _ in range(self.num_conv_layers):
            layers += [nn.Conv2d(channels, self.conv_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            channels, height, width = self.conv_channels, height // 2, width // 2
        layers.append(nn.Flatten())
        features = channels * height * width
        for _ in range(self.num_fc_layers - 1):
            layers += [nn.Linear(features, self.fc_units), nn.ReLU()]
            features = self.fc_units
        layers.append(nn.Linear(features, shape.outputs[0]))
        return nn.Sequential(*layers)


MODEL = ModelInfo(
    name="SimpleCNN",
    code="SimpleCNN",
    kind="image",
    summary="three convolutions of 128 channels with pooling, and two linear layers",
    reference="Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200",
    recipe=SimpleCNN,
)

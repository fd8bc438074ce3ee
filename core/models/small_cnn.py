"""A small convolutional network, sized for 8x8 images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.errors import UsageError
from core.params import real, whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallCNN(ModelRecipe):
    channels: int = whole(32, low=1, help="channels of the first convolution; each further one has twice as many")
    num_conv_layers: int = whole(2, low=1, help="number of convolutions, each followed by 2x2 max-pooling")
    fc_units: int = whole(64, low=1, help="width of the fully connected layer")
    dropout: float = real(0.0, low=0.0, below=1.0, help="share of the fully connected activations dropped in training")

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float images [batch, channels, height, width] to logits [batch, classes].

        Raises:
            UsageError: the image is too small for so many poolings.
        """
        from torch import nn

        channels, height, width = shape.inputs
        if min(height, width) >> self.num_conv_layers == 0:
            most = min(height, width).bit_length() - 1
            raise UsageError(
                f"SmallCNN: num_conv_layers = {self.num_conv_layers}: must be <= {most} for {height}x{width} images"
            )
        layers: list[nn.Module] = []
        for stage in range(self.num_conv_layers):
            after = self.channels << stage
            layers += [nn.Conv2d(channels, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            channels, height, width = after, height // 2, width // 2
        layers += [nn.Flatten(), nn.Linear(channels * height * width, self.fc_units), nn.ReLU()]
        if self.dropout > 0:
            layers.append(nn.Dropout(self.dropout))
        layers.append(nn.Linear(self.fc_units, shape.outputs[0]))
        return nn.Sequential(*layers)


MODEL = ModelInfo(
    name="SmallCNN",
    code="SmallCNN",
    kind="image",
    summary="two convolutions with pooling and one fully connected layer, for small images",
    reference="LeCun et al. (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86",
    recipe=SmallCNN,
)

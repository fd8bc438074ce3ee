"""torchvision's ResNet with a first layer for small images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.errors import Problem
from core.params import whole

if TYPE_CHECKING:
    import torch

DEPTHS = (18, 34, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNetCIFAR(ModelRecipe):
    depth: int = whole(18, low=min(DEPTHS), high=max(DEPTHS), help="number of layers: 18, 34 or 50")

    def check(self) -> list[Problem]:
        if self.depth in DEPTHS:
            return []
        return [Problem("depth", self.depth, f"must be one of {', '.join(map(str, DEPTHS))}")]

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float images [batch, channels, height, width] of any size to logits [batch, classes].

        The 7x7 convolution of stride 2 and the max-pooling, made for images of 224x224, give way to a 3x3 convolution
        of stride 1, which starts from torch's default for convolutions as in the original. Images of 8x8 and less
        shrink to one pixel, where a training batch of a single image cannot be normalised.
        """
        import torchvision
        from torch import nn

        network: torch.nn.Module = getattr(torchvision.models, f"resnet{self.depth}")(num_classes=shape.outputs[0])
        network.conv1 = nn.Conv2d(shape.inputs[0], 64, 3, padding=1, bias=False)
        network.maxpool = nn.Identity()
        return network


MODEL = ModelInfo(
    name="ResNetCIFAR",
    code="ResNetCIFAR",
    kind="image",
    summary="residual network of 18, 34 or 50 layers with a 3x3 first convolution, for 32x32 images",
    reference="He et al. (2016), Deep residual learning for image recognition, arXiv:1512.03385",
    recipe=ResNetCIFAR,
)

"""A small vision transformer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.errors import Problem, UsageError
from core.params import whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleViT(ModelRecipe):
    patch_size: int = whole(4, low=1, help="side of a square patch, in pixels; must divide height and width")
    embed_dim: int = whole(192, low=1, help="width of the transformer; a multiple of num_heads")
    depth: int = whole(6, low=1, help="number of transformer layers")
    num_heads: int = whole(3, low=1, help="number of attention heads")

    def check(self) -> list[Problem]:
        if self.embed_dim % self.num_heads == 0:
            return []
        return [Problem("num_heads", self.num_heads, f"must divide embed_dim = {self.embed_dim}")]

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float images [batch, channels, height, width] to logits [batch, classes].

        Raises:
            UsageError: the patches do not divide the image.
        """
        channels, height, width = shape.inputs
        sides = math.gcd(height, width)
        if sides % self.patch_size:
            legal = ", ".join(str(side) for side in range(1, sides + 1) if sides % side == 0)
            raise UsageError(
                f"SimpleViT: patch_size = {self.patch_size}: must be one of {legal} for {height}x{width} images"
            )
        from core.models.simple_vit.network import VisionTransformer

        return VisionTransformer(
            channels=channels,
            patches=height * width // self.patch_size**2,
            classes=shape.outputs[0],
            patch_size=self.patch_size,
            width=self.embed_dim,
            depth=self.depth,
            heads=self.num_heads,
        )


MODEL = ModelInfo(
    name="SimpleViT",
    code="SimpleViT",
    kind="image",
    summary="vision transformer on small patches with a class token and learned positions",
    reference="Dosovitskiy et al. (2021), An image is worth 16x16 words, arXiv:2010.11929",
    recipe=SimpleViT,
)

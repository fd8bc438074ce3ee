"""The torch module of SimpleViT."""

from __future__ import annotations

import torch
from torch import nn


class VisionTransformer(nn.Module):
    """Patches and a class token through pre-norm transformer layers; the class token alone is classified."""

    def __init__(
        self, *, channels: int, patches: int, classes: int, patch_size: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, width, patch_size, stride=patch_size)
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, patches + 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        # It copies the layer: all layers start from the same weights, as in the original.
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        for start in (self.positions, self.token):
            nn.init.trunc_normal_(start, std=0.02)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images [batch, channels, height, width] to logits [batch, classes]."""
        rows = self.patches(images).flatten(2).transpose(1, 2)  # [batch, patches, width]
        rows = torch.cat([self.token.expand(len(rows), -1, -1), rows], dim=1) + self.positions
        logits: torch.Tensor = self.head(self.norm(self.encoder(rows)[:, 0]))
        return logits

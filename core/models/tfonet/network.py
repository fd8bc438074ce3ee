"""The torch module of TFONet."""

from __future__ import annotations

import math

import torch
from torch import nn


class OperatorTransformer(nn.Module):
    """A transformer encoder over the values of a function and a decoder over `points` evenly spaced y in [0, 1].

    Nothing is masked: every point sees all others.
    """

    grid: torch.Tensor
    positions: torch.Tensor

    def __init__(
        self, *, sensors: int, points: int, width: int, heads: int, hidden_size: int, num_layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.scale = math.sqrt(width)
        self.embed_value = nn.Linear(1, width)
        # torch's stacks train copies of the layer that they are given. In the published model these two are registered
        # as well: 462,848 of its 1,852,033 parameters never get a gradient. Kept, so that numbers and weights agree.
        self.encoder_layer = nn.TransformerEncoderLayer(width, heads, hidden_size, dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(self.encoder_layer, num_layers)
        self.embed_point = nn.Linear(1, width)
        self.decoder_layer = nn.TransformerDecoderLayer(width, heads, hidden_size, dropout, batch_first=True)
        self.decoder = nn.TransformerDecoder(self.decoder_layer, num_layers)
        self.head = nn.Linear(width, 1)
        self.register_buffer("grid", torch.linspace(0, 1, points)[:, None], persistent=False)
        self.register_buffer("positions", sinusoids(max(sensors, points), width), persistent=False)

    def forward(self, function: torch.Tensor) -> torch.Tensor:
        """Functions [batch, sensors] to functions [batch, points]."""
        batch, sensors = function.shape
        values = self.embed_value(function[:, :, None]) * self.scale + self.positions[:sensors]
        memory = self.encoder(values)
        points = self.embed_point(self.grid) * self.scale + self.positions[: len(self.grid)]
        answers = self.decoder(points.expand(batch, -1, -1), memory)
        prediction: torch.Tensor = self.head(answers).squeeze(-1)
        return prediction


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Positions 0 … length - 1 as float32 [length, width]: sin(p/10000^(2i/width)) in column 2i, the cosine in 2i + 1.

    Vaswani et al. (2017), Attention Is All You Need, arXiv:1706.03762, section 3.5.
    """
    position = torch.arange(length, dtype=torch.float32)[:, None]
    frequency = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000) / width))
    angles = position * frequency
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)

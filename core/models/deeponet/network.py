"""The torch module of DeepONet."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


class BranchAndTrunk(nn.Module):
    """G(u)(y) = Σₖ branchₖ(u)·trunkₖ(y) + bias (arXiv:1910.03193), at `points` evenly spaced y in [0, 1]."""

    grid: torch.Tensor

    def __init__(self, *, sensors: int, points: int, hidden_size: int, num_layers: int, terms: int) -> None:
        super().__init__()
        hidden = [hidden_size] * (num_layers - 1)
        self.branch = perceptron([sensors, *hidden, terms])
        self.trunk = perceptron([1, *hidden, terms])
        self.bias = nn.Parameter(torch.randn(1))
        self.register_buffer("grid", torch.linspace(0, 1, points)[:, None], persistent=False)

    def forward(self, function: torch.Tensor) -> torch.Tensor:
        """Functions [batch, sensors] to functions [batch, points].

        The points are the same for every sample, so the trunk sees each of them once per batch: at 128 samples of 100
        points that leaves out 12,700 of 12,928 evaluations of a network.
        """
        terms = self.branch(function)  # [batch, terms]
        basis = self.trunk(self.grid)  # [points, terms]
        return torch.addmm(self.bias, terms, basis.T)


def perceptron(widths: list[int]) -> nn.Sequential:
    """Linear layers from width to width with GELU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.GELU()]
    return nn.Sequential(*layers[:-1])

"""integral: from a random function on [0, 1] to its antiderivative (arXiv:2407.15200)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.component import DataSet, DataShape, Split, TaskInfo, TaskRecipe
from core.params import whole

if TYPE_CHECKING:
    import numpy
    import torch

    from core.tasks.stored import Array

GRID = 1000
"""Points of [0, 1] at which a field is drawn; the ends are among them."""
STRIDE = 10
"""The model sees every tenth of them: 0, 10, …, 990."""
POINTS = 100
"""Evenly spaced points of [0, 1] at which the antiderivative is wanted; the ends are among them."""
SHORTEST, LONGEST = 0.1, 0.4
"""Length scales of the fields are drawn uniformly between these."""

PERIOD, MODES = 5.0, 72
"""Of the Fourier series that stands for the covariance, see `amplitudes`."""

SEED = 240715200
"""Of the fields, which belong to the task and not to a run."""
AT_ONCE = 250
"""Fields drawn at a time: 2 MB, which stays in the processor's cache."""


def amplitudes(length: float | Array) -> Array:
    """Standard deviations of the terms of a field's Fourier series, float64 [..., 1 + 2·MODES]: the constant, cosines,
    sines.

    A sum of cos(2πkx/P) and sin(2πkx/P), k = 0 … MODES, with independent normal coefficients of these deviations is a
    Gaussian field whose covariance is the cosine series of Σₘ exp(-(d + mP)²/(2l²)), cut after MODES terms. For
    distances d up to 1 the copies at mP, m ≠ 0, add less than 2·exp(-(P - 1)²/(2l²)) = 4e-22, and the terms left out
    are together below exp(-2(π·MODES·l/P)²) = 2e-18, each at its worst l. That is less than the rounding of a double,
    and takes one small matrix product for all fields instead of a factorisation of a covariance for each.
    """
    import numpy

    length = numpy.asarray(length, dtype=numpy.float64)[..., None]
    mode = numpy.arange(MODES + 1)
    variance = length * math.sqrt(2 * math.pi) / PERIOD * numpy.exp(-2 * (math.pi * mode * length / PERIOD) ** 2)
    variance[..., 1:] *= 2  # k and -k
    deviation = numpy.sqrt(variance)
    return numpy.concatenate([deviation, deviation[..., 1:]], axis=-1)


def waves() -> Array:
    """The terms of the series on the grid, float64 [1 + 2·MODES, GRID]."""
    import numpy

    angle = 2 * math.pi / PERIOD * numpy.outer(numpy.arange(MODES + 1), numpy.linspace(0, 1, GRID))
    return numpy.concatenate([numpy.cos(angle), numpy.sin(angle[1:])])


def gaussian_fields(lengths: Array, normal: numpy.random.RandomState) -> Array:
    """Gaussian random fields of mean 0 and covariance exp(-(x - y)²/(2l²)) on the grid, one for each l of `lengths`:
    float64 [fields, GRID]."""
    import numpy

    coefficients = normal.standard_normal((len(lengths), 1 + 2 * MODES)) * amplitudes(lengths)
    # Not a BLAS product: its last bits depend on the number of threads, and generation must give the same bytes again.
    return numpy.asarray(numpy.einsum("fk,kx->fx", coefficients, waves()))


def antiderivative(fields: Array) -> Array:
    """∫₀^y of the cubic Hermite spline through each field, at POINTS evenly spaced y: float64 [fields, POINTS].

    The slope at a point is that of the parabola through it and its neighbours, at an end that of the parabola through
    the last three points. The integral of a spline is exact; it differs from that of the function by O(h⁴).
    """
    import numpy

    h = 1 / (GRID - 1)
    slopes = numpy.gradient(fields, axis=1, edge_order=2)  # rise per cell, not per unit of y
    cells = h * ((fields[:, :-1] + fields[:, 1:]) / 2 + (slopes[:, :-1] - slopes[:, 1:]) / 12)
    whole_cells = numpy.cumsum(cells, axis=1)
    before = numpy.concatenate([numpy.zeros_like(fields[:, :1]), whole_cells], axis=1)

    # y = (cell + t)·h, 0 <= t < 1 but for y = 1. In integers, so that rounding puts no point into the wrong cell.
    numerator = numpy.arange(POINTS) * (GRID - 1)
    cell = numpy.minimum(numerator // (POINTS - 1), GRID - 2)
    t = numerator / (POINTS - 1) - cell
    part = (
        fields[:, cell] * (t - t**3 + t**4 / 2)
        + fields[:, cell + 1] * (t**3 - t**4 / 2)
        + slopes[:, cell] * (t**2 / 2 - 2 * t**3 / 3 + t**4 / 4)
        + slopes[:, cell + 1] * (t**4 / 4 - t**3 / 3)
    )
    return numpy.asarray(before[:, cell] + h * part)


def pairs(samples: int) -> Array:
    """Functions at the sensors and their antiderivatives, float32 [2, samples, 100].

    Fields are scaled to about [-1, 1] by one affine map: 1 is the mean of their maxima plus one standard deviation of
    these, -1 the mean of their minima minus one. All fields count, those for validation too.
    """
    import numpy

    # RandomState's streams are frozen by NumPy's compatibility policy.
    random = numpy.random.RandomState(SEED)
    lengths = random.uniform(SHORTEST, LONGEST, samples)
    functions, integrals = numpy.empty((samples, GRID // STRIDE)), numpy.empty((samples, POINTS))
    lowest, highest = numpy.empty(samples), numpy.empty(samples)
    for start in range(0, samples, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        fields = gaussian_fields(lengths[part], random)
        functions[part], integrals[part] = fields[:, ::STRIDE], antiderivative(fields)
        lowest[part], highest[part] = fields.min(axis=1), fields.max(axis=1)
    low = lowest.mean() - lowest.std(ddof=1)
    high = highest.mean() + highest.std(ddof=1)
    slope = 2 / (high - low)
    offset = -1 - slope * low
    y = numpy.linspace(0, 1, POINTS)
    scaled = [slope * functions + offset, slope * integrals + offset * y]
    # Single precision is what models read, and hides the last bits, in which libraries of two machines may differ.
    return numpy.array(scaled, dtype=numpy.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Integral(TaskRecipe):
    samples: int = whole(
        10_000, low=10, help="random functions: the first 80 % to train on, the rest to validate on; no test part"
    )

    def train_size(self) -> int:
        return self.samples * 8 // 10

    def load(self, data_dir: Path) -> DataSet:
        """Inputs float32 [samples, 100], the function at 0, 10/999, …, 990/999; targets float32 [samples, 100], its
        integral from 0 to 0, 1/99, …, 1. Generated in seconds and kept in ``data_dir/integral``.

        Raises:
            EnvironmentFailure: `data_dir` cannot be read or written.
        """
        import torch

        from core.tasks.stored import fingerprint, stored_array

        # The name stands for the constants above: whoever changes one of them changes the name.
        path = data_dir / "integral" / f"gaussian-fields-{self.samples}.npy"
        inputs, targets = torch.from_numpy(stored_array(path, lambda: pairs(self.samples))).unbind()
        shape = DataShape(kind="function", inputs=(GRID // STRIDE,), outputs=(POINTS,))
        return DataSet(inputs=inputs, targets=targets, shape=shape, checksum=fingerprint(inputs, targets))

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """The first 80 % and the rest, the same for every generator; no test part."""
        import torch

        order = torch.arange(self.samples)
        size = self.train_size()
        return Split(train=order[:size], validation=order[size:], test=order[:0])

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean squared error over samples and points."""
        from torch.nn import functional

        return functional.mse_loss(outputs, targets)

    def metrics(self, outputs: torch.Tensor, targets: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """`mae`: mean absolute error, in units of an integral over [0, 1] of a function within about [-1, 1]."""
        return {"mae": (outputs - targets).abs().mean()}


TASK = TaskInfo(
    name="integral",
    code="integral",
    kind="function",
    summary="the antiderivative of a Gaussian random function on [0, 1]; generated here",
    reference="Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200",
    model="DeepONet",
    lr=0.005,
    batch_size=128,
    recipe=Integral,
)

"""Where a learning curve is going: a power law fitted to what is there of it.

The model is y(t) = a + b·t^(-c) with Gaussian noise, the form that fits learning curves of many families best (Hestness
et al. 2017, arXiv:1712.00409; "pow3" in Domhan, Springenberg and Hutter, IJCAI 2015). A schedule that lowers the rate
late bends a curve in a way that its beginning does not tell: what comes out is a guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FEWEST = 6
"""Finite points that a fit needs: it has three parameters, and a spread."""

EXPONENTS = (0.05, 4.0)
GRID = 128
DRAWS = 4000
FEWEST_DRAWS = 400
"""Draws that its quantiles need."""

SLACK = 0.05
"""How far below zero, in parts of the lowest value, the end of a curve that is never negative may be drawn: the grid of
exponents misses an end at zero by a little."""

LEVEL = 0.8


@dataclass(frozen=True, slots=True)
class Guess:
    """A curve beyond its last point.

    Attributes:
        epochs: rising, from the last known epoch to the horizon.
        middle, low, high: median and bounds of the central 80 % of what a measurement there would be, as long.
    """

    epochs: tuple[int, ...]
    middle: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def final(self) -> tuple[float, float, float]:
        """Median, low and high at the horizon."""
        return self.middle[-1], self.low[-1], self.high[-1]


def extrapolate(epochs: Sequence[int], values: Sequence[float], horizon: int, points: int = 24) -> Guess | None:
    """Guess the rest of a curve.

    For each exponent c on a geometric grid, a and b are a linear least-squares problem. The exponents are weighted by
    their marginal likelihood, with flat priors on log c and on the curve's ends, and the predictive distribution is
    drawn from: so the interval holds the uncertainty of all three parameters and the noise. Where residuals lean the
    same way for long, which is how a wrong model shows, they count as fewer. Draws are seeded: the same points give
    the same guess.

    Args:
        epochs: counted from 1, rising.
        values: one per epoch; nan and inf are left out. Where none is negative, no guess is.
        horizon: the epoch to reach.
        points: at most so many epochs are guessed.

    Returns:
        None where fewer than `FEWEST` points are finite, the horizon is reached, or every power law that fits would end
        below zero.
    """
    import numpy as np

    known = [(epoch, value) for epoch, value in zip(epochs, values, strict=True) if math.isfinite(value)]
    if len(known) < FEWEST or known[-1][0] >= horizon:
        return None
    t = np.array([epoch for epoch, _ in known], dtype=float)
    y = np.array([value for _, value in known], dtype=float)
    if not np.abs(y).max() < 1e150:  # their squares would overflow
        return None
    number = len(t)
    ahead = np.unique(np.linspace(known[-1][0], horizon, min(points, horizon - known[-1][0] + 1)).round())

    # Basis: the curve at the first known epoch and at the horizon, which keeps the problem well conditioned for any c.
    exponents = np.geomspace(*EXPONENTS, GRID)
    first, last = t[0] ** -exponents, float(horizon) ** -exponents

    def basis(at: np.ndarray) -> np.ndarray:
        share = (at[None, :] ** -exponents[:, None] - last[:, None]) / (first - last)[:, None]
        return np.stack([share, 1 - share], axis=-1)

    design = basis(t)
    normal = np.swapaxes(design, 1, 2) @ design
    inverse = np.linalg.inv(normal)
    ends = (inverse @ (np.swapaxes(design, 1, 2) @ y)[..., None])[..., 0]
    residuals = y - (design @ ends[..., None])[..., 0]
    # Rounding leaves a residual in a perfect fit, too.
    squares = (residuals**2).sum(axis=1) + number * (1e-12 * (np.abs(y).max() + 1e-300)) ** 2

    counted = _effective(residuals[squares.argmin()])
    freedom = counted - 3
    _, determinant = np.linalg.slogdet(normal)
    weight = -0.5 * determinant - 0.5 * freedom * np.log(squares)
    weight = np.exp(weight - weight.max())

    random = np.random.default_rng(0)
    which = random.choice(GRID, DRAWS, p=weight / weight.sum())
    noise = np.sqrt(squares[which] / number * counted / random.chisquare(freedom, DRAWS))
    spread = noise * math.sqrt(number / counted)
    roots = np.linalg.cholesky(inverse)[which]
    drawn = ends[which] + spread[:, None] * (roots @ random.standard_normal((DRAWS, 2, 1)))[..., 0]
    if (y >= 0).all():  # and then it has no negative end: draws that have one are none of this curve's
        share = -last / (first - last)
        possible = share[which] * drawn[:, 0] + (1 - share[which]) * drawn[:, 1] >= -SLACK * y.min()
        if possible.sum() < FEWEST_DRAWS:  # no power law: its later part may be one, once the first fall is over
            later = known[len(known) // 3 :]
            return extrapolate([at for at, _ in later], [value for _, value in later], horizon, points)
        which, noise, drawn = which[possible], noise[possible], drawn[possible]
    middle_of = basis(ahead)[which] @ drawn[..., None]
    future = middle_of[..., 0] + noise[:, None] * random.standard_normal((len(which), 1))
    if (y >= 0).all():
        future = np.maximum(future, 0.0)
    low, middle, high = np.quantile(future, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0)
    return Guess(tuple(map(int, ahead)), tuple(middle.tolist()), tuple(low.tolist()), tuple(high.tolist()))


def _effective(residuals: np.ndarray) -> float:
    """How many independent values the residuals are worth, by their lag-1 correlation (an AR(1) process)."""
    number, total = len(residuals), float((residuals**2).sum())
    correlation = float((residuals[1:] * residuals[:-1]).sum()) / total if total > 0 else 0.0
    correlation = min(max(correlation, 0.0), 0.9)
    return max(5.0, number * (1 - correlation) / (1 + correlation))

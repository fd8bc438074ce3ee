"""Curves that several schedulers are made of."""

from __future__ import annotations

import math


def blend(low: float, high: float, share: float) -> float:
    """Weighted mean, `high` at share 1 and `low` at share 0; exact at both ends and never negative between rates."""
    return low * (1 - share) + high * share


def geometric_blend(low: float, high: float, share: float) -> float:
    """Weighted geometric mean of two positive rates, exact at both ends.

    A product of two powers and not a power of ``high / low``, which overflows for rates that are legal.
    """
    # The builtin types a float to a float power as Any, since a negative base may give a complex number.
    return math.pow(low, 1 - share) * math.pow(high, share)


def half_cosine(done: float) -> float:
    """Share of a cosine descent that is left: 1 at `done` = 0, 0 at `done` = 1."""
    return (1 + math.cos(math.pi * done)) / 2

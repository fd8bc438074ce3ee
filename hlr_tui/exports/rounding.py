"""A mean and its spread, rounded as papers print them: the spread in two digits, the mean to the same place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

DIGITS = 3
"""Significant digits of a mean without a spread, as in the tables of the terminal."""

MOST_DIGITS = 9
"""Most digits of a mean: beyond them, a spread is the rounding of the computer's arithmetic."""

SMALLEST, LARGEST = -3, 5
"""Powers of ten between which numbers are written without an exponent."""

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)  # a double has at most 309 digits before the point


@dataclass(frozen=True, slots=True)
class Rounded:
    """``(mean ± spread) · 10^exponent``, in decimal digits.

    Attributes:
        spread: None where there is one value only, or none that is finite.
    """

    mean: str
    spread: str | None
    exponent: int = 0


def rounded(mean: float, std: float | None) -> Rounded:
    """`mean` and its standard deviation for print. A number that is not finite is spelt out: nan, inf, -inf."""
    if not math.isfinite(mean) or (std is not None and not math.isfinite(std)):
        return Rounded(f"{mean:.{DIGITS}g}", None if std is None else str(std))
    size = max(abs(mean), std or 0.0)
    if size == 0:
        return Rounded("0", None if std is None else "0")
    magnitude = _power(size, DIGITS)
    exponent = 0 if SMALLEST <= magnitude < LARGEST else magnitude
    place = _power(std, 2) - 1 if std else magnitude - DIGITS + 1
    place = max(place, magnitude - MOST_DIGITS + 1)
    spread = None if std is None else _digits(std, place, exponent)
    if spread is not None and float(spread) == 0:
        spread = "0"
    return Rounded(_digits(mean, place, exponent), spread, exponent)


def _power(value: float, digits: int) -> int:
    """The power of ten of the first digit of `value` once it has been rounded to `digits` digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


def _digits(value: float, place: int, exponent: int) -> str:
    """`value` / 10^exponent, rounded to the digit that stands for 10^place."""
    exact = Decimal(value).quantize(Decimal(1).scaleb(place), context=_EXACT).scaleb(-exponent, context=_EXACT)
    return f"{abs(exact) if exact == 0 else exact:f}"

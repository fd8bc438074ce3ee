"""One step along the scale of a declared parameter, and where on that scale a value stands."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any, assert_never

from core.params import Choice, Flag, Horizon, Param, Real, Text, Whole, Wholes, Words
from core.values import check_value

FINE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Small steps of a logarithmic scale: ten in a decade, all of them round."""
COARSE = (1.0, 2.0, 5.0)
"""Large ones."""
STEPS_ACROSS = 50
"""Small steps across the range of a linear scale."""
LARGE = 5
"""Small steps in a large one."""
LEAST = 1e-12
"""Where a logarithmic scale that ends in 0 has its last step."""
SMALL_DEFAULT, LARGE_DEFAULT = 0.02, 20.0
"""A number whose default lies outside these is a factor or a rate: where nothing is declared, it moves by factors."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a number moves: between `low` and `high`, which are where one looks and not what is legal."""

    low: float
    high: float
    log: bool

    def share(self, value: float) -> float:
        """Where `value` stands: 0 at `low`, 1 at `high`, held at both ends."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = (math.log(max(x, LEAST)) for x in (low, high, at))
        return min(max((at - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def scale_of(param: Whole | Real, component: Any, horizon: Horizon) -> Scale:
    """The scale of a parameter: its search range; without one, what bounds and default suggest.

    Args:
        component: carries the other parameters, resolved on `horizon`.
    """
    if param.search is not None:
        found = param.search.resolve(component, horizon)
        return Scale(found.low, found.high, found.log)
    low = param.low if isinstance(param, Whole) or param.low is not None else param.above
    high = param.high if isinstance(param, Whole) or param.high is not None else param.below
    default = param.default if isinstance(param.default, (int, float)) else None
    if isinstance(param, Whole) and param.in_ticks:
        return Scale(float(low or 0), max(1.0, horizon.total / 4), log=False)
    if low is not None and high is not None and (default is None or SMALL_DEFAULT < default < LARGE_DEFAULT):
        return Scale(float(low), float(high), log=False)
    middle = default or 1.0
    if low is not None and low >= 0 and not SMALL_DEFAULT < middle < LARGE_DEFAULT:
        return Scale(max(low, middle / 1e3), min(math.inf if high is None else high, middle * 1e3), log=True)
    return Scale(float(low if low is not None else -middle), float(high if high is not None else 4 * middle), log=False)


def turned(param: Param, value: Any, steps: int, scale: Scale | None, *, large: bool = False) -> Any:
    """`value` moved by one step up (`steps` = 1) or down (-1); the same value where the bounds forbid it.

    A word or a flag moves to its neighbour, a list of numbers by its last one. On a linear scale values keep to a grid
    of round steps, on a logarithmic one to round numbers.
    """
    match param:
        case Flag():
            return not value
        case Choice():
            options = param.options
            return options[(options.index(value) + steps) % len(options)] if value in options else options[0]
        case Text() | Words():
            return value
        case Wholes():
            numbers = tuple(sorted(value))
            moved = (*numbers[:-1], int(on_grid(numbers[-1], steps, COARSE if large else FINE, whole=True)))
            return moved if check_value("", param, moved)[1] is None else value
        case Whole() | Real():
            if scale is None or value is None:
                return value
            far = _legal(param, value, _moved(param, value, steps, scale, large))
            # A large step must not stick where small ones still fit before an open bound.
            return far if far != value or not large else _legal(param, value, _moved(param, value, steps, scale, False))
        case _:
            assert_never(param)


def _moved(param: Whole | Real, value: float, steps: int, scale: Scale, large: bool) -> float:
    whole = isinstance(param, Whole)
    if scale.log:
        return on_grid(value, steps, COARSE if large else FINE, whole=whole)
    size = round_step((scale.high - scale.low) / STEPS_ACROSS) * (LARGE if large else 1)
    size = max(1, round(size)) if whole else size
    at = value / size
    grid = math.floor(at + 1e-9) + 1 if steps > 0 else math.ceil(at - 1e-9) - 1
    moved = grid * size
    # Without this 3 * 0.1 would show its binary tail.
    return int(moved) if whole else float(f"{moved:.10g}")


def _legal(param: Whole | Real, value: float, moved: float) -> float:
    """`moved`, or the bound that it would pass, or `value` where that bound is open."""
    checked, problem = check_value("", param, moved)
    if problem is None:
        return float(checked) if isinstance(param, Real) else int(checked)
    ends = [end for end in (param.low, param.high) if end is not None and min(value, moved) <= end <= max(value, moved)]
    return ends[0] if ends else value


def on_grid(value: float, steps: int, mantissas: tuple[float, ...], *, whole: bool = False) -> float:
    """The next number above or below `value` that is one of `mantissas` times a power of ten."""
    if value <= 0 or (steps < 0 and value <= LEAST):
        return LEAST if steps > 0 and not whole else float(whole and steps > 0)
    while True:
        power = math.floor(math.log10(value) + 1e-12)
        row = [float(f"{m}e{p}") for p in (power - 1, power, power + 1) for m in mantissas]
        # Numbers that differ in their last binary digits only are the same.
        place = bisect_right(row, value * (1 + 1e-9)) if steps > 0 else bisect_left(row, value * (1 - 1e-9)) - 1
        value = row[place]
        if not whole or value.is_integer() or value < 1:
            return max(1.0, value) if whole else value


def round_step(width: float) -> float:
    """1, 2 or 5 times a power of ten, near `width`."""
    power = 10.0 ** math.floor(math.log10(width)) if width > 0 else 1.0
    return next(m for m in (1, 2, 5, 10) if m * power >= width * 0.8) * power

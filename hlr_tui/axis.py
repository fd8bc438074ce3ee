"""Where the marks of an axis stand and how their numbers read."""

from __future__ import annotations

import math

from hlr_tui.output import number_text

Tick = tuple[float, str]
"""Position on the axis (the exponent on a logarithmic one) and its label."""


TINY = 1e-290
"""Below this the steps of an axis would be subnormal numbers."""


def linear_ticks(low: float, high: float, count: int) -> list[Tick]:
    """About `count` round numbers (multiples of 1, 2, 2.5 or 5 times a power of ten) in low … high."""
    if high - low < TINY:
        return [(low, number_text(low, 4))]
    rough = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9)) * power
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # As many digits as tell neighbours apart.
    digits = max(2, math.ceil(math.log10(max(abs(low), abs(high)) / step)) + 2)
    if 1 <= max(abs(low), abs(high)) < 1e6:  # 1200 reads better than 1.2e3
        digits = max(digits, math.floor(math.log10(max(abs(low), abs(high)))) + 1)
    return [(at * step, number_text(float(at * step), digits)) for at in range(first, last + 1)]


def decade_ticks(low: float, high: float, count: int) -> list[Tick]:
    """About `count` powers of ten in 10^low … 10^high; within two decades also their doubles and fives.

    Args:
        low, high: exponents.
    """
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if last - first >= 2:
        stride = max(1, math.ceil((last - first) / max(1, count)))
        return [
            (at, f"1e{at}" if not -3 <= at <= 3 else number_text(10.0**at)) for at in range(last, first - 1, -stride)
        ]
    finer = [
        (math.log10(factor) + decade, number_text(factor * 10.0**decade))
        for decade in range(first - 1, last + 1)
        for factor in (1.0, 2.0, 5.0)
        if low - 1e-9 <= math.log10(factor) + decade <= high + 1e-9
    ]
    if len(finer) >= 2:
        return finer
    return [(math.log10(value), label) for value, label in linear_ticks(10.0**low, 10.0**high, count) if value > 0]


def fitted(span: tuple[float, float] | None, *, log: bool) -> tuple[float, float]:
    """The ends of an axis that shows a span of values: from zero where that costs little; a constant stands in the
    middle.

    Args:
        span: lowest and highest value, their exponents on a logarithmic axis; None where there is none.
    """
    low, high = span or (0.0, 1.0)
    if not log and 0 < low < 0.5 * high:
        low = 0.0
    if high - low <= max(TINY, 1e-9 * abs(high)):
        room = 0.5 if log or abs(high) <= 2 * TINY else abs(high) / 2
        return low - room, high + room
    return low, high

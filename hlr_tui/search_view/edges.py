"""Whether the best trial lies where its search range ends."""

from __future__ import annotations

import math

from core.params import Range
from hlr_tui.output import number_text
from hlr_tui.search_view.trials import Study

NEAR = 0.02
"""Share of the range, on its declared scale, that counts as its edge."""


def edge_warnings(study: Study) -> list[str]:
    """One sentence for each parameter of the best trial at, or beyond, an end of the range that was searched."""
    best = study.best
    if best is None:
        return []
    found = []
    for name, dimension in study.space.items():
        span, value = dimension.span, best.params.get(name)
        if value is None:
            continue
        place = position(span, value)
        if NEAR < place < 1 - NEAR:
            continue
        upper = place > 0.5
        where = ("above " if place > 1 else "below ") if not 0 <= place <= 1 else "at the edge of "
        scale = ", log" if span.log else ""
        text = f"best {name} {number_text(value, 3)} is {where}its range {_range(span)}{scale}"
        end = (span.high if upper else span.low) if 0 <= place <= 1 else value
        bound = study.legal.get(name, (None, None))[int(upper)]
        if bound is not None and end == bound:
            found.append(f"{text}: nothing {'above' if upper else 'below'} it is legal")
        else:
            found.append(f"{text}: a better one may lie beyond; widen optimize.search.{name}")
    return found


def position(span: Range, value: float) -> float:
    """Where a value lies in a range, on the range's scale: 0 at low, 1 at high, outside of that beyond."""
    if span.log:
        if value <= 0:
            return -math.inf
        return (math.log(value) - math.log(span.low)) / (math.log(span.high) - math.log(span.low))
    return (value - span.low) / (span.high - span.low)


def _range(span: Range) -> str:
    return f"{number_text(span.low, 3)} … {number_text(span.high, 3)}"

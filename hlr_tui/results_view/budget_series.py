"""The curves of the budget chart: value against budget, one per method."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hlr_tui.results_view.ranking import Ranking
from hlr_tui.results_view.rows import letters_of

MOST = 10
"""Curves that can be told apart in one chart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One method over the budgets; `low` and `high` are its interval, None where it has none."""

    method: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    colour: int
    marker: str


def budget_curves(found: Ranking, chosen: str, most: int = MOST) -> list[Curve]:
    """The curves of the `most` best methods and of the chosen one, whose interval is drawn; the best one's is, too.

    Bands of more than two methods would cover each other.
    """
    shown = found.methods[:most]
    if chosen in found.methods and chosen not in shown:
        shown = [*shown[:-1], chosen]
    letters = letters_of(found)
    curves = []
    for method in shown:
        points = [
            (float(budget), standing)
            for budget in found.budgets
            if (standing := found.standings[budget].get(method)) is not None and standing.mean is not None
        ]
        if not points:
            continue
        xs = tuple(budget for budget, _ in points)
        ys = tuple(standing.mean if standing.mean is not None else math.nan for _, standing in points)
        banded = method in (chosen, found.methods[0]) and any(one.low < one.high for _, one in points)
        low = tuple(one.low for _, one in points) if banded else None
        high = tuple(one.high for _, one in points) if banded else None
        curves.append(Curve(method, xs, ys, low, high, found.methods.index(method), letters[method]))
    return curves


def wants_log(found: Ranking) -> bool:
    """Whether a log axis shows the means better."""
    means = [one.mean for own in found.standings.values() for one in own.values() if one.mean is not None]
    finite = [mean for mean in means if math.isfinite(mean)]
    return bool(finite) and min(finite) > 0 and max(finite) > 10 * min(finite)

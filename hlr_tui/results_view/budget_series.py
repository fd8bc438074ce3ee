"""The curves of the budget chart: value against budget, one per method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hlr_tui.results_view.ranking import Ranking
from hlr_tui.results_view.rows import letters_of

SPREAD = 3.0
"""Ratio of the worst mean to the best one from which on a log axis shows them better."""

MARGIN = 0.05
"""Room above and below, as a share of the axis."""

SIDE = 0.04
"""Room beside the outermost budgets, as a share of what lies between them."""

MOST = 10
"""Curves that can be told apart in one chart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One method over the budgets; `low` and `high` are its interval, None where it has none, drawn `aside` of the
    budget by so many cells."""

    method: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    colour: int
    marker: str
    aside: int = 0


def budget_curves(found: Ranking, chosen: str, most: int = MOST) -> list[Curve]:
    """The curves of the `most` best methods and of the chosen one, with the intervals of the chosen one and the best,
    or of the best two where the best is chosen.

    Intervals of more than two methods would be too many to tell apart; those of two stand side by side.
    """
    shown = found.methods[:most]
    if chosen in found.methods and chosen not in shown:
        shown = [*shown[:-1], chosen]
    letters = letters_of(found)
    pair = [found.methods[0], *(name for name in (chosen, *found.methods[1:2]) if name in found.methods[1:])][:2]
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
        banded = method in pair and any(one.low < one.high for _, one in points)
        low = tuple(one.low for _, one in points) if banded else None
        high = tuple(one.high for _, one in points) if banded else None
        aside = (-1, 1)[pair.index(method)] if banded and len(pair) > 1 else 0
        curves.append(Curve(method, xs, ys, low, high, found.methods.index(method), letters[method], aside))
    return curves


def side_by_side(found: Ranking) -> list[Curve]:
    """Every method at the place of its rank, from 0, with its interval: what one budget has to show."""
    (budget,) = found.budgets
    letters, curves = letters_of(found), []
    for place, method in enumerate(found.methods):
        standing = found.standings[budget].get(method)
        if standing is None or standing.mean is None:
            continue
        known = standing.low < standing.high
        low, high = ((standing.low,), (standing.high,)) if known else (None, None)
        curves.append(Curve(method, (float(place),), (standing.mean,), low, high, place, letters[method]))
    return curves


def value_axis(curves: Sequence[Curve], log: bool | None = None) -> tuple[tuple[float, float] | None, bool]:
    """The ends of the axis of values, as tight as means and intervals allow, and whether it is logarithmic.

    Args:
        log: what the user asked for; None leaves it to the values.
    """
    means = [y for curve in curves for y in curve.ys if math.isfinite(y)]
    ends = means + [y for curve in curves for edge in (curve.low, curve.high) for y in edge or () if math.isfinite(y)]
    if not means:
        return None, bool(log)
    if log is None:
        log = min(means) > 0 and max(means) > SPREAD * min(means)
    if log:
        ends = [math.log10(max(end, 0.5 * min(means))) for end in ends] if min(means) > 0 else []
    if not ends:
        return None, log
    low, high = min(ends), max(ends)
    room = MARGIN * (high - low) if high > low else 0.1 if log else 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    return ((10**low, 10**high) if log else (low, high)), log


def budget_axis(budgets: Sequence[int]) -> tuple[float, float]:
    """The ends of the axis of budgets, with room for what stands at the outermost ones."""
    if not budgets:
        return 0.0, 1.0
    low, high = float(budgets[0]), float(budgets[-1])
    room = SIDE * (high - low) or 1.0
    return low - room, high + room


def bars(curve: Curve, cell: float) -> tuple[list[float], list[float]]:
    """The interval at each budget, as the ends of a bar.

    Args:
        cell: width of a cell of the chart, in epochs.
    """
    if curve.low is None or curve.high is None:
        return [], []
    ends = [(x + curve.aside * cell, y) for x, *pair in zip(curve.xs, curve.low, curve.high, strict=True) for y in pair]
    return [x for x, _ in ends], [y for _, y in ends]

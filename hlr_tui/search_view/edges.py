"""Whether the best trial lies where its search range ends, and the range that would go further."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.catalog import called, catalog
from core.params import Range
from hlr_tui.output import number_text
from hlr_tui.search_view.trials import Study

NEAR = 0.02
"""Share of the range, on its declared scale, that counts as its edge."""

FURTHER = 10.0
"""A log range grows by this factor, a linear one by its own length."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """A parameter whose best value is at, or beyond, an end of the range that was searched.

    Attributes:
        code: of the scheduler or optimizer that the parameter belongs to; "" for the training.
        upper: it is the upper end.
        place: where the value lies in the range, see `position`.
        wider: the range to search instead; None where nothing beyond is legal.
    """

    name: str
    code: str
    value: float
    span: Range
    upper: bool
    place: float
    wider: Range | None

    @property
    def key(self) -> str:
        """Where a spec says the range."""
        return ".".join(["optimize.search", *([self.code] if self.code else []), self.name])

    def __str__(self) -> str:
        side = "upper" if self.upper else "lower"
        where = f"sits at the {side} end of its range"
        if not 0 <= self.place <= 1:
            where = f"is {'above' if self.upper else 'below'} its range"
        text = f"best {self.name} {number_text(self.value, 3)} {where} {_range(self.span)}"
        if self.wider is None:
            return f"{text}: nothing {'above' if self.upper else 'below'} it is legal"
        end = number_text(self.wider.high if self.upper else self.wider.low, 3)
        return f"{text}: widen it {'up' if self.upper else 'down'} to {end} ({self.key})"

    @property
    def brief(self) -> str:
        """The same on a line of 80 columns."""
        where = f"at the {'upper' if self.upper else 'lower'} end of"
        if not 0 <= self.place <= 1:
            where = "above" if self.upper else "below"
        end = f"best {self.name} {number_text(self.value, 3)} {where}"
        if self.wider is None:
            return f"{end} {_range(self.span)}: nothing beyond is legal"
        further = number_text(self.wider.high if self.upper else self.wider.low, 3)
        return f"{end} {_range(self.span)}: w goes to {further}"


def edges(study: Study) -> list[Edge]:
    """The parameters of the best trial that are at an edge."""
    best = study.best
    if best is None:
        return []
    found = []
    for name, dimension in study.space.items():
        span, value = dimension.span, best.params.get(name)
        if value is None or NEAR < (place := position(span, value)) < 1 - NEAR:
            continue
        upper = place > 0.5
        bound = study.legal.get(name, (None, None))[int(upper)]
        wider = _wider(span, value, upper=upper, bound=bound, whole=dimension.whole)
        found.append(Edge(name, study.codes.get(name, ""), value, span, upper, place, wider))
    return found


def position(span: Range, value: float) -> float:
    """Where a value lies in a range, on the range's scale: 0 at low, 1 at high, outside of that beyond."""
    if span.log:
        if value <= 0:
            return -math.inf
        return (math.log(value) - math.log(span.low)) / (math.log(span.high) - math.log(span.low))
    return (value - span.low) / (span.high - span.low)


def _wider(span: Range, value: float, *, upper: bool, bound: float | None, whole: bool) -> Range | None:
    low, high = min(span.low, value), max(span.high, value)
    length = span.high - span.low
    if span.step:
        length = span.step * max(1, round(length / span.step))
        low, high = span.low, span.high
    if upper:
        high = high * FURTHER if span.log else high + length
        high = high if bound is None else min(high, bound)
    else:
        low = low / FURTHER if span.log else low - length
        low = low if bound is None else max(low, bound)
    if span.step:  # the grid begins at low
        high = low + span.step * math.floor((high - low) / span.step + 1e-9)
    if whole:
        low, high = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    else:
        low, high = (float(f"{end:.6g}") for end in (low, high))
    grew = high > span.high if upper else low < span.low
    legal = not span.log or low > 0
    return Range(low, high, span.step, span.log) if grew and legal else None


def widened(document: Mapping[str, Any], found: Sequence[Edge]) -> Document:
    """A spec whose search goes further where it can."""
    new = deepcopy(dict(document))
    search = new.setdefault("optimize", {}).setdefault("search", {})
    for edge in found:
        span = edge.wider
        if span is None:
            continue
        table = search if not edge.code else search.setdefault(_named(search, edge.code), {})
        table[edge.name] = {"low": span.low, "high": span.high}
        table[edge.name] |= ({"step": span.step} if span.step else {}) | ({"log": True} if span.log else {})
    return new


def _named(search: Mapping[str, Any], code: str) -> str:
    """The word by which a spec calls a part already; its code where it does not."""
    schedulers = [info for info in catalog().schedulers.all() if info.code == code]
    optimizers = [info for info in catalog().optimizers.all() if info.code == code]
    return next((word for word in search if called(word, schedulers) or called(word, optimizers)), code)


def _range(span: Range) -> str:
    return f"{number_text(span.low, 3)} … {number_text(span.high, 3)}"

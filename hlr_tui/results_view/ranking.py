"""Methods ranked by one metric at one budget, and who is level with the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.catalog import catalog

OBJECTIVE = "val_loss"

BOUNDS = ("_min", "_max")
"""Endings of the metrics of imported curves that are a metric's bounds over seeds, not metrics of their own."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A method's values of one metric at one budget.

    Attributes:
        mean: None where no run came to its end.
        std: sample standard deviation; None with one seed, or where it is unknown.
        low, high: mean ± std; for imported means the lowest and highest seed; the mean itself where neither is known.
        number: seeds that the mean is made of; 0 where that is unknown.
        lost: runs that diverged or failed, of `planned`.
        reason: why there is no mean.
    """

    mean: float | None
    std: float | None
    low: float
    high: float
    number: int
    lost: int
    planned: int
    reason: str


@dataclass(frozen=True)
class Ranking:
    """The standings of a metric: budget → method → standing."""

    metric: str
    lower_is_better: bool
    standings: Mapping[int, Mapping[str, Standing]]

    @cached_property
    def budgets(self) -> list[int]:
        return sorted(self.standings)

    @cached_property
    def methods(self) -> list[str]:
        """In the order of their best places: first by the largest budget, then by the next one."""
        names = {name for own in self.standings.values() for name in own}
        places = [self.ranks(budget) for budget in reversed(self.budgets)]
        return sorted(names, key=lambda name: ([place.get(name, math.inf) for place in places], name))

    def ranks(self, budget: int) -> dict[str, int]:
        """Rank by method, from 1; methods without a mean have none, equal means share one."""
        means = {
            name: standing.mean
            for name, standing in self.standings.get(budget, {}).items()
            if standing.mean is not None and not math.isnan(standing.mean)
        }
        sign = 1 if self.lower_is_better else -1
        return {name: 1 + sum(sign * other < sign * mean for other in means.values()) for name, mean in means.items()}

    def verdict(self, budget: int, method: str) -> str:
        """``best``; ``level`` where mean ± std overlaps that of the best; "" where it does not, or cannot be told."""
        ranks = self.ranks(budget)
        if method not in ranks:
            return ""
        if ranks[method] == 1:
            return "best"
        own = self.standings[budget]
        mine = own[method]
        if mine.low == mine.high:
            return ""
        best = [own[name] for name, rank in ranks.items() if rank == 1]
        return "level" if any(mine.low <= one.high and one.low <= mine.high for one in best) else ""


def metrics_of(document: Mapping[str, Any]) -> list[str]:
    """The metrics that methods can be ranked by, the objective first."""
    rows: Sequence[Mapping[str, Any]] = document["comparison"]
    further = {name for row in rows for name in row["metrics"] if not name.endswith(BOUNDS)}
    ranked = sorted(name for name in further if direction(name) != "none")
    objective = any(row["mean"] is not None for row in rows) or not ranked
    return [*([OBJECTIVE] if objective and rows else []), *ranked]


def direction(metric: str) -> str:
    """In which direction a metric gets better; the lower the better where nobody declares it."""
    for info in catalog().metrics.all():
        if info.name == metric:
            return info.direction
    return "maximize" if "accuracy" in metric else "minimize"


def ranking(document: Mapping[str, Any], metric: str) -> Ranking:
    """The ranking of a result document by one of `metrics_of` it."""
    standings: dict[int, dict[str, Standing]] = {}
    imported = document["mode"] == "import"
    for row in document["comparison"]:
        standings.setdefault(row["budget"], {})[row["method"]] = _standing(row, metric, imported)
    return Ranking(metric, direction(metric) != "maximize", standings)


def _standing(row: Mapping[str, Any], metric: str, imported: bool) -> Standing:
    found = row if metric == row["metric"] else row["metrics"].get(metric, {"mean": None, "std": None})
    mean, std = found["mean"], found["std"]
    low = high = math.nan if mean is None else mean
    if std is not None and mean is not None:
        low, high = mean - std, mean + std
    elif imported:
        low, high = (row["metrics"].get(metric + ending, {}).get("mean", mean) for ending in BOUNDS)
        low, high = (math.nan if end is None else end for end in (low, high))
    return Standing(
        mean=mean,
        std=std,
        low=low,
        high=high,
        number=0 if imported else row["seeds"],
        lost=row["diverged"] + row["failed"],
        planned=row["planned"],
        reason=row["reason"] or "",
    )

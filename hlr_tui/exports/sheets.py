"""The tables of a result document, as the text formats lay them out: a ranking per budget and the best trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hlr_tui.exports.rounding import Rounded, rounded
from hlr_tui.tables import unranked, value_text

Cell = str | Rounded | None
"""A text, a number with its spread, or nothing to show."""

Kind = Literal["name", "number", "list"]
"""What a column holds: names, numbers, or texts of any length."""

ACCURACIES = ("test_accuracy", "val_accuracy")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table.

    Attributes:
        key: short and unique in a document, for labels.
        title: what it shows.
        heads: the name and the kind of each column.
        rows: as many cells as there are columns.
    """

    key: str
    title: str
    heads: tuple[tuple[str, Kind], ...]
    rows: Sequence[Sequence[Cell]]


def headline(document: Mapping[str, Any]) -> str:
    """``osc-lstm: compare, complete; 120 complete, 2 diverged runs``"""
    runs = ", ".join(f"{number} {state}" for state, number in document["runs"].items() if number)
    return f"{document['experiment']}: {document['mode']}, {document['state']}; runs: {runs or 'none'}"


def sheets(document: Mapping[str, Any]) -> list[Sheet]:
    """Every table that the document has something for."""
    return [*_rankings(document), *_best_trials(document)]


def notes(document: Mapping[str, Any]) -> list[str]:
    """Why methods have no mean at a budget."""
    return unranked(document)


def _rankings(document: Mapping[str, Any]) -> Iterator[Sheet]:
    comparison: Sequence[Mapping[str, Any]] = document["comparison"]  # in the order of budget and mean
    for budget in dict.fromkeys(row["budget"] for row in comparison):
        own = [row for row in comparison if row["budget"] == budget]
        accuracy = next((name for name in ACCURACIES if any(name in row["metrics"] for row in own)), None)
        lost = any(row["diverged"] or row["failed"] for row in own)
        metric = own[0]["metric"]
        heads: list[tuple[str, Kind]] = [("#", "number"), ("method", "name"), (metric, "number"), ("n", "number")]
        heads += [(f"{accuracy.replace('_', ' ')} (%)", "number")] if accuracy else []
        heads += [("lost", "number")] if lost else []
        rows: list[list[Cell]] = []
        for rank, row in enumerate(own, start=1):
            mean = row["mean"]
            cells: list[Cell] = [None if mean is None else str(rank), row["method"], _spread(row), str(row["seeds"])]
            cells += [_spread(row["metrics"].get(accuracy), 100.0)] if accuracy else []
            cells += [f"{row['diverged'] + row['failed']} of {row['planned']}"] if lost else []
            rows.append(cells)
        title = f"{metric} after the last of {budget} epochs: mean ± standard deviation over n seeds"
        yield Sheet(f"ranking-{budget}", title, tuple(heads), rows)


def _spread(found: Mapping[str, float | None] | None, scale: float = 1.0) -> Cell:
    if found is None or found["mean"] is None:
        return None
    std = found["std"]
    return rounded(scale * found["mean"], None if std is None else scale * std)


def _best_trials(document: Mapping[str, Any]) -> Iterator[Sheet]:
    studies: Sequence[Mapping[str, Any]] = document["studies"]
    if not studies:
        return
    rows: list[list[Cell]] = []
    for study in sorted(studies, key=lambda each: (each["best"] is None, each["best"] and each["best"]["value"])):
        best = study["best"]
        if best is None:
            rows.append([study["name"], str(study["trials"]), None, None, "no trial has a finite objective"])
            continue
        params = ", ".join(f"{name} = {value_text(value)}" for name, value in best["params"].items())
        rows.append([study["name"], str(study["trials"]), str(best["trial"]), rounded(best["value"], None), params])
    heads: tuple[tuple[str, Kind], ...] = (
        *(("study", "name"), ("trials", "number"), ("best", "number"), ("objective", "number")),
        ("parameters", "list"),
    )
    yield Sheet("best-trials", "best trial of each search", heads, rows)

"""The tables of results: heads, and cells as texts by key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hlr_tui.output import number_text
from hlr_tui.plot import MARKERS
from hlr_tui.results_view.ranking import Ranking, Standing
from hlr_tui.tables import percent_text, spread_text, value_text

if TYPE_CHECKING:
    from core.storage.runs import Run

BY_METHOD = "method"


def sort_keys(found: Ranking) -> list[str]:
    """What the ranking can be sorted by: each budget, the largest first, or the name of the method."""
    return [*map(str, reversed(found.budgets)), BY_METHOD]


def ranking_heads(found: Ranking, sort: str) -> list[str]:
    def head(key: str, text: str) -> str:
        return f"{text} ↑" if key == sort else text

    budgets = [head(str(budget), f"{budget} epochs") for budget in reversed(found.budgets)]
    lost = ["lost"] if _any_lost(found) else []
    return ["", "#", head(BY_METHOD, "method"), "verdict", "n", *budgets, *lost]


def ranking_rows(found: Ranking, sort: str, *, narrow: bool = False) -> dict[str, list[str]]:
    """Cells by method, in the order asked for; rank, verdict and n are those of the budget that is sorted by, or of the
    largest one; so is the only spread where the screen is narrow."""
    budget = found.budgets[-1] if sort == BY_METHOD else int(sort)
    ranks, letters = found.ranks(budget), letters_of(found)
    if sort == BY_METHOD:
        order = sorted(found.methods)
    else:
        order = sorted(found.methods, key=lambda method: (ranks.get(method, math.inf), method))
    lost = _any_lost(found)
    rows = {}
    for method in order:
        own = {each: found.standings[each].get(method) for each in reversed(found.budgets)}
        cells = [_cell(found.metric, one, spread=not narrow or each == budget) for each, one in own.items()]
        chosen = own[budget]
        number = "-" if chosen is None else str(chosen.number or "?")
        rows[method] = [letters[method], str(ranks.get(method, "-")), method, found.verdict(budget, method), number]
        rows[method] += cells
        if lost:
            there = [standing for standing in own.values() if standing is not None]
            gone = sum(standing.lost for standing in there)
            rows[method].append(f"{gone} of {sum(standing.planned for standing in there)}" if gone else "")
    return rows


def letters_of(found: Ranking) -> dict[str, str]:
    """The letter that a method's curve carries."""
    return {method: MARKERS[number % len(MARKERS)] for number, method in enumerate(found.methods)}


def _any_lost(found: Ranking) -> bool:
    return any(standing.lost for own in found.standings.values() for standing in own.values())


def _cell(metric: str, standing: Standing | None, *, spread: bool = True) -> str:
    if standing is None or standing.mean is None:
        return "-"
    share = metric.endswith("accuracy")
    if not spread:
        return (percent_text if share else spread_text)(standing.mean, None)
    if standing.std is None and standing.low < standing.high:  # imported: bounds over seeds
        ends = (f"{100 * end:.1f}" if share else number_text(end, 2) for end in (standing.low, standing.high))
        mean = percent_text(standing.mean, None) if share else spread_text(standing.mean, None)
        return f"{mean} ({' … '.join(ends)})"
    return (percent_text if share else spread_text)(standing.mean, standing.std)


BEST_HEADS = ("study", "trials", "trial", "objective", "parameters")


def best_rows(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The best trial of each study, the lowest objective first."""
    rows = {}
    studies = document["studies"]
    for study in sorted(studies, key=lambda each: (each["best"] is None, each["best"] and each["best"]["value"])):
        best = study["best"]
        if best is None:
            rows[study["name"]] = [study["name"], str(study["trials"]), "-", "-", "no trial has a finite objective yet"]
            continue
        params = ", ".join(f"{name} {value_text(value)}" for name, value in best["params"].items())
        params += " (trained elsewhere)" if best.get("origin") == "elsewhere" else ""
        objective = number_text(best["value"], 4)
        rows[study["name"]] = [study["name"], str(study["trials"]), str(best["trial"]), objective, params]
    return rows


FAILURE_HEADS = ("study", "seed", "what went wrong")


def failure_rows(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Failed runs with their errors, those that diverged, then the methods that have no mean and why."""
    rows = {
        f"run {one['run']}": [one["study"], str(one["seed"]), (one["error"] or "").strip() or "no message"]
        for one in document["failures"]
    }
    for one in document.get("diverged", ()):
        rows[f"run {one['run']}"] = [one["study"], str(one["seed"]), one["error"]]
    for row in document["comparison"]:
        if row["reason"]:
            where = f"{row['method']} at {row['budget']} epochs"
            rows[f"row {where}"] = [where, "-", row["reason"]]
    return rows


def diverged_text(run: Run) -> str:
    """``diverged after 6 of 20 epochs at lr 0.05 (trial 3)``, and what the worker said of it."""
    trial = "" if run.trial is None else f" (trial {run.trial})"
    lr = run.config.get("lr")
    rate = f" at lr {value_text(lr)}" if isinstance(lr, (int, float)) else ""
    said = f": {run.error}" if run.error else ""
    return f"diverged after {run.epoch} of {run.budget} epochs{rate}{trial}{said}"


def failure_text(document: Mapping[str, Any], key: str) -> str:
    """All there is to know of a failure: the whole error, and where its log is."""
    for one in (*document["failures"], *document.get("diverged", ())):
        if key == f"run {one['run']}":
            log = f"\nlog: {one['log']}" if one["log"] else ""
            return f"{one['study']}, seed {one['seed']}\n\n{(one['error'] or '').strip() or 'no message'}\n{log}"
    return ": ".join(cell for cell in failure_rows(document).get(key, []) if cell != "-")

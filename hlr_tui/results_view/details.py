"""All there is to know of one method: its seeds, its parameters, what its search cost, what was lost, and how to get it
again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hlr_tui.output import number_text
from hlr_tui.results_view.ranking import OBJECTIVE, Ranking
from hlr_tui.results_view.rows import diverged_text
from hlr_tui.tables import duration_text, value_text

if TYPE_CHECKING:
    from core.storage.runs import Run

Pairs = tuple[tuple[str, str], ...]

LOST_SHOWN = 4
"""Lost runs of a search that are told one by one; those of a comparison are told all."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the pane of a method shows; texts may hold anything.

    Attributes:
        seeds: a table of the metric, its head first: a row per seed, a column per budget, the largest first.
        told: what is to be said of the seeds, "" where the table says it all.
        parameters: names and values: those that a search chose, otherwise all.
        source: where the parameters come from.
        fixed: the parameters that the search was not asked for.
        cost: of its search; "" where it had none.
        lost: a line for each run that diverged or failed.
        commands: what to type to see or to repeat the experiment, with what each does.
    """

    method: str
    metric: str
    seeds: tuple[tuple[str, ...], ...]
    told: str
    parameters: Pairs
    source: str
    fixed: str
    cost: Pairs
    lost: tuple[str, ...]
    commands: Pairs


def method_details(
    document: Mapping[str, Any], runs: Sequence[Run], found: Ranking, method: str, commands: Pairs = ()
) -> Details:
    """The details of one method of a ranking.

    Args:
        document: the result document that the ranking was made of.
        runs: every run of the experiment.
    """
    from core.analysis.results import compared_runs, method_label

    pairs = {(run.optimizer, run.scheduler) for run in runs}  # labels take the catalog: once for each, not per run
    wanted = {pair for pair in pairs if method_label(*pair) == method}
    own = [run for run in runs if (run.optimizer, run.scheduler) in wanted]
    compared = sorted(compared_runs(own), key=lambda run: (-run.budget, run.seed))
    search = [run for run in own if run.stage == "search"]
    study = _study(document, own)
    imported = document["mode"] == "import"
    told = "Imported: a mean over seeds that are not known one by one." if imported else ""
    parameters, source, fixed = ((), "", "") if imported or not compared else _parameters(compared[0], study)
    return Details(
        method=method,
        metric=found.metric,
        seeds=() if imported else _seeds(compared, found),
        told=told or ("" if compared else _no_run(document, method)),
        parameters=parameters,
        source=source,
        fixed=fixed,
        cost=_cost(search, study),
        lost=(*_lost(compared, len(compared)), *_lost(search, LOST_SHOWN)),
        commands=commands,
    )


def _study(document: Mapping[str, Any], runs: Sequence[Run]) -> Mapping[str, Any] | None:
    names = {run.study for run in runs}
    return next((study for study in document["studies"] if study["name"] in names), None)


def _no_run(document: Mapping[str, Any], method: str) -> str:
    reasons = [row["reason"] for row in document["comparison"] if row["method"] == method and row["reason"]]
    return f"Not compared: {reasons[0]}." if reasons else "None of its runs has begun."


def _seeds(runs: Sequence[Run], found: Ranking) -> tuple[tuple[str, ...], ...]:
    budgets = list(dict.fromkeys(run.budget for run in runs))
    by_place = {(run.seed, run.budget): run for run in runs}
    if not by_place:
        return ()
    head = ("seed", *(f"{budget} epochs" for budget in budgets))
    rows = []
    for seed in sorted({run.seed for run in runs}):
        there = (by_place.get((seed, budget)) for budget in budgets)
        rows.append((str(seed), *("-" if run is None else _value(run, found.metric) for run in there)))
    return head, *rows


def _value(run: Run, metric: str) -> str:
    """The value of a run, what it has come to, or why there is none."""
    if run.state == "running":
        return f"epoch {run.epoch}/{run.budget}"
    if run.state != "complete":
        return run.state
    value = run.value if metric == OBJECTIVE else run.results.get(metric)
    if value is None or not math.isfinite(value):
        return "-"
    return f"{100 * value:.2f} %" if metric.endswith("accuracy") else number_text(value, 4)


def _parameters(run: Run, study: Mapping[str, Any] | None) -> tuple[Pairs, str, str]:
    """What was searched, where it comes from, and what was fixed."""
    best = study["best"] if study is not None else None
    fixed = list(_fixed(run.config))
    if best is None or run.trial is None or best["trial"] != run.trial:
        return tuple(fixed), "fixed" if run.trial is None else f"of trial {run.trial}", ""
    chosen = best["params"]
    rest = ", ".join(f"{name} {text}" for name, text in fixed if name not in chosen)
    source = f"of trial {run.trial}, objective {number_text(best['value'], 4)}"
    return tuple((name, value_text(value)) for name, value in chosen.items()), source, rest


def _fixed(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "lr" in config:
        yield "lr", value_text(config["lr"])
    for part in ("scheduler", "optimizer"):
        for name, value in config.get(part, {}).get("params", {}).items():
            yield name, value_text(value)
    if "batch_size" in config:
        yield "batch_size", value_text(config["batch_size"])


def _cost(search: Sequence[Run], study: Mapping[str, Any] | None) -> Pairs:
    foreign = study["foreign_trials"] if study is not None else 0
    if not search and not foreign:
        return ()
    trials = len({run.trial for run in search})
    done, planned = sum(run.epoch for run in search), sum(run.budget for run in search)
    states = [run.state for run in search]
    cut = {state: number for state in ("pruned", "diverged", "failed") if (number := states.count(state))}
    said = ", ".join(f"{number} {state}" for state, number in cut.items())
    more = f", and {foreign} of other programs" if foreign else ""
    pairs = [("trials", f"{trials}{more}" + (f" ({said})" if said else "")), ("epochs", f"{done} of {planned}")]
    took = sum(
        run.finished_at - run.started_at for run in search if run.started_at is not None and run.finished_at is not None
    )
    return (*pairs, ("training", duration_text(took))) if took else tuple(pairs)


def _lost(runs: Sequence[Run], most: int) -> list[str]:
    lost = [run for run in runs if run.state in ("diverged", "failed")]
    lines = []
    for run in lost[:most]:
        what = f"trial {run.trial}" if run.stage == "search" else f"{run.budget} epochs"
        if run.state == "diverged":
            why = diverged_text(run).replace(f" (trial {run.trial})", "")
        else:
            why = "failed: " + ((run.error or "").strip().splitlines() or ["no message"])[0]
        lines.append(f"{what}, seed {run.seed}: {why}")
    return lines + ([f"and {len(lost) - most} more: f"] if len(lost) > most else [])

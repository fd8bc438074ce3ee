"""What an experiment found: the best trial of each study, and the methods ranked at each budget.

The document is the one of ``--batch --json`` and ``show --json``.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.catalog import catalog
from core.errors import UsageError
from core.plan import Plan, StudyPlan, make_plan
from core.plan.space import Dimension
from core.search import left_out
from core.spec import ExperimentSpec
from core.spec.file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import IMPORT, Experiment
from core.storage.foreign import foreign_trials
from core.storage.runs import Run, RunState, counts, runs_of
from core.storage.study_rows import trial_params

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

OBJECTIVE = "val_loss"
"""What searches minimise and comparisons rank by: the validation loss after the last epoch."""

HERE, ELSEWHERE = "here", "elsewhere"
"""Where a best trial was trained: by this experiment, or by another program in a study of the same name."""


def result_document(db: Database, experiment: Experiment) -> dict[str, Any]:
    """The results so far; numbers may be nan or inf. ``unread`` says why the spec cannot be read here, where it cannot:
    the trials of other programs are then unknown."""
    runs = runs_of(db, experiment.id)
    rows = comparison(runs)
    studies: list[dict[str, Any]] = []
    unread = ""
    if experiment.mode != IMPORT:
        try:
            plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
        except UsageError as error:  # a file or a plug-in that the spec names is not there, or may not run
            unread = str(error)
            studies = _studies_alone(db, runs)
        else:
            studies = _studies(db, plan, runs) if plan.spec.tuned else []
            if plan.compares_best:
                rows += _without_best(runs, studies, plan)
    rows.sort(key=lambda row: (row["budget"], row["mean"] is None, row["mean"], row["method"]))
    return {
        "experiment": experiment.name,
        "mode": experiment.mode,
        "state": experiment.state,
        "error": experiment.error,
        "unread": unread,
        "runs": dict(counts(db, experiment.id)),
        "studies": studies,
        "comparison": rows,
        "failures": [
            {"run": run.id, "study": run.study, "seed": run.seed, "error": run.error, "log": run.log}
            for run in runs
            if run.state == "failed"
        ],
    }


def _studies(db: Database, plan: Plan, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """One document per study with trials, ours and those of other programs."""
    planned = {study.name: study for study in plan.studies}
    ours = dict(_grouped(runs, "search", lambda run: run.study))
    theirs = foreign_trials(db, planned)
    found = []
    for name in sorted(ours.keys() | theirs.keys()):
        group, study = ours.get(name, []), planned.get(name)
        document = _study(name, group, study.space if study else {})
        if study is not None:
            document["optimizer"], document["scheduler"] = study.method.optimizer.code, study.method.scheduler.code
            numbers = {run.trial for run in group}
            _add_foreign(document, [one for one in theirs.get(name, []) if one.number not in numbers], plan.spec, study)
        found.append(document)
    return found


def _studies_alone(db: Database, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """What the database tells of our studies where the spec cannot be read."""
    found = []
    for name, group in _grouped(runs, "search", lambda run: run.study):
        document = _study(name, group, {})
        if document["best"] is not None:
            (trial_id, *_) = [run.trial_id for run in group if run.trial == document["best"]["trial"]]
            document["best"]["params"] = {} if trial_id is None else trial_params(db, trial_id)
        found.append(document)
    return found


def _grouped(runs: Iterable[Run], stage: str, key: Callable[[Run], Any]) -> list[tuple[Any, list[Run]]]:
    chosen = sorted((run for run in runs if run.stage == stage), key=key)
    return [(name, list(group)) for name, group in groupby(chosen, key=key)]


def _study(name: str, runs: Sequence[Run], space: Mapping[str, Dimension]) -> dict[str, Any]:
    trials = _grouped(runs, "search", lambda run: run.trial)
    best: dict[str, Any] | None = None
    for trial, group in trials:
        if any(run.state != "complete" or run.value is None for run in group):
            continue
        value = math.fsum(run.value for run in group if run.value is not None) / len(group)
        if best is None or value < best["value"]:
            params = searched(group[0].config, space)
            best = {"trial": trial, "value": value, "params": params, "origin": HERE}
    return {
        "name": name,
        "optimizer": runs[0].optimizer if runs else "",
        "scheduler": runs[0].scheduler if runs else "",
        "trials": len(trials),
        "foreign_trials": 0,
        "left_out": [],
        "best": best,
    }


def _add_foreign(
    document: dict[str, Any], trials: Iterable[FrozenTrial], spec: ExperimentSpec, study: StudyPlan
) -> None:
    """Count the trials of other programs in, as the search does."""
    for trial in trials:
        reason = left_out(spec, study, trial)
        if reason:
            document["left_out"].append({"trial": trial.number, "reason": reason})
            continue
        document["trials"] += 1
        document["foreign_trials"] += 1
        if trial.state.name != "COMPLETE" or trial.value is None or not math.isfinite(trial.value):
            continue
        best = document["best"]
        if best is None or (trial.value, trial.number) < (best["value"], best["trial"]):
            params = {name: trial.params[name] for name in study.space}
            document["best"] = {"trial": trial.number, "value": trial.value, "params": params, "origin": ELSEWHERE}


def searched(config: Mapping[str, Any], space: Mapping[str, Dimension]) -> dict[str, Any]:
    """The values that a trial gave to the parameters of its search space, read back from a run of it."""
    return {
        name: config["lr"] if dimension.owner == "training" else config[dimension.owner]["params"][name]
        for name, dimension in space.items()
    }


def compared_runs(runs: Iterable[Run]) -> list[Run]:
    """The runs that a comparison is made of.

    Where a search went on after a comparison and found a better trial, the method is compared anew: the runs of the
    trial that was queued last count, those of the former one are left out.
    """
    compared = [run for run in runs if run.stage != "search"]
    last: dict[str, Run] = {}
    for run in compared:
        if run.study not in last or run.created_at > last[run.study].created_at:
            last[run.study] = run
    return [run for run in compared if run.trial == last[run.study].trial]


def comparison(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """One row per method and budget that was compared."""
    compared = compared_runs(runs)
    compared.sort(key=lambda run: (run.budget, run.optimizer, run.scheduler, run.seed))
    keyed = groupby(compared, key=lambda run: (run.budget, run.optimizer, run.scheduler))
    return [_row(optimizer, scheduler, budget, list(group)) for (budget, optimizer, scheduler), group in keyed]


def _row(optimizer: str, scheduler: str, budget: int, runs: Sequence[Run], reason: str | None = None) -> dict[str, Any]:
    complete = [run for run in runs if run.state == "complete"]
    values = [run.value for run in complete if run.value is not None]
    number = Counter(run.state for run in runs)
    if runs and number["diverged"] + number["failed"] == len(runs):
        reason = f"no run came to its end: {_endings(number)}"
    return {
        "optimizer": optimizer,
        "scheduler": scheduler,
        "method": method_label(optimizer, scheduler),
        "budget": budget,
        "seeds": len(values),
        "metric": OBJECTIVE,
        **_spread(values),
        "values": values,
        "trial": runs[0].trial if runs else None,
        "planned": len(runs),
        "diverged": number["diverged"],
        "failed": number["failed"],
        "reason": reason,
        "metrics": _further(complete),
    }


def _without_best(runs: Iterable[Run], studies: Iterable[Mapping[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    """Rows for methods that cannot be compared, because their whole search gave no finite objective: they lost."""
    searches = dict(_grouped(runs, "search", lambda run: run.study))
    rows = []
    for study in studies:
        group = searches.get(study["name"], [])
        number = Counter(run.state for run in group)
        over = study["trials"] >= plan.spec.optimize.trials and not number["queued"] + number["running"]
        if study["best"] is None and over:
            reason = "no trial of its search came to an end" + (f": {_endings(number)}" if group else "")
            rows += [
                _row(study["optimizer"], study["scheduler"], budget, [], reason) for budget in plan.spec.compare.budgets
            ]
    return rows


def _endings(number: Mapping[RunState, int]) -> str:
    """``2 runs diverged, 1 failed``"""
    lost: tuple[RunState, ...] = ("diverged", "failed", "pruned")
    parts = [f"{number[state]} {state}" for state in lost if number[state]]
    first, _, state = parts[0].partition(" ")
    return ", ".join([f"{first} run{'' if first == '1' else 's'} {state}", *parts[1:]])


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and sample standard deviation; None where there are too few values."""
    if not all(math.isfinite(value) for value in values):  # statistics.stdev raises on them
        return {"mean": sum(values) / len(values), "std": math.nan}
    return {
        "mean": statistics.fmean(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
    }


def _further(runs: Sequence[Run]) -> dict[str, dict[str, float | None]]:
    """Spread of every other final metric of the runs."""
    names = sorted({name for run in runs for name in run.results} - {OBJECTIVE})
    return {name: _spread([run.results[name] for run in runs if name in run.results]) for name in names}


def method_label(optimizer: str, scheduler: str) -> str:
    """How tables call a method: ``AdamW + EH``, ``Prodigy``; ``EH`` where the optimizer is unknown."""
    if not optimizer:
        return scheduler
    infos = [info for info in catalog().optimizers.all() if info.code == optimizer]
    return optimizer if infos and infos[0].lr_free else f"{optimizer} + {scheduler}"

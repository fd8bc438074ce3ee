"""What an experiment found: the best trial of each study, and the methods ranked at each budget.

The document is the one of ``--batch --json`` and ``show --json``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from core.catalog import catalog
from core.plan import make_plan
from core.search_space import Dimension
from core.spec_file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.runs import Run, counts, runs_of

OBJECTIVE = "val_loss"
"""What searches minimise and comparisons rank by: the validation loss after the last epoch."""


def result_document(db: Database, experiment: Experiment) -> dict[str, Any]:
    """The results so far; numbers may be nan or inf."""
    runs = runs_of(db, experiment.id)
    plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
    spaces = {study.name: study.space for study in plan.studies}
    studies = [
        _study(name, group, spaces.get(name, {})) for name, group in _grouped(runs, "search", lambda run: run.study)
    ]
    best = {study["name"]: study["best"]["trial"] for study in studies if study["best"] is not None}
    number = counts(db, experiment.id)
    return {
        "experiment": experiment.name,
        "mode": experiment.mode,
        "state": experiment.state,
        "error": experiment.error,
        "runs": dict(number),
        "studies": studies,
        "comparison": comparison(runs, best),
        "failures": [
            {"run": run.id, "study": run.study, "seed": run.seed, "error": run.error, "log": run.log}
            for run in runs
            if run.state == "failed"
        ],
    }


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
            best = {"trial": trial, "value": value, "params": searched(group[0].config, space)}
    return {
        "name": name,
        "optimizer": runs[0].optimizer,
        "scheduler": runs[0].scheduler,
        "trials": len(trials),
        "best": best,
    }


def searched(config: Mapping[str, Any], space: Mapping[str, Dimension]) -> dict[str, Any]:
    """The values that a trial gave to the parameters of its search space, read back from a run of it."""
    return {
        name: config["lr"] if dimension.owner == "training" else config[dimension.owner]["params"][name]
        for name, dimension in space.items()
    }


def comparison(runs: Iterable[Run], best: Mapping[str, int]) -> list[dict[str, Any]]:
    """One row per method and budget, best mean first within a budget.

    Args:
        best: study → its best trial; runs of a trial that was the best one before are left out.
    """
    rows = []
    compared = [run for run in runs if run.stage != "search" and best.get(run.study, run.trial) == run.trial]
    compared.sort(key=lambda run: (run.budget, run.optimizer, run.scheduler, run.seed))
    for (budget, optimizer, scheduler), grouped in groupby(
        compared, key=lambda run: (run.budget, run.optimizer, run.scheduler)
    ):
        group = list(grouped)
        complete = [run for run in group if run.state == "complete" and run.value is not None]
        values = [run.value for run in complete if run.value is not None]
        rows.append(
            {
                "optimizer": optimizer,
                "scheduler": scheduler,
                "method": method_label(optimizer, scheduler),
                "budget": budget,
                "seeds": len(values),
                "metric": OBJECTIVE,
                **_spread(values),
                "values": values,
                "planned": len(group),
                "diverged": sum(run.state == "diverged" for run in group),
                "failed": sum(run.state == "failed" for run in group),
                "metrics": _further(complete),
            }
        )
    rows.sort(key=lambda row: (row["budget"], row["mean"] is None, row["mean"], row["method"]))
    return rows


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and sample standard deviation; None where there are too few values."""
    return {
        "mean": statistics.fmean(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
    }


def _further(runs: Sequence[Run]) -> dict[str, dict[str, float | None]]:
    """Spread of every other final metric of the runs."""
    names = sorted({name for run in runs for name in run.results} - {OBJECTIVE})
    return {name: _spread([run.results[name] for run in runs if name in run.results]) for name in names}


def method_label(optimizer: str, scheduler: str) -> str:
    """How tables call a method: ``AdamW + EH``, ``Prodigy``."""
    infos = [info for info in catalog().optimizers.all() if info.code == optimizer]
    return optimizer if infos and infos[0].lr_free else f"{optimizer} + {scheduler}"

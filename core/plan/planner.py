"""What a spec amounts to: studies, trials and runs, as a pure function.

The id of a run is a hash of everything that decides its points, so planning again yields the same runs and a campaign
that is started again finds what is finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import MISSING, Problem, SpecError
from core.plan.configuration import configuration, identity
from core.plan.feasibility import problems_of
from core.plan.space import Dimension, Params, search_space
from core.spec.experiment import COMPARE_MODES, SEARCH_MODES, ExperimentSpec, Method

Stage = Literal["search", "compare", "run"]

MOST_RUNS = 1_000_000

_COMPARE_POSITIONS = 1_000_000_000
"""Queue positions of comparison runs start here, after every search run."""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One Optuna study: the search of a method."""

    name: str
    method: Method
    index: int
    space: Mapping[str, Dimension]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run to be trained; `config` is everything a worker needs, `position` its place in the queue."""

    id: str
    stage: Stage
    study: str
    optimizer: str
    scheduler: str
    trial: int | None
    seed: int
    budget: int
    config: dict[str, Any]
    position: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole experiment. `fixed_runs` are known before anything is trained; search runs come from trials."""

    spec: ExperimentSpec
    studies: tuple[StudyPlan, ...]
    fixed_runs: tuple[RunPlan, ...]

    @property
    def searches(self) -> bool:
        return self.spec.experiment.mode in SEARCH_MODES

    @property
    def compares_best(self) -> bool:
        """The comparison takes the best trial of each study."""
        return self.spec.experiment.mode in ("optimize-compare", "all")

    def totals(self) -> dict[str, int]:
        """Numbers of trials, runs and epochs, by stage."""
        return _totals(self.spec)


def make_plan(spec: ExperimentSpec) -> Plan:
    """Lay out an experiment.

    Raises:
        SpecError: a method cannot be trained at one of its budgets, or there are too many runs.
    """
    problems: list[Problem] = []
    studies = []
    for index, method in enumerate(spec.methods):
        space = search_space(spec, method) if spec.tuned else {}
        problems += problems_of(spec, method, space)
        studies.append(StudyPlan(spec.study_name(method), method, index, space))
    totals = _totals(spec)
    runs = totals["search_runs"] + totals["compare_runs"]
    if runs > MOST_RUNS:
        legal = f"amounts to {runs:,} runs: must be at most {MOST_RUNS:,} (fewer methods, trials, budgets or seeds)"
        problems.append(Problem("experiment", MISSING, legal))
    if problems:
        raise SpecError(spec.source, problems)
    fixed = [] if spec.tuned else [run for study in studies for run in _fixed_runs(spec, study)]
    return Plan(spec, tuple(studies), tuple(sorted(fixed, key=lambda run: run.position)))


def _totals(spec: ExperimentSpec) -> dict[str, int]:
    mode, methods = spec.experiment.mode, len(spec.methods)
    trials = methods * spec.optimize.trials if mode in SEARCH_MODES else 0
    search_runs = trials * len(spec.optimize.seeds)
    if mode in COMPARE_MODES:
        budgets, seeds = spec.compare.budgets, len(spec.compare.seeds)
    else:
        budgets, seeds = ((spec.training.epochs,) if mode == "run" else ()), len(spec.training.seeds)
    return {
        "trials": trials,
        "search_runs": search_runs,
        "compare_runs": methods * seeds * len(budgets),
        "epochs": search_runs * spec.training.epochs + methods * seeds * sum(budgets),
    }


def search_runs(spec: ExperimentSpec, study: StudyPlan, trial: int, params: Params) -> list[RunPlan]:
    """The runs of one trial, one per seed."""
    config = configuration(spec, study.method, spec.training.epochs, params)
    seeds = spec.optimize.seeds
    return [
        _run(
            spec,
            study,
            "search",
            trial,
            seed,
            config,
            (trial * len(spec.methods) + study.index) * len(seeds) + index,
        )
        for index, seed in enumerate(seeds)
    ]


def compare_runs(spec: ExperimentSpec, study: StudyPlan, trial: int, params: Params) -> list[RunPlan]:
    """The runs that retrain one trial at every budget, one per seed; `params` were found at training.epochs."""
    return list(_over_budgets(spec, study, "compare", trial, params))


def _fixed_runs(spec: ExperimentSpec, study: StudyPlan) -> Iterable[RunPlan]:
    if spec.experiment.mode in COMPARE_MODES:
        return _over_budgets(spec, study, "compare", None, None)
    config = configuration(spec, study.method, spec.training.epochs, None)
    count = len(spec.methods)
    return [
        _run(spec, study, "run", None, seed, config, index * count + study.index)
        for index, seed in enumerate(spec.training.seeds)
    ]


def _over_budgets(
    spec: ExperimentSpec, study: StudyPlan, stage: Stage, trial: int | None, params: Params | None
) -> Iterable[RunPlan]:
    for budget_index, budget in enumerate(spec.compare.budgets):
        config = configuration(spec, study.method, budget, params)
        for seed_index, seed in enumerate(spec.compare.seeds):
            order = (budget_index * len(spec.compare.seeds) + seed_index) * len(spec.methods) + study.index
            yield _run(spec, study, stage, trial, seed, config, _COMPARE_POSITIONS + order)


def _run(
    spec: ExperimentSpec,
    study: StudyPlan,
    stage: Stage,
    trial: int | None,
    seed: int,
    config: dict[str, Any],
    position: int,
) -> RunPlan:
    config = config | {"seed": seed}
    hashed = json.dumps([spec.experiment.name, study.name, stage, trial, identity(config)], sort_keys=True)
    return RunPlan(
        id=hashlib.sha256(hashed.encode()).hexdigest()[:32],
        stage=stage,
        study=study.name,
        optimizer=study.method.optimizer.code,
        scheduler=study.method.scheduler.code,
        trial=trial,
        seed=seed,
        budget=config["epochs"],
        config=config,
        position=position,
    )

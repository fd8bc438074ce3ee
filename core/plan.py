"""What a spec amounts to: studies, trials and runs, as a pure function.

The id of a run is a hash of everything that decides its points, so planning again yields the same runs and a campaign
that is started again finds what is finished.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.component import Info, Schedule
from core.errors import MISSING, Problem, SpecError
from core.params import Horizon, Range, Real, Whole, check_value, params_of, resolve, scaled
from core.search_ranges import LR
from core.spec import COMPARE_MODES, SEARCH_MODES, ExperimentSpec, Method

Stage = Literal["search", "compare", "run"]
Params = dict[str, float]

_COMPARE_POSITIONS = 1_000_000_000
"""Queue positions of comparison runs start here, after every search run."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One searched parameter.

    Attributes:
        owner: what the parameter belongs to.
        span: where to look, with numbers for low and high.
        whole: it is an integer.
    """

    owner: Literal["training", "scheduler", "optimizer"]
    span: Range
    whole: bool


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
        spec = self.spec
        trials = len(self.studies) * spec.optimize.trials if self.searches else 0
        search_runs = trials * len(spec.optimize.seeds)
        per_budget = len(spec.methods) * len(spec.compare.seeds) if self.compares_best else 0
        return {
            "trials": trials,
            "search_runs": search_runs,
            "compare_runs": per_budget * len(spec.compare.budgets) + len(self.fixed_runs),
            "epochs": search_runs * spec.training.epochs
            + per_budget * sum(spec.compare.budgets)
            + sum(run.budget for run in self.fixed_runs),
        }


def make_plan(spec: ExperimentSpec) -> Plan:
    """Lay out an experiment.

    Raises:
        SpecError: a method cannot be trained at one of its budgets.
    """
    problems: list[Problem] = []
    searched = spec.experiment.mode in ("optimize", "optimize-compare", "all")
    studies = []
    for index, method in enumerate(spec.methods):
        space = search_space(spec, method) if searched else {}
        problems += _check_method(spec, method, space)
        studies.append(StudyPlan(spec.study_name(method), method, index, space))
    if problems:
        raise SpecError(spec.source, list(dict.fromkeys(problems)))
    fixed = [] if searched else [run for study in studies for run in _fixed_runs(spec, study)]
    return Plan(spec, tuple(studies), tuple(sorted(fixed, key=lambda run: run.position)))


def search_space(spec: ExperimentSpec, method: Method) -> dict[str, Dimension]:
    """The parameters that a search of `method` moves, in a stable order: lr first."""
    horizon = horizon_of(spec, method, spec.training.epochs, spec.lr)
    parts: list[tuple[Literal["training", "scheduler", "optimizer"], str, Any]] = [
        ("scheduler", method.scheduler.code, resolve(method.schedule, horizon)),
        ("optimizer", method.optimizer.code, method.recipe),
    ]
    if not method.optimizer.lr_free:
        parts.insert(0, ("training", "", spec.training))
    space: dict[str, Dimension] = {}
    for owner, code, part in parts:
        for name, param in params_of(part):
            if not isinstance(param, (Whole, Real)) or (owner == "training" and name != LR):
                continue
            span = param.search.resolve(part, horizon) if param.search else None
            if name in spec.given.get(code, ()):
                span = None
            for override in spec.search:
                if override.name == name and override.code in ("", code):
                    span = override.span
            if span is not None and span.low < span.high:
                space[name] = Dimension(owner, span, isinstance(param, Whole))
    return space


def horizon_of(spec: ExperimentSpec, method: Method, epochs: int, lr: float) -> Horizon:
    return Horizon.of(epochs=epochs, lr=lr, tick=method.scheduler.tick, steps_per_epoch=spec.steps_per_epoch)


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


def configuration(spec: ExperimentSpec, method: Method, epochs: int, params: Params | None) -> dict[str, Any]:
    """Everything that decides the points of a run but its seed, with every parameter resolved.

    Args:
        epochs: the budget.
        params: the values of a trial, None for the untuned method.
    """
    tuned = params or {}
    lr = 1.0 if method.optimizer.lr_free else float(tuned.get(LR, spec.lr))
    if params is None and not method.optimizer.lr_free and spec.experiment.mode == "compare":
        lr *= method.scheduler.untuned_lr_factor
    values = _fixed_overrides(spec, method) | tuned
    schedule = _schedule(spec, method, horizon_of(spec, method, epochs, lr), values)
    return {
        "task": _described(spec.task_info, spec.task),
        "model": _described(spec.model_info, spec.model),
        "optimizer": _described(method.optimizer, _with(method.recipe, values)),
        "scheduler": _described(method.scheduler, schedule),
        "lr": lr,
        "batch_size": spec.batch_size,
        "epochs": epochs,
        "loss_bound": spec.training.loss_bound,
        "threads": spec.training.threads,
    }


def _schedule(spec: ExperimentSpec, method: Method, horizon: Horizon, values: Mapping[str, Any]) -> Schedule:
    """The schedule of a method with `values` found at training.epochs, carried to `horizon`."""
    schedule: Schedule = _with(method.schedule, values)
    if spec.compare.transfer == "relative":
        schedule = scaled(schedule, horizon.epochs / spec.training.epochs)
    return resolve(schedule, horizon)


def _fixed_overrides(spec: ExperimentSpec, method: Method) -> Params:
    codes = ("", method.scheduler.code, method.optimizer.code)
    return {o.name: o.value for o in spec.search if o.value is not None and o.code in codes}


def _with(part: Any, values: Mapping[str, Any]) -> Any:
    """`part` with those of `values` that are its own parameters."""
    own = {}
    for name, param in params_of(part):
        if name in values:
            own[name], problem = check_value(name, param, values[name])
            assert problem is None, f"a trial outside its bounds: {problem}"
    return dataclasses.replace(part, **own)


def _described(info: Info, part: Any) -> dict[str, Any]:
    return {"name": info.name, "params": {name: getattr(part, name) for name, _ in params_of(part)}}


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
    identity = json.dumps([spec.experiment.name, study.name, stage, trial, config], sort_keys=True)
    return RunPlan(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
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


def _check_method(spec: ExperimentSpec, method: Method, space: Mapping[str, Dimension]) -> list[Problem]:
    """Problems of a method at every budget and, where it is searched, at every corner of its search space."""
    mode = spec.experiment.mode
    budgets = {spec.training.epochs} if mode not in ("compare", "optimize-compare") else set()
    if mode in COMPARE_MODES:
        budgets |= set(spec.compare.budgets)
    problems: list[Problem] = []
    for budget in sorted(budgets):
        lr = configuration(spec, method, budget, None)["lr"] if not space else spec.lr
        for corner in _corners(space):
            values = _fixed_overrides(spec, method) | corner
            lr = float(values.get(LR, lr))
            horizon = horizon_of(spec, method, budget, lr)
            for problem in _schedule(spec, method, horizon, values).check(horizon):
                located = _located(spec, method, space, problem, lr, corner)
                if located is not None:
                    problems.append(located)
    return problems


def _corners(space: Mapping[str, Dimension]) -> Iterable[Params]:
    """The extreme values of a search space, in every combination."""
    names = list(space)
    for bounds in itertools.product(*((space[name].span.low, space[name].span.high) for name in names)):
        yield {
            name: int(bound) if space[name].whole else float(bound) for name, bound in zip(names, bounds, strict=True)
        }


def _located(
    spec: ExperimentSpec, method: Method, space: Mapping[str, Dimension], problem: Problem, lr: float, corner: Params
) -> Problem | None:
    """`problem` under the key that the user can change; None where only a shared edge of two ranges touches."""
    if problem.key == "infimum_lr" and problem.key in space and problem.value == lr:
        return None  # the ranges meet in one point: drawn with probability zero, and then the rate is constant
    code = method.scheduler.code
    if problem.key in space:
        key, hint = f"optimize.search.{problem.key}", f"searched for {code}"
        return Problem(key, corner[problem.key], problem.legal, problem.hint or hint)
    if problem.key == "infimum_lr" and "infimum_lr" not in spec.given.get(code, ()):
        return Problem("training.infimum_lr", problem.value, problem.legal, problem.hint or f"scheduler {code}")
    if problem.value is None or problem.value is MISSING:
        return Problem(f"methods.schedulers {code}", MISSING, problem.legal, problem.hint)
    return problem.under(f"methods.params.{code}")

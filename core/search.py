"""Declared parameters as Optuna distributions, samplers and pruners that depend on nothing but their seed, and which
trials of a study count.

Optuna is imported inside the functions: the module itself is cheap to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.plan import StudyPlan
from core.plan.fit import misfit
from core.plan.space import Dimension
from core.spec import ExperimentSpec
from core.spec.sections import OptimizeSection

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

MARK = "hlr:asked"
"""System attribute of a trial that our conductor asked, written together with the trial. A trial without it was made by
another program: the experiment code of the paper, a script, the dashboard."""


def distributions(space: Mapping[str, Dimension]) -> dict[str, optuna.distributions.BaseDistribution]:
    """The search space of a study, in the order of its parameters."""
    from optuna.distributions import FloatDistribution, IntDistribution

    found: dict[str, optuna.distributions.BaseDistribution] = {}
    for name, dimension in space.items():
        span = dimension.span
        if dimension.whole:
            found[name] = IntDistribution(int(span.low), int(span.high), log=span.log, step=int(span.step or 1))
        else:
            found[name] = FloatDistribution(span.low, span.high, log=span.log, step=span.step)
    return found


def make_sampler(section: OptimizeSection, seed: int) -> optuna.samplers.BaseSampler:
    """A fresh sampler for one trial, so that its draws depend on `seed` and the told trials alone."""
    import optuna

    match section.sampler:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
    raise AssertionError(section.sampler)


def make_pruner(section: OptimizeSection, epochs: int) -> optuna.pruners.BasePruner | None:
    """The pruner of a study whose trials report once per epoch, or None."""
    import optuna

    match section.pruner:
        case "none":
            return None
        case "median":
            return optuna.pruners.MedianPruner(n_startup_trials=5)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs)
    raise AssertionError(section.pruner)


def is_ours(trial: FrozenTrial) -> bool:
    """Whether our conductor asked the trial."""
    return MARK in trial.system_attrs


def left_out(spec: ExperimentSpec, study: StudyPlan, trial: FrozenTrial) -> str:
    """Why the trial of another program is none of this experiment's, "" where it is one: it then counts towards
    optimize.trials, teaches the sampler and may be compared."""
    from optuna.trial import TrialState

    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return "it failed" if trial.state == TrialState.FAIL else "it has not ended"
    return misfit(spec, study, trial.params)


def refuse_unusable(study: StudyPlan, found: optuna.Study) -> None:
    """Check that an existing study can be continued.

    Raises:
        UsageError: it does not minimise one objective, or one of its parameters is of another kind than ours.
    """
    from optuna.distributions import check_distribution_compatibility
    from optuna.study import StudyDirection

    if found.directions != [StudyDirection.MINIMIZE]:
        raise UsageError(
            f'study "{study.name}" is in the database already and does not minimise one objective; take another '
            "experiment.name"
        )
    ours = distributions(study.space)
    for trial in found.get_trials(deepcopy=False):
        for name in ours.keys() & trial.distributions.keys():
            try:
                check_distribution_compatibility(trial.distributions[name], ours[name])
            except ValueError as error:
                raise UsageError(
                    f'study "{study.name}" is in the database already, and its parameter {name} is drawn from '
                    f"{trial.distributions[name]}, ours from {ours[name]}; take another experiment.name"
                ) from error

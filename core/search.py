"""Declared parameters as Optuna distributions, and samplers and pruners that depend on nothing but their seed.

Optuna is imported inside the functions: the module itself is cheap to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.plan.space import Dimension
from core.spec.sections import OptimizeSection

if TYPE_CHECKING:
    import optuna


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

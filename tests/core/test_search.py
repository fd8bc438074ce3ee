from __future__ import annotations

import warnings

import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import HyperbandPruner, MedianPruner

from core.params import Range
from core.plan.space import Dimension
from core.search import distributions, make_pruner, make_sampler
from core.spec.sections import OptimizeSection


def test_distributions_are_the_declared_ranges() -> None:
    space = {
        "lr": Dimension("training", Range(1e-4, 5e-2, log=True), whole=False),
        "power": Dimension("scheduler", Range(0.5, 3.0), whole=False),
        "share": Dimension("scheduler", Range(0.1, 0.5, step=0.1), whole=False),
        "upper_bound": Dimension("scheduler", Range(200, 400, step=50), whole=True),
        "step_size": Dimension("scheduler", Range(5, 25), whole=True),
        "width": Dimension("optimizer", Range(1, 1024, log=True), whole=True),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Optuna warns where it changes a range
        found = distributions(space)
    assert list(found.items()) == [
        ("lr", FloatDistribution(1e-4, 5e-2, log=True)),
        ("power", FloatDistribution(0.5, 3.0)),
        ("share", FloatDistribution(0.1, 0.5, step=0.1)),
        ("upper_bound", IntDistribution(200, 400, step=50)),
        ("step_size", IntDistribution(5, 25)),
        ("width", IntDistribution(1, 1024, log=True)),
    ]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_sampler_draws_the_same_from_the_same_seed(sampler: str) -> None:
    import optuna

    def draw(seed: int) -> float:
        study = optuna.create_study(sampler=make_sampler(OptimizeSection(sampler=sampler), seed))
        return study.ask({"x": FloatDistribution(0.0, 1.0)}).params["x"]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_pruners() -> None:
    assert make_pruner(OptimizeSection(pruner="none"), 10) is None
    assert isinstance(make_pruner(OptimizeSection(pruner="median"), 10), MedianPruner)
    assert isinstance(make_pruner(OptimizeSection(pruner="hyperband"), 10), HyperbandPruner)

"""Whether a trial that somebody else drew is a trial of this experiment."""

from __future__ import annotations

from core.errors import Problem
from core.params import params_of
from core.plan.configuration import peak_lr, recipe_of, schedule_of
from core.plan.feasibility import budgets_of
from core.plan.planner import StudyPlan
from core.plan.space import Params, held_values, horizon_of
from core.spec.experiment import ExperimentSpec
from core.values import check_value


def misfit(spec: ExperimentSpec, study: StudyPlan, params: Params) -> str:
    """Why `params` cannot be trained as a trial of `study` at every budget of the experiment; "" where they can.

    They may lie outside the ranges that the search looks in, but not outside what is legal.
    """
    if params.keys() != study.space.keys():
        theirs, ours = (", ".join(sorted(names)) or "nothing" for names in (params, study.space))
        return f"it moves {theirs}, and the search of this experiment moves {ours}"
    method = study.method
    parts = {"training": spec.training, "scheduler": method.schedule, "optimizer": method.recipe}
    for name, dimension in study.space.items():
        declared = dict(params_of(parts[dimension.owner]))[name]
        _, problem = check_value(name, declared, params[name])
        if problem is not None:
            return str(problem)
    values = held_values(spec, method) | params
    lr = peak_lr(spec, method, values)
    for budget in budgets_of(spec):
        horizon = horizon_of(spec, method, budget, lr)
        problems: list[Problem] = schedule_of(spec, method, horizon, values).check(horizon)
        for problem in [*problems, *recipe_of(method, values).check()]:
            return f"{problem}, and one budget is {budget} epochs"
    return ""

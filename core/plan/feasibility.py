"""Methods that cannot be trained at one of their budgets, found before anything is trained."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import MISSING, Problem
from core.params import params_of
from core.plan.configuration import peak_lr, recipe_of, schedule_of
from core.plan.space import Dimension, Params, corners, held_values, horizon_of, override_of
from core.spec.experiment import COMPARE_MODES, ExperimentSpec, Method
from core.spec.ranges import KEY, LR


def problems_of(spec: ExperimentSpec, method: Method, space: Mapping[str, Dimension]) -> list[Problem]:
    """Problems of a method at every budget and, where it is searched, at every corner of its search space."""
    case = _Case(spec, method, space)
    problems = case.name_clashes()
    if problems:
        return problems
    held = held_values(spec, method)
    found: dict[tuple[str, int], Problem] = {}  # one corner is enough to say what is wrong with a range
    for budget, corner in itertools.product(budgets_of(spec), corners(space)):
        values = held | corner
        lr = peak_lr(spec, method, values)
        horizon = horizon_of(spec, method, budget, lr)
        for problem in schedule_of(spec, method, horizon, values).check(horizon):
            if problem.key == "infimum_lr" and problem.key in space and problem.value == lr:
                continue  # two ranges meet in one point, drawn with probability zero; the rate is then constant
            located = case.located(method.scheduler.code, problem, corner)
            found.setdefault((located.key, budget), located)
        for problem in recipe_of(method, values).check():
            located = case.located(method.optimizer.code, problem, corner)
            found.setdefault((located.key, 0), located)
    return list(found.values())


def budgets_of(spec: ExperimentSpec) -> list[int]:
    """Every budget that a run of the experiment may have, in rising order."""
    mode = spec.experiment.mode
    budgets = set() if mode in ("compare", "optimize-compare") else {spec.training.epochs}
    if mode in COMPARE_MODES:
        budgets |= set(spec.compare.budgets)
    return sorted(budgets)


@dataclass(frozen=True, slots=True)
class _Case:
    spec: ExperimentSpec
    method: Method
    space: Mapping[str, Dimension]

    def name_clashes(self) -> list[Problem]:
        """Parameters that a trial, which knows them by name alone, could not tell apart."""
        scheduler, optimizer = self.method.scheduler.code, self.method.optimizer.code
        names = {name for name, _ in params_of(self.method.schedule)}
        both = names & {name for name, _ in params_of(self.method.recipe)} | names & {LR}
        moved = set(self.space) | set(held_values(self.spec, self.method))
        return [
            Problem(f"{KEY}.{name}", MISSING, f"belongs to scheduler {scheduler} and also to optimizer {optimizer}")
            for name in sorted(both & moved)
        ]

    def located(self, code: str, problem: Problem, corner: Params) -> Problem:
        """`problem` under the key that the user can change."""
        name = problem.key
        override = override_of(self.spec, code, name) if self.spec.tuned else None
        written = f"{KEY}.{name}" if override is not None and override.code == "" else f"{KEY}.{code}.{name}"
        hints = [problem.hint] if problem.hint else []
        if name in self.space:
            span = self.space[name].span
            key = f"{written}.{'low' if corner[name] == span.low else 'high'}"
            value: object = corner[name]
            hints += [] if override is not None else ["a default range"]
        elif override is not None:
            key, value = written, problem.value
        elif name in self.spec.given.get(code, ()):
            key, value = f"methods.params.{code}.{name}", problem.value
        elif name == "infimum_lr":
            key, value = "training.infimum_lr", problem.value
        else:
            key, value = f"methods.params.{code}.{name}", problem.value
            hints.append("its default")
        if name == "infimum_lr" and LR in self.space:
            hints.append(f"the lowest lr of the search is {self.space[LR].span.low:g}")
        return Problem(key, value, problem.legal, "; ".join(hints))

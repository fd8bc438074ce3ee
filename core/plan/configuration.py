"""Everything that decides the points of a run but its seed, with every parameter resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.catalog import catalog
from core.component import Info, OptimizerRecipe, Schedule
from core.params import Horizon, params_of, resolve, scaled
from core.plan.space import Params, held_values, horizon_of
from core.spec.experiment import ExperimentSpec, Method
from core.spec.ranges import LR
from core.values import check_value


def configuration(spec: ExperimentSpec, method: Method, epochs: int, params: Params | None) -> dict[str, Any]:
    """The configuration of a run as plain data, which JSON can carry.

    Args:
        epochs: the budget.
        params: the values of a trial, None for the untuned method.
    """
    values = held_values(spec, method) | (params or {})
    lr = peak_lr(spec, method, values)
    schedule = schedule_of(spec, method, horizon_of(spec, method, epochs, lr), values)
    return {
        "task": _described(spec.task_info, spec.task),
        "model": _described(spec.model_info, spec.model),
        "optimizer": _described(method.optimizer, recipe_of(method, values)),
        "scheduler": _described(method.scheduler, schedule),
        "lr": lr,
        "batch_size": spec.batch_size,
        "epochs": epochs,
        "loss_bound": spec.training.loss_bound,
        "threads": spec.training.threads,
    }


def peak_lr(spec: ExperimentSpec, method: Method, values: Mapping[str, Any]) -> float:
    """The peak rate: 1 for LR-free optimizers, the rate among `values`, or else that of the training."""
    if method.optimizer.lr_free:
        return 1.0
    if LR in values:
        return float(values[LR])
    return spec.lr * (method.scheduler.untuned_lr_factor if spec.experiment.mode == "compare" else 1.0)


def schedule_of(spec: ExperimentSpec, method: Method, horizon: Horizon, values: Mapping[str, Any]) -> Schedule:
    """The schedule of a method with `values` found at training.epochs, carried to `horizon`."""
    schedule: Schedule = _with(method.schedule, values)
    if spec.compare.transfer == "relative":
        schedule = scaled(schedule, horizon.epochs / spec.training.epochs)
    return resolve(schedule, horizon)


def recipe_of(method: Method, values: Mapping[str, Any]) -> OptimizerRecipe:
    """The optimizer of a method with those of `values` that are its own."""
    recipe: OptimizerRecipe = _with(method.recipe, values)
    return recipe


def _with(part: Any, values: Mapping[str, Any]) -> Any:
    """`part` with those of `values` that are its own parameters."""
    own = {}
    for name, param in params_of(part):
        if name in values:
            own[name], problem = check_value(name, param, values[name])
            assert problem is None, f"a trial outside its bounds: {problem}"
    return dataclasses.replace(part, **own)


def identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the points of a run: its configuration without the places of the user's files."""
    return {
        key: {name: entry for name, entry in value.items() if name != "file"} if isinstance(value, dict) else value
        for key, value in config.items()
    }


def _described(info: Info, part: Any) -> dict[str, Any]:
    described = {"name": info.name, "params": {name: getattr(part, name) for name, _ in params_of(part)}}
    file = catalog().file_of(info)
    return described if file is None else described | {"file": str(file)}

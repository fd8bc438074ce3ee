"""From the configuration of a run to its task, model, optimizer and scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core.catalog import catalog
from core.component import (
    DataSet,
    ModelRecipe,
    OptimizerRecipe,
    Schedule,
    Split,
    TaskRecipe,
    parameters_class,
)
from core.errors import SpecError
from core.lr_scheduler import ScheduleLR
from core.trainer.seeding import generator, seed_global
from core.values import parse


@dataclass(slots=True)
class DataCache:
    """The data sets that this worker holds, by task and device; a worker trains many runs on the same one."""

    data_dir: Path
    size: int = 2
    _held: dict[tuple[str, str], DataSet] = field(default_factory=dict)

    def get(self, key: str, task: TaskRecipe, device: torch.device) -> DataSet:
        held = self._held.pop((key, str(device)), None)
        if held is None:
            data = task.load(self.data_dir)
            held = DataSet(
                inputs=data.inputs.to(device),
                targets=data.targets.to(device),
                shape=data.shape,
                checksum=data.checksum,
            )
        self._held[key, str(device)] = held
        while len(self._held) > self.size:
            del self._held[next(iter(self._held))]
        return held


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything one run trains with, on its device."""

    task: TaskRecipe
    data: DataSet
    split: Split
    model: torch.nn.Module
    recipe: OptimizerRecipe
    lr_free: bool
    optimizer: torch.optim.Optimizer
    scheduler: ScheduleLR
    tick: str


def assemble(config: Mapping[str, Any], cache: DataCache, device: torch.device) -> Parts:
    """Build the parts of a run; the same configuration gives the same parts, to the bit.

    Raises:
        UsageError: a component is not there (a plug-in folder was not named) or refuses its parameters.
    """
    shelves = catalog()
    task_info, task = _part(shelves.tasks.get(config["task"]["name"]), config["task"]["params"])
    _, model_recipe = _part(shelves.models.get(config["model"]["name"]), config["model"]["params"])
    optimizer_info, recipe = _part(shelves.optimizers.get(config["optimizer"]["name"]), config["optimizer"]["params"])
    scheduler_info, schedule = _part(shelves.schedulers.get(config["scheduler"]["name"]), config["scheduler"]["params"])
    assert isinstance(task, TaskRecipe)
    assert isinstance(model_recipe, ModelRecipe)
    assert isinstance(recipe, OptimizerRecipe)
    assert isinstance(schedule, Schedule)
    seed = config["seed"]
    data = cache.get(f"{task_info.name} {task}", task, device)
    split = task.partition(data, generator(seed, "split"))
    seed_global(seed, "weights")
    model = model_recipe.build(data.shape).to(device)
    optimizer = recipe.build(model.parameters(), config["lr"])
    scheduler = ScheduleLR(
        optimizer,
        schedule,
        epochs=config["epochs"],
        steps_per_epoch=-(-len(split.train) // config["batch_size"]),
    )
    return Parts(
        task=task,
        data=data,
        split=Split(train=split.train.to(device), validation=split.validation.to(device), test=split.test.to(device)),
        model=model,
        recipe=recipe,
        lr_free=optimizer_info.lr_free,
        optimizer=optimizer,
        scheduler=scheduler,
        tick=scheduler_info.tick,
    )


def _part(info: Any, params: Mapping[str, Any]) -> tuple[Any, Any]:
    part, problems = parse(parameters_class(info), {key: value for key, value in params.items() if value is not None})
    if problems:
        raise SpecError(f"configuration of {info.name}", problems)
    return info, part

"""From the configuration of a run to its task, model, optimizer and scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core.catalog import Shelf, catalog
from core.component import (
    DataSet,
    DataShape,
    LoaderTask,
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
from core.trainer.source import Source, TensorSource, loader_source
from core.values import parse


@dataclass(slots=True)
class DataCache:
    """The data sets that this worker holds, by task and device; a worker trains many runs on the same one."""

    data_dir: Path
    size: int = 2
    _held: dict[tuple[type[TaskRecipe], str, str], DataSet] = field(default_factory=dict)

    def get(self, key: str, task: TaskRecipe, device: torch.device) -> DataSet:
        place = (type(task), key, str(device))  # the class too: files of two users may call their tasks alike
        held = self._held.pop(place, None)
        if held is None:
            data = task.load(self.data_dir)
            held = DataSet(
                inputs=data.inputs.to(device),
                targets=data.targets.to(device),
                shape=data.shape,
                checksum=data.checksum,
            )
        self._held[place] = held
        while len(self._held) > self.size:
            del self._held[next(iter(self._held))]
        return held


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything one run trains with, on its device."""

    task: TaskRecipe
    source: Source
    checksum: str
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
    for entry in (config["task"], config["model"], config["optimizer"], config["scheduler"]):
        if "file" in entry:
            shelves.add_file(Path(entry["file"]))
    task_info, task = _part(shelves.tasks, config["task"])
    _, model_recipe = _part(shelves.models, config["model"])
    optimizer_info, recipe = _part(shelves.optimizers, config["optimizer"])
    scheduler_info, schedule = _part(shelves.schedulers, config["scheduler"])
    assert isinstance(task, TaskRecipe)
    assert isinstance(model_recipe, ModelRecipe)
    assert isinstance(recipe, OptimizerRecipe)
    assert isinstance(schedule, Schedule)
    seed = config["seed"]
    source, shape, checksum = _source(task, f"{task_info.name} {task}", config, cache, device)
    seed_global(seed, "weights")
    model = model_recipe.build(shape or DataShape(kind=task_info.kind)).to(device)
    optimizer = recipe.build(model.parameters(), config["lr"])
    scheduler = ScheduleLR(optimizer, schedule, epochs=config["epochs"], steps_per_epoch=source.steps)
    return Parts(
        task=task,
        source=source,
        checksum=checksum,
        model=model,
        recipe=recipe,
        lr_free=optimizer_info.lr_free,
        optimizer=optimizer,
        scheduler=scheduler,
        tick=scheduler_info.tick,
    )


def _source(
    task: TaskRecipe, key: str, config: Mapping[str, Any], cache: DataCache, device: torch.device
) -> tuple[Source, DataShape | None, str]:
    """The batches of a run, what its model must know of them, and the checksum of the data."""
    seed, batch_size = config["seed"], config["batch_size"]
    if isinstance(task, LoaderTask):
        seed_global(seed, "split")  # what the user draws without a generator of his own is drawn alike in every attempt
        loaders = task.loaders(cache.data_dir, batch_size, seed)
        return loader_source(task, loaders, batch_size, seed, device), loaders.shape, loaders.checksum
    data = cache.get(key, task, device)
    split = task.partition(data, generator(seed, "split"))
    placed = Split(train=split.train.to(device), validation=split.validation.to(device), test=split.test.to(device))
    return TensorSource(task, data, placed, batch_size, seed), data.shape, data.checksum


def _part(shelf: Shelf[Any], entry: Mapping[str, Any]) -> tuple[Any, Any]:
    info, params = shelf.get(entry["name"]), entry["params"]
    part, problems = parse(parameters_class(info), {key: value for key, value in params.items() if value is not None})
    if problems:
        raise SpecError(f"configuration of {info.name}", problems)
    return info, part

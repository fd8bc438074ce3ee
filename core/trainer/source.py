"""Where the batches of a run come from: tensors in memory, or the loaders of a task of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from core.component import DataSet, Loaders, LoaderTask, Split, TaskRecipe
from core.errors import UsageError
from core.trainer.seeding import generator

EVALUATION_BATCH = 2048

Batch = tuple[Any, Any, int]
"""Inputs and targets on the device, and how many samples they are."""


class Source(Protocol):
    """The batches of one run.

    Attributes:
        steps: batches of an epoch.
        validation_steps: batches of the validation; a smaller last one counts for its share.
        has_test: there is a test part.
    """

    @property
    def steps(self) -> int: ...

    @property
    def validation_steps(self) -> float: ...

    @property
    def has_test(self) -> bool: ...

    def train(self, epoch: int) -> Iterator[Batch]:
        """The training part in the order of an epoch, augmented."""
        ...

    def validation(self) -> Iterator[Batch]: ...

    def test(self) -> Iterator[Batch]: ...


@dataclass(slots=True)
class TensorSource:
    """Batches are indices into tensors that lie on the device."""

    task: TaskRecipe
    data: DataSet
    split: Split
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        return -(-len(self.split.train) // self.batch_size)

    @property
    def validation_steps(self) -> float:
        size = len(self.split.validation)
        return size / min(size, EVALUATION_BATCH) if size else 0.0

    @property
    def has_test(self) -> bool:
        return len(self.split.test) > 0

    def train(self, epoch: int) -> Iterator[Batch]:
        train = self.split.train
        order = torch.randperm(len(train), generator=generator(self.seed, "order", epoch)).to(train.device)
        chance = generator(self.seed, "augment", epoch, device=train.device)
        for batch in torch.split(train[order], self.batch_size):
            inputs = self.task.prepare(self.task.augment(self.data.inputs[batch], chance))
            yield inputs, self.data.targets[batch], len(batch)

    def validation(self) -> Iterator[Batch]:
        return self._in_order(self.split.validation)

    def test(self) -> Iterator[Batch]:
        return self._in_order(self.split.test)

    def _in_order(self, samples: torch.Tensor) -> Iterator[Batch]:
        for batch in torch.split(samples, EVALUATION_BATCH):
            yield self.task.prepare(self.data.inputs[batch]), self.data.targets[batch], len(batch)


@dataclass(slots=True)
class LoaderSource:
    """Batches of the user's own loaders, moved to the device."""

    task: LoaderTask
    loaders: Loaders
    seed: int
    device: torch.device

    @property
    def steps(self) -> int:
        return len(self.loaders.train)

    @property
    def validation_steps(self) -> float:
        return len(self.loaders.validation)

    @property
    def has_test(self) -> bool:
        return self.loaders.test is not None

    def train(self, epoch: int) -> Iterator[Batch]:
        # The global generators have been seeded for the epoch; a generator of the loader's own would otherwise go on
        # from wherever it was, which no checkpoint knows.
        loader = self.loaders.train
        batches = getattr(loader, "batch_sampler", None)
        for owner in (loader, getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
            own = getattr(owner, "generator", None)
            if isinstance(own, torch.Generator):
                own.manual_seed(generator(self.seed, "order", epoch).initial_seed())
        return self._moved(self.loaders.train)

    def validation(self) -> Iterator[Batch]:
        return self._moved(self.loaders.validation)

    def test(self) -> Iterator[Batch]:
        return self._moved(self.loaders.test)

    def _moved(self, loader: Any) -> Iterator[Batch]:
        for batch in loader:
            inputs, targets = self.task.unpack(batch)
            yield _to(inputs, self.device), _to(targets, self.device), _size(targets, inputs)


def loader_source(task: LoaderTask, loaders: Loaders, batch_size: int, seed: int, device: torch.device) -> LoaderSource:
    """The source of a task with loaders of its own.

    Raises:
        UsageError: a loader has no length or no batches; or an epoch has another number of batches than `train_size`
            promises, so that a schedule by steps would not end where the run ends.
    """
    size = task.train_size()
    found = _batches(task, "train", loaders.train)
    _batches(task, "validation", loaders.validation)
    planned = -(-size // batch_size)
    if planned != found:
        raise UsageError(
            f"{type(task).__name__}.train_size() = {size} makes {planned} batches of {batch_size}, but the loader has "
            f"{found}: train_size must be the number of samples of an epoch, and the last batch must not be dropped"
        )
    return LoaderSource(task, loaders, seed, device)


def _batches(task: LoaderTask, part: str, loader: Any) -> int:
    name = f"{type(task).__name__}.loaders(): {part}"
    try:
        number = len(loader)
    except TypeError as error:
        raise UsageError(f"{name} must have a length, its number of batches: {error}") from error
    if number == 0:
        raise UsageError(f"{name} has no batches")
    return number


def _to(value: Any, device: torch.device) -> Any:
    """`value` with every tensor in it on the device."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: _to(item, device) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        moved = [_to(item, device) for item in value]
        return type(value)(*moved) if hasattr(value, "_fields") else type(value)(moved)
    return value


def _size(*values: Any) -> int:
    """Samples of a batch: the length of the first tensor in it."""
    for value in values:
        if isinstance(value, torch.Tensor):
            return len(value) if value.dim() else 1
        inner: Sequence[Any] = ()
        if isinstance(value, dict):
            inner = list(value.values())
        elif isinstance(value, (list, tuple)):
            inner = value
        if inner and (size := _size(*inner)):
            return size
    return 0

"""Tasks: data, loss and metrics, and the record of a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.component.model import DataKind, DataShape
from core.component.record import Record
from core.errors import Problem

if TYPE_CHECKING:
    import torch

    from core.tasks.stored import StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set in memory: one row per sample, on the CPU; the trainer moves it to the device once.

    Attributes:
        inputs: tensor [samples, …] as it is kept on the device; `TaskRecipe.prepare` makes a model's input of it.
        targets: tensor [samples, …].
        shape: what the model must know.
        checksum: SHA-256 of the data, recorded with the run.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    shape: DataShape
    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which samples serve for what: three disjoint index tensors; `test` may be empty."""

    train: torch.Tensor
    validation: torch.Tensor
    test: torch.Tensor


class TaskRecipe:
    """Base of a task: a frozen dataclass of declared parameters that gives data, split, loss and metrics.

    This one keeps its data in memory; `LoaderTask` is for data that come from a DataLoader.
    """

    __slots__ = ()

    def check(self) -> list[Problem]:
        """What makes these parameters impossible together, keyed by parameter name."""
        return []

    def train_size(self) -> int:
        """Number of training samples, known before any data is loaded (it fixes the steps of an epoch)."""
        raise NotImplementedError

    def load(self, data_dir: Path) -> DataSet:
        """The whole data set, from `data_dir` where it is cached, else downloaded or generated."""
        raise NotImplementedError

    def files(self, data_dir: Path) -> Iterable[StoredFile] | None:
        """What lies in `data_dir` for this task, compared with its checksums, for ``hlr-tui data``.

        None stands for every file with a ``.sha256`` beside it (see `core.tasks.stored`) in the folder that has the
        task's name; a task that keeps its data in another way says which files are there.
        """
        return None

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """Training, validation and test samples; a random part is drawn from `generator` (CPU)."""
        raise NotImplementedError

    def augment(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """A training batch of stored inputs, changed at random; `generator` is on the device of `inputs`."""
        return inputs

    def prepare(self, inputs: torch.Tensor) -> torch.Tensor:
        """The model's input for a batch of stored inputs: where images are kept as bytes, the floats of them."""
        return inputs

    def predict(self, model: torch.nn.Module, inputs: Any) -> Any:
        """What the model says to the inputs of a batch."""
        return model(inputs)

    def loss(self, outputs: Any, targets: Any) -> torch.Tensor:
        """Mean training loss of a batch, a scalar tensor."""
        raise NotImplementedError

    def metrics(self, outputs: Any, targets: Any) -> Mapping[str, torch.Tensor]:
        """Further means over a batch, scalar tensors by name (``accuracy``); recorded as ``val_…`` and ``test_…``."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaders:
    """The batches of a `LoaderTask`: anything with a length that can be iterated again and again.

    Attributes:
        train, validation: as a rule a `torch.utils.data.DataLoader`.
        test: measured at the best validation epoch; None where there is no test part.
        shape: what the model's recipe is told of the data.
        checksum: of the data, recorded with the experiment; "" where nobody has computed one.
    """

    train: Any
    validation: Any
    test: Any = None
    shape: DataShape | None = None
    checksum: str = ""


class LoaderTask(TaskRecipe):
    """Base of a task whose batches come from the user's own DataLoader."""

    __slots__ = ()

    def loaders(self, data_dir: Path, batch_size: int, seed: int) -> Loaders:
        """The loaders of one run.

        Before every epoch the global generators of torch, numpy and Python, and the loader's own generator if it has
        one, are seeded from the run's seed and the epoch: a loader that draws from these gives the same batches however
        often the run was interrupted. A random split is the same for equal `seed`.
        """
        raise NotImplementedError

    def unpack(self, batch: Any) -> tuple[Any, Any]:
        """Inputs and targets of what a loader gives; both may be tensors, or lists, tuples and dicts of tensors."""
        inputs, targets = batch
        return inputs, targets


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo(Record):
    """The record of a task.

    Attributes:
        name, summary, reference: as for `SchedulerInfo`.
        kind: the kind of its data; every model of that kind fits.
        model: name of the default model.
        lr: default peak learning rate.
        batch_size: default batch size.
        installed_with: the package that brings the data with it, "" where they lie in the data folder.
        recipe: the class of its parameters.
    """

    name: str
    code: str = ""
    kind: DataKind
    summary: str = ""
    reference: str = ""
    model: str
    lr: float = 0.01
    batch_size: int = 64
    installed_with: str = ""
    recipe: type[TaskRecipe]

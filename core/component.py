"""What a scheduler, an optimizer, a model and a task are: the public interface for parts of one's own.

Each part is one file that ends in one record: ``SCHEDULER``, ``OPTIMIZER``, ``MODEL`` or ``TASK``. Importing such a
file must be cheap: torch and numpy are imported inside the methods that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.errors import Problem
from core.params import Horizon, Tick, resolve

if TYPE_CHECKING:
    import torch

DataKind = Literal["image", "sequence", "function"]


class Schedule:
    """Base of a schedule: a frozen dataclass of declared parameters with a value at every tick.

    A subclass gives `lr`; it may give `momentum` and `check`. They see resolved parameters: no default that depends on
    the horizon is None any more.
    """

    __slots__ = ()

    def lr(self, tick: float, horizon: Horizon) -> float:
        """Learning rate in force at `tick`, 0 <= tick <= horizon.total; a pure function of its arguments."""
        raise NotImplementedError

    def momentum(self, tick: float, horizon: Horizon) -> float | None:
        """Momentum (beta1 for Adam and its kin) at `tick`, None where the schedule leaves it alone."""
        return None

    def check(self, horizon: Horizon) -> list[Problem]:
        """What makes these parameters impossible on this horizon, keyed by parameter name."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerInfo:
    """The record of a scheduler.

    Attributes:
        name: lower_snake_case, unique.
        code: the short code of tables and study names, unique.
        family: heading under which the schedulers are grouped.
        tick: the unit in which it advances.
        summary: one line for lists and forms.
        reference: paper or documentation that defines it.
        schedule: the class of its parameters and formula.
        untuned_lr_factor: factor on `training.lr` where methods are compared at default parameters.
    """

    name: str
    code: str
    family: str
    tick: Tick
    summary: str
    reference: str
    schedule: type[Schedule]
    untuned_lr_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Trace:
    """A schedule bound to its horizon; holds its last value past the end.

    Attributes:
        schedule: with every parameter resolved.
        horizon: the ticks it runs over.
    """

    schedule: Schedule
    horizon: Horizon

    @classmethod
    def of(cls, schedule: Schedule, horizon: Horizon) -> Trace:
        return cls(resolve(schedule, horizon), horizon)

    def lr(self, tick: float, *, base: float | None = None) -> float:
        """Learning rate at `tick` (held outside 0 … total) for a group whose peak rate is `base`."""
        horizon = self.horizon if base is None else Horizon(self.horizon.total, self.horizon.per_epoch, base)
        return self.schedule.lr(self._held(tick), horizon)

    def momentum(self, tick: float) -> float | None:
        return self.schedule.momentum(self._held(tick), self.horizon)

    def _held(self, tick: float) -> float:
        return min(max(tick, 0), self.horizon.total)


class OptimizerRecipe:
    """Base of an optimizer: a frozen dataclass of declared parameters that builds a torch optimizer."""

    __slots__ = ()

    def check(self) -> list[Problem]:
        """What makes these parameters impossible together, keyed by parameter name."""
        return []

    def build(self, parameters: Iterable[Any], lr: float) -> torch.optim.Optimizer:
        """The optimizer over `parameters` (tensors or parameter groups) with peak rate `lr`."""
        raise NotImplementedError

    def effective_lr(self, optimizer: torch.optim.Optimizer) -> float:
        """The rate that multiplies the update now: `lr`, and d·lr for LR-free optimizers."""
        return float(optimizer.param_groups[0]["lr"])


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerInfo:
    """The record of an optimizer.

    Attributes:
        name, code, summary, reference: as for `SchedulerInfo`.
        family: "adaptive", "momentum" or "lr-free".
        recipe: the class of its parameters.
        lr_free: it finds its own learning rate: trained at lr = 1 without a schedule.
    """

    name: str
    code: str
    family: str
    summary: str
    reference: str
    recipe: type[OptimizerRecipe]
    lr_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataShape:
    """What a model must know of its data.

    Attributes:
        kind: which models fit: "image", "sequence" or "function".
        inputs: shape of one input without the batch dimension.
        outputs: shape of one output without the batch dimension ((classes,) for classification).
    """

    kind: DataKind
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class ModelRecipe:
    """Base of a model: a frozen dataclass of declared parameters that builds a torch module."""

    __slots__ = ()

    def check(self) -> list[Problem]:
        """What makes these parameters impossible together, keyed by parameter name."""
        return []

    def build(self, shape: DataShape) -> torch.nn.Module:
        """The network, initialised from torch's global generator (the trainer seeds it)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """The record of a model; `kind` is the kind of data it takes."""

    name: str
    code: str
    kind: DataKind
    summary: str
    reference: str
    recipe: type[ModelRecipe]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set in memory: one row per sample, on the CPU; the trainer moves it to the device once.

    Attributes:
        inputs: float tensor [samples, …].
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
    """Base of a task: a frozen dataclass of declared parameters that gives data, split, loss and metrics."""

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

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """Training, validation and test samples; a random part is drawn from `generator` (CPU)."""
        raise NotImplementedError

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean training loss of a batch, a scalar tensor."""
        raise NotImplementedError

    def metrics(self, outputs: torch.Tensor, targets: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """Further means over a batch, scalar tensors by name (``accuracy``); recorded as ``val_…`` and ``test_…``."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """The record of a task.

    Attributes:
        name, summary, reference: as for `SchedulerInfo`.
        kind: the kind of its data; every model of that kind fits.
        model: name of the default model.
        lr: default peak learning rate.
        batch_size: default batch size.
        recipe: the class of its parameters.
    """

    name: str
    code: str
    kind: DataKind
    summary: str
    reference: str
    model: str
    lr: float
    batch_size: int
    recipe: type[TaskRecipe]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """A metric that runs record: its name and the direction in which it gets better ("none" for a mere reading)."""

    name: str
    code: str
    summary: str
    direction: Literal["minimize", "maximize", "none"]
    reference: str = ""


Info = SchedulerInfo | OptimizerInfo | ModelInfo | TaskInfo


def parameters_class(info: Info) -> type:
    """The dataclass that carries the parameters of a component."""
    return info.schedule if isinstance(info, SchedulerInfo) else info.recipe

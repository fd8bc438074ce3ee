"""Models, their record, and what they must know of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component.record import Record
from core.errors import Problem

if TYPE_CHECKING:
    import torch

DataKind = str
"""A word that tasks and models share: every model of a task's kind fits it.

The kinds of the built-in parts, with the shapes of one input and one output:

* ``image``: float [channels, height, width] → [classes]
* ``sequence``: float [time, features] → [time, features]
* ``function``: float [m], the values of a function at m points spread evenly over [0, 1] → [n], likewise of another
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataShape:
    """What a model must know of its data.

    Attributes:
        kind: which models fit, see `DataKind`.
        inputs: shape of one input of the model without the batch dimension; () where the task does not say.
        outputs: shape of one output without the batch dimension ((classes,) for classification).
    """

    kind: DataKind
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()


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
class ModelInfo(Record):
    """The record of a model; `kind` is the kind of data it takes."""

    name: str
    code: str = ""
    kind: DataKind
    summary: str = ""
    reference: str = ""
    recipe: type[ModelRecipe]

"""Which parameters a search of a method moves and where, and which ones [optimize.search] holds still."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.params import Horizon, Param, Range, Real, Whole, params_of, resolve
from core.spec.experiment import ExperimentSpec, Method
from core.spec.ranges import LR, Override

Owner = Literal["training", "scheduler", "optimizer"]
Params = dict[str, float]
"""Values by parameter name, as a trial carries them."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One searched parameter.

    Attributes:
        owner: what the parameter belongs to.
        span: where to look, with numbers for low and high.
        whole: it is an integer.
    """

    owner: Owner
    span: Range
    whole: bool


def search_space(spec: ExperimentSpec, method: Method) -> dict[str, Dimension]:
    """The parameters that a search of `method` moves, in a stable order: lr first.

    What says where to look, the first that speaks: [optimize.search.CODE], [methods.params.CODE] (which takes the
    parameter out of the search), [optimize.search] for all parts, the declaration.
    """
    horizon = horizon_of(spec, method, spec.training.epochs, spec.lr)
    space: dict[str, Dimension] = {}
    for owner, code, part in _parts(spec, method):
        part = resolve(part, horizon)
        for name, param in _searchable(owner, part):
            override = override_of(spec, code, name)
            if override is not None:
                span = override.span
            elif name in spec.given.get(code, ()) or param.search is None:
                continue
            else:
                span = param.search.resolve(part, horizon)
            if span is not None and span.low < span.high:
                space[name] = Dimension(owner, span, isinstance(param, Whole))
    return space


def held_values(spec: ExperimentSpec, method: Method) -> Params:
    """The values that [optimize.search] fixes; none in the modes that train untuned methods."""
    if not spec.tuned:
        return {}
    held: Params = {}
    for owner, code, part in _parts(spec, method):
        for name, _ in _searchable(owner, part):
            override = override_of(spec, code, name)
            if override is not None and override.value is not None:
                held[name] = override.value
    return held


def override_of(spec: ExperimentSpec, code: str, name: str) -> Override | None:
    """What [optimize.search] says of the parameter of a part ("" is the training), None where that has no say."""
    found = {override.code: override for override in spec.search if override.name == name}
    if code in found:
        return found[code]
    return None if name in spec.given.get(code, ()) else found.get("")


def horizon_of(spec: ExperimentSpec, method: Method, epochs: int, lr: float) -> Horizon:
    return Horizon.of(epochs=epochs, lr=lr, tick=method.scheduler.tick, steps_per_epoch=spec.steps_per_epoch)


def corners(space: Mapping[str, Dimension]) -> Iterator[Params]:
    """The extreme values of a search space, in every combination, the lowest first."""
    ends = [(dimension.span.low, dimension.span.high) for dimension in space.values()]
    for values in itertools.product(*ends):
        yield dict(zip(space, values, strict=True))


def _parts(spec: ExperimentSpec, method: Method) -> Iterable[tuple[Owner, str, Any]]:
    if not method.optimizer.lr_free:
        yield "training", "", spec.training
    yield "scheduler", method.scheduler.code, method.schedule
    yield "optimizer", method.optimizer.code, method.recipe


def _searchable(owner: Owner, part: Any) -> Iterator[tuple[str, Whole | Real]]:
    param: Param
    for name, param in params_of(part):
        if isinstance(param, (Whole, Real)) and (owner != "training" or name == LR):
            yield name, param

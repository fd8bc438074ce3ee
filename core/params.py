"""Declared parameters: kind, bounds, search range and help, written once and read by everything else.

A component (a scheduler, optimizer, model or task) and a section of the spec are frozen keyword-only dataclasses
whose fields are made by the functions below. Bounds say what is legal; a search range says where to look by default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Tick = Literal["epoch", "step"]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far a run goes, in the ticks of its scheduler.

    Attributes:
        total: ticks from the first to the last update; the schedule is defined on 0 … total.
        per_epoch: ticks in one epoch: 1 for schedulers that advance by epoch, steps per epoch for the others.
        lr: peak learning rate (of one parameter group).
    """

    total: int
    per_epoch: int
    lr: float

    @classmethod
    def of(cls, *, epochs: int, lr: float, tick: Tick = "epoch", steps_per_epoch: int = 1) -> Horizon:
        """The horizon of `epochs` epochs for a scheduler that advances by `tick`."""
        per_epoch = steps_per_epoch if tick == "step" else 1
        return cls(total=epochs * per_epoch, per_epoch=per_epoch, lr=lr)

    @property
    def epochs(self) -> int:
        return self.total // self.per_epoch


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that depends on the horizon: ``derived("max(1, epochs // 10)", lambda p, h: max(1, h.epochs // 10))``.

    Attributes:
        text: the formula as documentation shows it.
        value: the formula; it gets the component (fields declared earlier are resolved) and the horizon.
    """

    text: str
    value: Callable[[Any, Horizon], Any]


def derived(text: str, value: Callable[[Any, Horizon], Any]) -> Derived:
    """Declare a default or a search bound that depends on the horizon."""
    return Derived(text, value)


@dataclass(frozen=True, slots=True)
class Range:
    """low … high inclusive, on a grid of `step` from low or on a log scale."""

    low: float
    high: float
    step: float | None = None
    log: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Where a search looks by default: a `Range` whose ends may depend on the horizon."""

    low: float | Derived
    high: float | Derived
    step: float | None = None
    log: bool = False

    def resolve(self, component: Any, horizon: Horizon) -> Range:
        """The range on one horizon."""

        def number(bound: float | Derived) -> float:
            return bound.value(component, horizon) if isinstance(bound, Derived) else bound

        return Range(number(self.low), number(self.high), self.step, self.log)


def span(low: float | Derived, high: float | Derived, *, step: float | None = None, log: bool = False) -> Span:
    """Declare a search range."""
    return Span(low, high, step, log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An integer in [low, high]."""

    default: int | Derived | None
    help: str
    low: int | None = None
    high: int | None = None
    search: Span | None = None
    word: str = ""
    """A word that stands for None, the value that the program chooses ("auto")."""
    in_ticks: bool = False
    """Counted in ticks or epochs, so that `transfer = "relative"` scales it with the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A finite float in [low, high]; `above` and `below` are the open ends."""

    default: float | Derived | None
    help: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    search: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One word out of `options`."""

    default: str | None
    help: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """true or false."""

    default: bool
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A word; `pattern` is a regular expression that it must match in full, `legal` says the same in words."""

    default: str | None
    help: str
    pattern: str = ""
    legal: str = "must be a text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wholes:
    """A list of distinct integers in [low, high]; where `count` is set, a single number n means 1 … n."""

    default: tuple[int, ...]
    help: str
    low: int = 0
    high: int | None = None
    count: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A list of distinct words, whose meaning the reader of the section checks; "all" where `all_of` is set."""

    default: tuple[str, ...]
    help: str
    kind: str
    """What the words name: a catalogue ("schedulers")."""


Param = Whole | Real | Choice | Flag | Text | Wholes | Words

_KEY = "param"


def _field(param: Param) -> Any:
    default = getattr(param, "default")
    if isinstance(default, Derived):
        default = None
    return dataclasses.field(default=default, metadata={_KEY: param})


def whole(
    default: int | Derived | None,
    *,
    help: str,
    low: int | None = None,
    high: int | None = None,
    search: Span | None = None,
    in_ticks: bool = False,
    word: str = "",
) -> Any:
    """Declare an integer field; see `Whole`."""
    return _field(Whole(default=default, help=help, low=low, high=high, search=search, in_ticks=in_ticks, word=word))


def real(
    default: float | Derived | None,
    *,
    help: str,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    search: Span | None = None,
) -> Any:
    """Declare a float field; see `Real`."""
    return _field(Real(default=default, help=help, low=low, high=high, above=above, below=below, search=search))


def choice(default: str | None, *options: str, help: str) -> Any:
    """Declare a field that is one of `options`; see `Choice`."""
    return _field(Choice(default=default, help=help, options=options))


def flag(default: bool, *, help: str) -> Any:
    """Declare a true/false field; see `Flag`."""
    return _field(Flag(default=default, help=help))


def text(default: str | None, *, help: str, pattern: str = "", legal: str = "must be a text") -> Any:
    """Declare a text field; see `Text`."""
    return _field(Text(default=default, help=help, pattern=pattern, legal=legal))


def wholes(default: tuple[int, ...], *, help: str, low: int = 0, high: int | None = None, count: bool = False) -> Any:
    """Declare a field that is a list of integers; see `Wholes`."""
    return _field(Wholes(default=default, help=help, low=low, high=high, count=count))


def words(default: tuple[str, ...], *, kind: str, help: str) -> Any:
    """Declare a field that is a list of words; see `Words`."""
    return _field(Words(default=default, kind=kind, help=help))


def params_of(component: Any) -> Iterator[tuple[str, Param]]:
    """Name and declaration of each parameter of a component (class or instance), in order of declaration."""
    for field in dataclasses.fields(component):
        param = field.metadata.get(_KEY)
        if param is not None:
            yield field.name, param


T = TypeVar("T")


def resolve(component: T, horizon: Horizon) -> T:
    """`component` with every value that depends on the horizon filled in; values that were given stay."""
    for name, param in params_of(component):
        default = getattr(param, "default")
        if isinstance(default, Derived) and getattr(component, name) is None:
            component = dataclasses.replace(component, **{name: default.value(component, horizon)})  # type: ignore[type-var]
    return component


def scaled(component: T, ratio: float) -> T:
    """`component` with every value counted in ticks multiplied by `ratio` (at least 1): how parameters found at one
    budget are carried to another one under ``transfer = "relative"``."""
    changes = {
        name: max(1, round(getattr(component, name) * ratio))
        for name, param in params_of(component)
        if isinstance(param, Whole) and param.in_ticks and getattr(component, name) is not None
    }
    return dataclasses.replace(component, **changes)  # type: ignore[type-var]

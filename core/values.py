"""What a user wrote against what is declared: values of the right type and within their bounds, or problems."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar, assert_never

from core.errors import Problem, did_you_mean, show
from core.params import Choice, Flag, Param, Real, Text, Whole, Wholes, Words, params_of

T = TypeVar("T")

MOST_ITEMS = 1000
"""Longest list of integers: beyond it a mistyped count would fill the memory before anything else is checked."""


def parse(cls: type[T], values: Mapping[str, object]) -> tuple[T | None, list[Problem]]:
    """Build `cls` from what a user wrote.

    Returns:
        The component and no problems, or None and every problem, keyed by the bare parameter name.
    """
    declared = dict(params_of(cls))
    problems: list[Problem] = []
    given: dict[str, Any] = {}
    for key, value in values.items():
        if key not in declared:
            known = "must be one of " + ", ".join(declared) if declared else "there are no parameters here"
            problems.append(Problem(key, value, f"unknown key; {known}", did_you_mean(key, declared)))
            continue
        checked, problem = check_value(key, declared[key], value)
        if problem is not None:
            problems.append(problem)
        else:
            given[key] = checked
    return (None, problems) if problems else (cls(**given), [])


def check_value(key: str, param: Param, value: object) -> tuple[Any, Problem | None]:
    """`value` as the type that `param` declares, or the problem with it."""
    match param:
        case Whole():
            if param.word and value == param.word:
                return None, None
            if isinstance(value, bool) or not isinstance(value, int):
                if not (isinstance(value, float) and value.is_integer()):
                    return None, Problem(key, value, f"must be {_or_word(param)}a whole number{_and_range(param)}")
                value = int(value)
            return _in_range(key, param, value)
        case Real():
            number = _finite(value)
            if number is None:
                return None, Problem(key, value, f"must be a finite number{_and_range(param)}")
            return _in_range(key, param, number)
        case Choice():
            if not isinstance(value, str) or value not in param.options:
                hint = did_you_mean(value, param.options) if isinstance(value, str) else ""
                return None, Problem(key, value, "must be one of " + ", ".join(param.options), hint)
            return value, None
        case Flag():
            if not isinstance(value, bool):
                return None, Problem(key, value, "must be true or false")
            return value, None
        case Text():
            if not isinstance(value, str) or (param.pattern and not re.fullmatch(param.pattern, value)):
                return None, Problem(key, value, param.legal)
            return value, None
        case Wholes():
            return _check_wholes(key, param, value)
        case Words():
            return _check_words(key, param, value)
        case _:
            assert_never(param)


def _in_range(key: str, param: Whole | Real, value: float) -> tuple[Any, Problem | None]:
    above = param.above if isinstance(param, Real) else None
    below = param.below if isinstance(param, Real) else None
    outside = (
        (param.low is not None and value < param.low)
        or (param.high is not None and value > param.high)
        or (above is not None and value <= above)
        or (below is not None and value >= below)
    )
    return (None, Problem(key, value, f"must be {legal_range(param)}")) if outside else (value, None)


def legal_range(param: Whole | Real) -> str:
    """The bounds in words: ``>= 1``, ``> 0 and < 1``; "" where there are none."""
    parts = []
    if param.low is not None:
        parts.append(f">= {_bound(param.low)}")
    if isinstance(param, Real) and param.above is not None:
        parts.append(f"> {_bound(param.above)}")
    if param.high is not None:
        parts.append(f"<= {_bound(param.high)}")
    if isinstance(param, Real) and param.below is not None:
        parts.append(f"< {_bound(param.below)}")
    return " and ".join(parts)


def _bound(value: float) -> str:
    """A bound to the last digit, short where it is round: 4294967295, 1e9, 1e-6."""
    text = f"{value:g}"
    if float(text) != value:
        return str(value)
    mantissa, letter, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if letter else text


def _finite(value: object) -> float | None:
    """`value` as a finite float, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        return None
    return number if math.isfinite(number) else None


def _or_word(param: Whole) -> str:
    return f'"{param.word}" or ' if param.word else ""


def _and_range(param: Whole | Real) -> str:
    bounds = legal_range(param)
    return f" {bounds}" if bounds else ""


def _check_wholes(key: str, param: Wholes, value: object) -> tuple[Any, Problem | None]:
    item_param = Whole(default=None, help="", low=param.low, high=param.high)
    legal = f"must be a list of distinct whole numbers{_and_range(item_param)}"
    if param.count:
        legal += f", or a count from 1 to {MOST_ITEMS}: n means 1 … n"
        if isinstance(value, int) and not isinstance(value, bool):
            return (
                (tuple(range(1, value + 1)), None) if 1 <= value <= MOST_ITEMS else (None, Problem(key, value, legal))
            )
    if not isinstance(value, (list, tuple)):
        return None, Problem(key, value, legal)
    if not value:
        return None, Problem(key, value, legal, "it is empty")
    if len(value) > MOST_ITEMS:
        return None, Problem(key, value, legal, f"at most {MOST_ITEMS} of them")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, int) or _in_range(key, item_param, item)[1] is not None:
            return None, Problem(key, value, legal, f"{show(item)} is not")
    twice = next((item for index, item in enumerate(value) if item in value[:index]), None)
    if twice is not None:
        return None, Problem(key, value, legal, f"{show(twice)} stands twice")
    return tuple(value), None


def _check_words(key: str, param: Words, value: object) -> tuple[Any, Problem | None]:
    legal = f'must be a list of names of {param.kind}, or "all"'
    if value == "all":
        return ("all",), None
    if isinstance(value, str):
        return None, Problem(key, value, legal, f"write [{show(value)}]")
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        return None, Problem(key, value, legal)
    twice = next((item for index, item in enumerate(value) if item in value[:index]), None)
    if twice is not None:
        return None, Problem(key, value, legal, f"{show(twice)} stands twice")
    return tuple(value), None

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.params import Real, Whole, choice, flag, params_of, real, text, whole, wholes, words
from core.values import MOST_ITEMS, check_value, legal_range, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    size: int = whole(3, low=1, high=9, help="a")
    workers: int | None = whole(None, low=1, word="auto", help="b")
    rate: float = real(0.1, above=0.0, below=1.0, help="c")
    mode: str = choice("fast", "fast", "slow", help="d")
    on: bool = flag(True, help="e")
    word: str | None = text(None, pattern="[a-z]+", legal="must be lower case", help="f")
    seeds: tuple[int, ...] = wholes((1,), low=0, high=99, count=True, help="g")
    budgets: tuple[int, ...] = wholes((), low=1, help="h")
    names: tuple[str, ...] = words(("all",), kind="parts", help="i")


PARAMS = dict(params_of(Sample))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("size", 9, 9),
        ("size", 4.0, 4),
        ("workers", "auto", None),
        ("workers", 2, 2),
        ("rate", 0.5, 0.5),
        ("rate", 1e-300, 1e-300),
        ("mode", "slow", "slow"),
        ("on", False, False),
        ("word", "abc", "abc"),
        ("seeds", 3, (1, 2, 3)),
        ("seeds", MOST_ITEMS, tuple(range(1, MOST_ITEMS + 1))),
        ("seeds", [3, 0, 99], (3, 0, 99)),
        ("budgets", [50, 100], (50, 100)),
        ("names", "all", ("all",)),
        ("names", ["x", "y"], ("x", "y")),
        ("names", [], ()),
    ],
)
def test_a_legal_value_gets_the_declared_type(name: str, value: object, expected: object) -> None:
    checked, problem = check_value(name, PARAMS[name], value)
    assert problem is None
    assert checked == expected
    assert type(checked) is type(expected)
    assert parse(Sample, {name: value}) == (Sample(**{name: expected}), [])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("size", [0, 10, 2.5, True, "3", None, math.nan, math.inf, 10**400, [3]]),
        ("workers", [0, "automatic", True]),
        ("rate", [0, 1, True, "0.5", math.nan, math.inf, -math.inf, 10**400, None]),
        ("mode", ["Fast", "", 1, None, ["fast"]]),
        ("on", [0, 1, "true", None]),
        ("word", ["", "Abc", "abc\n", 3]),
        ("seeds", [0, -1, MOST_ITEMS + 1, True, [], [1, 1], [100], [1.0], [True], "3", {"a": 1}]),
        ("budgets", [5, [0], list(range(1, MOST_ITEMS + 2))]),
        ("names", ["x", ["x", "x"], [1], 3]),
    ],
)
def test_an_illegal_value_is_a_problem_that_names_it(name: str, values: list[Any]) -> None:
    for value in values:
        checked, problem = check_value("a.key", PARAMS[name], value)
        assert checked is None
        assert problem is not None
        assert (problem.key, problem.value) == ("a.key", value)
        assert problem.legal.startswith("must be")
        assert parse(Sample, {name: value})[0] is None


def test_parsing_collects_every_problem_and_suggests_names() -> None:
    found, problems = parse(Sample, {"sise": 3, "rate": 7, "mode": "slo"})
    assert found is None
    assert [problem.key for problem in problems] == ["sise", "rate", "mode"]
    assert [problem.hint for problem in problems] == ['did you mean "size"?', "", 'did you mean "slow"?']


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        (Real(default=1.0, help="", above=0.0, high=1e9), "> 0 and <= 1e9"),
        (Real(default=1.0, help="", low=1e-6, below=0.123456789), ">= 1e-6 and < 0.123456789"),
        (Whole(default=1, help="", low=0, high=2**32 - 1), ">= 0 and <= 4294967295"),
        (Whole(default=1, help=""), ""),
    ],
)
def test_bounds_are_written_to_the_last_digit(param: Whole | Real, expected: str) -> None:
    assert legal_range(param) == expected


@given(st.floats(), st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_real_passes_exactly_within_its_bounds(value: float, low: float, below: float) -> None:
    _, problem = check_value("x", Real(default=0.0, help="", low=low, below=below), value)
    assert (problem is None) == (low <= value < below)

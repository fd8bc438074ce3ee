"""Where a step along a declared scale leads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import catalog
from core.component import SchedulerInfo
from core.params import Choice, Flag, Horizon, Real, Text, Whole, Wholes, params_of, resolve, span
from core.values import check_value
from hlr_tui.lab.scale import COARSE, FINE, Scale, on_grid, scale_of, turned

EVERY = [(info, name) for info in catalog().schedulers.all() for name, _ in params_of(info.schedule)]


def walk(param: Any, value: Any, scale: Scale | None, steps: str) -> list[Any]:
    """The values along some steps: > and < small, } and { large."""
    seen = []
    for step in steps:
        value = turned(param, value, 1 if step in ">}" else -1, scale, large=step in "{}")
        seen.append(value)
    return seen


def test_a_logarithmic_parameter_moves_by_round_factors() -> None:
    rate = Real(default=1e-6, help="", above=0.0, search=span(1e-7, 1e-4, log=True))
    scale = scale_of(rate, None, Horizon(50, 1, 0.01))
    assert walk(rate, 1e-6, scale, ">>>}}<") == [1.2e-6, 1.5e-6, 2e-6, 5e-6, 1e-5, 8e-6]
    assert walk(rate, 1.3e-6, scale, ">") == [1.5e-6]
    assert walk(rate, 1.3e-6, scale, "{") == [1e-6]


def test_a_linear_one_by_round_steps_of_its_search_range() -> None:
    bound = Whole(default=250, help="", low=1, search=span(200, 400, step=50))
    scale = scale_of(bound, None, Horizon(50, 1, 0.01))
    moved = walk(bound, 250, scale, "><}{")
    assert moved == [255, 250, 275, 250]
    assert all(type(value) is int for value in moved)


def test_a_step_keeps_out_the_binary_tail() -> None:
    share = Real(default=0.3, help="", low=0.0, high=1.0, search=span(0.1, 0.5))
    assert [str(x) for x in walk(share, 0.28, scale_of(share, None, Horizon(9, 1, 0.1)), ">>>>")] == [
        "0.29", "0.3", "0.31", "0.32",
    ]  # fmt: skip


def test_a_dial_stops_at_a_closed_bound_and_before_an_open_one() -> None:
    closed = Real(default=0.5, help="", low=0.0, high=1.0)
    opened = Real(default=0.5, help="", above=0.0, below=1.0)
    scale = Scale(0.0, 1.0, log=False)
    assert walk(closed, 0.97, scale, "}>")[-1] == 1.0
    assert walk(opened, 0.98, scale, ">}") == [0.98, 0.98]


def test_a_logarithmic_scale_can_reach_zero_where_zero_is_legal_and_come_back() -> None:
    rate = Real(default=1e-6, help="", low=0.0)
    scale = Scale(1e-9, 1e-3, log=True)
    assert walk(rate, 1e-12, scale, "<>") == [0.0, 1e-12]
    positive = Real(default=1e-6, help="", above=0.0)
    assert walk(positive, 1e-12, scale, "<") == [1e-12]


def test_words_flags_and_lists() -> None:
    word = Choice(default="a", help="", options=("a", "b", "c"))
    assert walk(word, "a", None, ">><<<") == ["b", "c", "b", "a", "c"]
    assert walk(Flag(default=True, help=""), True, None, "><") == [False, True]
    assert walk(Text(default="x", help=""), "x", None, ">") == ["x"]
    budgets = Wholes(default=(50, 200), help="", low=1, high=10_000)
    assert walk(budgets, (50, 200), None, ">}") == [(50, 250), (50, 500)]
    assert walk(budgets, (50, 60), None, "<<") == [(50, 60), (50, 60)]  # 50 twice would not be legal


@pytest.mark.parametrize(("info", "name"), EVERY, ids=lambda part: getattr(part, "code", part))
def test_every_declared_parameter_moves_both_ways_and_stays_legal(info: SchedulerInfo, name: str) -> None:
    horizon = Horizon.of(epochs=200, lr=0.01, tick=info.tick, steps_per_epoch=100)
    component = resolve(info.schedule(), horizon)
    param, value = dict(params_of(info.schedule))[name], getattr(component, name)
    scale = scale_of(param, component, horizon) if isinstance(param, (Whole, Real)) else None
    for steps in (">" * 60, "<" * 60, "}" * 30, "{" * 30):
        moved = walk(param, value, scale, steps)
        assert moved[0] != value
        assert all(check_value(name, param, each)[1] is None for each in moved)


@given(st.floats(1e-11, 1e11), st.sampled_from([FINE, COARSE]))
def test_up_and_down_again_is_the_same_place_of_the_grid(value: float, grid: tuple[float, ...]) -> None:
    up = on_grid(value, 1, grid)
    assert up > value
    assert on_grid(on_grid(up, 1, grid), -1, grid) == up
    assert on_grid(up, -1, grid) <= value * (1 + 1e-9)

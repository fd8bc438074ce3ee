from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.params import Horizon, Range, derived, params_of, real, resolve, scaled, span, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    first: int = whole(derived("epochs // 10", lambda p, h: h.epochs // 10), low=1, in_ticks=True, help="a")
    second: int = whole(
        derived("first + 1", lambda p, h: p.first + 1),
        search=span(derived("first", lambda p, h: p.first), derived("steps", lambda p, h: h.total), step=2),
        help="b",
    )
    rate: float = real(derived("lr / 2", lambda p, h: h.lr / 2), help="c")
    size: int = whole(7, in_ticks=True, help="d")
    free: int = whole(30, help="e")
    word: str | None = text(None, help="f")


HORIZON = Horizon.of(epochs=50, lr=0.1, tick="step", steps_per_epoch=4)


def test_a_horizon_counts_in_the_ticks_of_its_scheduler() -> None:
    assert (HORIZON.total, HORIZON.per_epoch, HORIZON.epochs) == (200, 4, 50)
    by_epoch = Horizon.of(epochs=50, lr=0.1, tick="epoch", steps_per_epoch=4)
    assert (by_epoch.total, by_epoch.per_epoch, by_epoch.epochs) == (50, 1, 50)


def test_resolving_fills_in_order_and_leaves_what_is_given() -> None:
    full = resolve(Sample(), HORIZON)
    assert (full.first, full.second, full.rate, full.size, full.word) == (5, 6, 0.05, 7, None)
    partly = resolve(Sample(first=20, rate=0.0), HORIZON)
    assert (partly.first, partly.second, partly.rate) == (20, 21, 0.0)
    assert resolve(full, Horizon.of(epochs=100, lr=1.0)) == full


def test_a_search_range_may_depend_on_the_horizon() -> None:
    param = dict(params_of(Sample))["second"]
    found = param.search.resolve(resolve(Sample(), HORIZON), HORIZON)  # type: ignore[union-attr]  # it is a Whole
    assert found == Range(5, 200, 2, False)


def test_only_what_is_counted_in_ticks_scales() -> None:
    assert scaled(Sample(), 2.0) == Sample(size=14)  # a value that follows the horizon anyway stays open
    assert scaled(Sample(first=5, rate=0.5), 3.0) == Sample(first=15, size=21, rate=0.5)
    assert scaled(Sample(), 0.01) == Sample(size=1)


@given(st.integers(1, 10**6), st.floats(0.01, 100))
def test_scaling_is_proportional_to_the_nearest_whole(size: int, ratio: float) -> None:
    after = scaled(Sample(size=size), ratio).size
    assert after >= 1
    assert abs(after - size * ratio) <= 0.5 or after == 1


def test_names_come_in_the_order_of_declaration() -> None:
    assert [name for name, _ in params_of(Sample)] == ["first", "second", "rate", "size", "free", "word"]
    assert [name for name, _ in params_of(Sample(size=3))] == [name for name, _ in params_of(Sample)]


def test_a_range_with_fixed_ends_needs_no_horizon() -> None:
    assert span(1, 2, log=True).resolve(None, HORIZON) == Range(1, 2, None, True)


def test_values_are_keyword_only_and_frozen() -> None:
    with pytest.raises(AttributeError):
        Sample().size = 3  # type: ignore[misc]  # the mistake under test

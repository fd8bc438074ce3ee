from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlr_tui.axis import decade_ticks, linear_ticks


@pytest.mark.parametrize(
    ("low", "high", "count", "labels"),
    [
        (0, 0.01, 5, ["0", "0.002", "0.004", "0.006", "0.008", "0.01"]),
        (0, 50, 3, ["0", "20", "40"]),
        (0, 200, 8, ["0", "25", "50", "75", "100", "125", "150", "175", "200"]),
        (-1, 1, 2, ["-1", "0", "1"]),
        (0.9990, 0.9991, 2, ["0.999", "0.99905", "0.9991"]),
    ],
)
def test_linear_ticks_are_round(low: float, high: float, count: int, labels: list[str]) -> None:
    assert [label for _, label in linear_ticks(low, high, count)] == labels


def test_decade_ticks_begin_at_the_top_and_fill_a_narrow_range() -> None:
    assert [label for _, label in decade_ticks(-6, -2, 2)] == ["0.01", "1e-4", "1e-6"]
    assert [label for _, label in decade_ticks(-2, -1, 3)] == ["0.01", "0.02", "0.05", "0.1"]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    low=st.floats(-1e300, 1e300),
    size=st.floats(0, 1e300),
    count=st.integers(1, 20),
)
def test_linear_ticks_lie_in_their_range_and_read_as_what_they_are(low: float, size: float, count: int) -> None:
    high = low + size
    ticks = linear_ticks(low, high, count)
    assert 1 <= len(ticks) <= 2 * count + 2 or size <= 1e-9 * abs(low)
    for at, label in ticks:
        assert low - 1e-6 * size <= at <= high + 1e-6 * size
        assert math.isclose(float(label), at, rel_tol=1e-2, abs_tol=1e-2 * size)

from __future__ import annotations

import math

import pytest

from hlr_tui.widgets.chart.curve import Curve, Window
from hlr_tui.widgets.chart.limits import sticky


def curve(ys: list[float], look: str = "line") -> Curve:
    return Curve("", 0, "A", look, list(range(len(ys))), ys, [], [])  # type: ignore[arg-type]  # parametrized


def test_smoothing_is_a_weighted_mean_of_the_past_and_keeps_gaps() -> None:
    ys = [3.0, 1.0, 4.0, math.nan, 1.0, 5.0]
    numbers = [(n, y) for n, y in enumerate(ys) if not math.isnan(y)]
    found = curve(ys).smoothed(0.8)
    for n, y in enumerate(ys):
        if math.isnan(y):
            assert math.isnan(found[n])
            continue
        past = [value for at, value in numbers if at <= n]
        weights = [0.8**age for age in range(len(past))]
        mean = sum(w * value for w, value in zip(weights, reversed(past), strict=True)) / sum(weights)
        assert found[n] == pytest.approx(mean)


def test_smoothing_of_a_curve_that_grows_is_that_of_the_whole_curve() -> None:
    ys = [math.sin(n) for n in range(20)]
    grown = curve(ys[:7])
    grown.smoothed(0.5)
    grown.xs, grown.ys = list(range(20)), ys
    assert list(grown.smoothed(0.5)) == list(curve(ys).smoothed(0.5))
    assert list(grown.smoothed(0.9)) == list(curve(ys).smoothed(0.9))


def test_the_nearest_point_gives_the_value_and_outside_there_is_none() -> None:
    one = Curve("", 0, "A", "line", [0.0, 10.0, 11.0], [1.0, 2.0, 3.0], [], [])
    assert [one.at(x) for x in (0, 4.9, 5.1, 10.4, 10.6, 11)] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert one.at(-0.1) is None
    assert one.at(11.1) is None
    assert curve([]).at(0) is None


def test_a_point_is_walked_once() -> None:
    one = curve([1.0, 2.0], "points")
    window = Window(0, 9, 10, log=False, smoothing=0.0)
    one.see(window)
    one.xs, one.ys = [0.0, 1.0, 2.0], [1.0, 2.0, 3.0]
    one.see(window)
    assert one.scatter == {0: [1.0], 1: [2.0], 2: [3.0]}


@pytest.mark.parametrize("log", [False, True])
def test_the_axis_stands_still_grows_at_once_and_shrinks_late(log: bool) -> None:
    now = sticky(None, (-4.0, -1.0), log=log)
    assert now == (-4.0, -1.0)
    assert sticky(now, (-3.5, -1.2), log=log) == now
    low, high = sticky(now, (-5.0, -1.0), log=log)
    assert low < -5.0  # the next value a little lower does not move it again
    assert high == -1.0
    assert sticky(now, (-2.5, -1.0), log=log) == now
    assert sticky(now, (-1.5, -1.0), log=log) == (-1.5, -1.0)


def test_a_positive_axis_does_not_grow_below_zero() -> None:
    assert sticky((0.5, 0.9), (0.01, 0.9), log=False)[0] == 0.0

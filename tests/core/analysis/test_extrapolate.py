from __future__ import annotations

import math

import numpy
import pytest

from core.analysis.extrapolate import FEWEST, extrapolate


def law(a: float, b: float, c: float, number: int) -> list[float]:
    return [a + b * t**-c for t in range(1, number + 1)]


@pytest.mark.parametrize(("a", "b", "c"), [(0.1, 1.0, 0.5), (0.0, 2.0, 1.0), (0.3, 0.7, 2.0), (1.0, -0.5, 0.7)])
def test_a_pure_power_law_is_found_again(a: float, b: float, c: float) -> None:
    values = law(a, b, c, 15)
    guess = extrapolate(range(1, 16), values, 100)
    assert guess is not None
    truth = a + b * 100**-c
    middle, low, high = guess.final
    assert low <= truth <= high
    assert middle == pytest.approx(truth, abs=0.03 * abs(b))
    assert guess.epochs[0] == 15
    assert guess.epochs[-1] == 100
    assert guess.middle[0] == pytest.approx(values[-1], abs=0.02)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = numpy.random.default_rng(7)
    hits, trials = 0, 120
    for _ in range(trials):
        a, b, c = random.uniform(0.05, 0.3), random.uniform(0.5, 2.0), random.uniform(0.3, 1.5)
        values = [value + 0.01 * random.standard_normal() for value in law(a, b, c, 20)]
        guess = extrapolate(range(1, 21), values, 60)
        assert guess is not None
        measured = a + b * 60**-c + 0.01 * random.standard_normal()
        hits += guess.final[1] <= measured <= guess.final[2]
    # Four standard deviations of a binomial with p = 0.8.
    assert abs(hits / trials - 0.8) < 4 * math.sqrt(0.8 * 0.2 / trials)


def test_more_points_and_less_noise_narrow_it() -> None:
    noise = numpy.random.default_rng(3).standard_normal(40)

    def width(number: int, scale: float) -> float:
        values = [value + scale * each for value, each in zip(law(0.1, 1, 0.6, number), noise, strict=False)]
        guess = extrapolate(range(1, number + 1), values, 50)
        assert guess is not None
        return guess.final[2] - guess.final[1]

    assert width(40, 0.01) < width(20, 0.01) < width(8, 0.01)
    assert width(20, 0.002) < width(20, 0.02)


def test_the_interval_widens_with_distance() -> None:
    values = [value * (1 + 0.03 * (-1) ** t) for t, value in enumerate(law(0.1, 1, 0.6, 12))]
    guess = extrapolate(range(1, 13), values, 200)
    assert guess is not None
    widths = [high - low for low, high in zip(guess.low, guess.high, strict=True)]
    assert widths[-1] > widths[0]


def test_the_same_points_give_the_same_guess_and_scale_scales_it() -> None:
    values = [value * (1 + 0.05 * (-1) ** t) for t, value in enumerate(law(0.2, 1, 0.5, 12))]
    first, again = extrapolate(range(1, 13), values, 50), extrapolate(range(1, 13), values, 50)
    assert first == again
    tiny = extrapolate(range(1, 13), [1e-7 * value for value in values], 50)
    assert first is not None
    assert tiny is not None
    assert tiny.final == pytest.approx([1e-7 * value for value in first.final])


def test_gaps_are_left_out() -> None:
    values = law(0.1, 1.0, 0.5, 15)
    values[3], values[7] = math.nan, math.inf
    guess = extrapolate(range(1, 16), values, 100)
    assert guess is not None
    assert guess.final[0] == pytest.approx(0.2, abs=0.03)


def test_a_loss_that_falls_faster_than_a_power_law_is_not_guessed_at_zero() -> None:
    """An exponential fall bends too little for its end to be told, but zero is no guess of a loss."""
    guess = extrapolate(range(1, 20), [0.02 + math.exp(-0.35 * t) for t in range(1, 20)], 30)
    assert guess is not None
    assert 0 < guess.final[0] < 0.03


def test_a_loss_that_falls_straight_is_not_guessed_below_zero() -> None:
    guess = extrapolate(range(1, 11), [1 - 0.09 * t for t in range(1, 11)], 50)
    assert guess is not None
    assert min(guess.low) >= 0
    flat = extrapolate(range(1, 11), [0.25] * 10, 50)
    assert flat is not None
    assert flat.final == pytest.approx([0.25] * 3, abs=1e-6)


@pytest.mark.parametrize(
    ("epochs", "values", "horizon"),
    [
        (range(1, FEWEST), [1.0] * (FEWEST - 1), 50),
        (range(1, 11), [math.nan] * 10, 50),
        (range(1, 11), law(0, 1, 1, 10), 10),
        (range(1, 11), [1e200] * 10, 50),
    ],
)
def test_nothing_is_guessed_from_too_little(epochs: range, values: list[float], horizon: int) -> None:
    assert extrapolate(epochs, values, horizon) is None

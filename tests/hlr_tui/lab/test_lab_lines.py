"""The lines of the lab against what preview computes, and their figures against integrals done by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from core.catalog import catalog
from core.component import Schedule, SchedulerInfo
from core.params import Horizon
from hlr_tui.curves import compute_curves
from hlr_tui.lab.lines import MOST_SAMPLES, Line, line_of, sample_ticks

LR, EPOCHS = 0.01, 200


def line(code: str, epochs: int = EPOCHS, steps: int = 100, **params: object) -> Line:
    info = catalog().schedulers.get(code)
    horizon = Horizon.of(epochs=epochs, lr=LR, tick=info.tick, steps_per_epoch=steps)
    return line_of(info, tuple(sorted(params.items())), horizon)


@pytest.mark.parametrize("info", catalog().schedulers.all(), ids=lambda info: info.code)
@pytest.mark.parametrize("epochs", [7, 200])
def test_a_line_is_what_preview_computes(info: SchedulerInfo, epochs: int) -> None:
    (curve,) = compute_curves([info], {}, budgets=[epochs], lr=LR, infimum_lr=1e-6, steps_per_epoch=100)
    drawn = line(info.code, epochs)
    assert drawn.ticks[0] == 0
    assert drawn.ticks[-1] == curve.horizon.total
    assert list(drawn.lr) == [curve.lr[tick] for tick in drawn.ticks]
    assert drawn.epochs == [curve.epochs[tick] for tick in drawn.ticks]
    assert drawn.momentum == (curve.momentum and [curve.momentum[tick] for tick in drawn.ticks])


@pytest.mark.parametrize("total", [1, 2, MOST_SAMPLES - 1, MOST_SAMPLES, MOST_SAMPLES + 1, 1_000_000])
def test_samples_ascend_from_end_to_end_and_are_few(total: int) -> None:
    ticks = sample_ticks(total)
    assert ticks == sorted(set(ticks))
    assert (ticks[0], ticks[-1]) == (0, total)
    assert len(ticks) == min(total + 1, MOST_SAMPLES)
    assert max(b - a for a, b in itertools.pairwise(ticks)) <= max(1, 2.5 * total / MOST_SAMPLES)


def test_budget_of_a_cosine_is_half_the_sum_of_its_ends() -> None:
    assert line("C", infimum_lr=0.002).budget[-1] == pytest.approx(EPOCHS * (LR + 0.002) / 2, rel=1e-4)


def test_samples_of_a_fast_cycle_still_give_its_mean() -> None:
    cycle = line("CY", 1000, steps=1000, infimum_lr=0.0, step_size_up=50)
    assert cycle.sampled
    assert cycle.budget[-1] == pytest.approx(1000 * LR / 2, rel=0.05)


def test_decay_rate_of_a_straight_line_is_its_slope() -> None:
    assert line("L", end_factor=0.5).decay == pytest.approx([LR / 2 / EPOCHS] * (EPOCHS + 1))


def test_decay_rate_counts_epochs_also_where_the_schedule_advances_by_step() -> None:
    rise = line("CY", 10, steps=20, infimum_lr=0.0, step_size_up=100).decay[1]
    assert rise == pytest.approx(-LR / 5)


def test_lr_metric_of_a_straight_line_to_half_the_rate() -> None:
    # It falls to 0.8 of the peak after 0.4 of the run; the triangle above is 0.2 η₀ high.
    assert line("L", end_factor=0.5).lr_metric == pytest.approx(0.2 * LR * 0.4 * EPOCHS / 2)


def test_lr_metric_of_a_cosine() -> None:
    fallen = math.acos(0.6) / math.pi
    area = EPOCHS * LR * (0.5 * fallen + math.sin(math.pi * fallen) / (2 * math.pi) - 0.8 * fallen)
    assert line("C", infimum_lr=0.0).lr_metric == pytest.approx(area, rel=1e-3)


@pytest.mark.parametrize("code", ["N", "WH", "WC", "OC"])
def test_no_lr_metric_without_a_fall_from_the_peak(code: str) -> None:
    assert line(code).lr_metric is None


def test_share_spent_ends_at_one() -> None:
    spent = line("EH").spent
    assert spent[0] == 0
    assert spent[-1] == 1
    assert spent == sorted(spent)


def test_the_rate_at_the_cursor_is_the_one_in_force_there() -> None:
    step = line("S", 30, step_size=10, gamma=0.1)
    assert step.at(9.7) == pytest.approx(LR)
    assert step.at(10.0) == pytest.approx(LR / 10)
    assert step.at(30) == pytest.approx(LR / 1000)
    assert step.at(30.5) is None


def test_what_cannot_run_has_the_engines_words_and_no_samples() -> None:
    impossible = line("EH", upper_bound=100)
    assert [str(problem) for problem in impossible.problems] == [
        "upper_bound = 100: must be >= 200, the number of epochs of the run"
    ]
    assert not impossible.lr
    assert impossible.at(3) is None
    assert impossible.lr_metric is None
    assert not impossible.budget
    assert not impossible.spent


def test_a_formula_of_the_users_that_fails_is_a_problem() -> None:
    class Broken(Schedule):
        def lr(self, tick: float, horizon: Horizon) -> float:
            raise KeyError("no such warm-up")

    from dataclasses import dataclass

    info = SchedulerInfo(name="broken", schedule=dataclass(frozen=True)(Broken))
    (problem,) = line_of(info, (), Horizon(10, 1, LR)).problems
    assert "no such warm-up" in str(problem)

"""Series of the charts, and the warning at the edge of a range."""

from __future__ import annotations

import math

import pytest

from core.params import Range
from core.plan.space import Dimension
from hlr_tui.search_view.edges import edge_warnings, position
from hlr_tui.search_view.points import objective_series, parameter_range, parameter_series, wants_log
from hlr_tui.search_view.trials import Study, Trial, TrialState


def trial(
    number: int, lr: float, value: float | None = None, state: TrialState = "complete", latest: float | None = None
) -> Trial:
    return Trial(
        number=number, state=state, value=value, latest=latest, params={"lr": lr, "steps": 3.0}, epoch=5, budget=5
    )


def study(*trials: Trial, high: float = 0.1, bound: float | None = None) -> Study:
    space = {
        "lr": Dimension("training", Range(1e-3, high, log=True), False),
        "steps": Dimension("scheduler", Range(0, 10), True),
    }
    return Study(name="s", method="m", trials=trials, space=space, legal={"lr": (None, bound), "steps": (0, None)})


MIXED = study(
    trial(0, 0.01, 2.0), trial(1, 0.02, 3.0), trial(2, 0.05, 1.0), trial(3, 0.03, None, "pruned", 2.5),
    trial(4, 0.09, None, "diverged"), trial(5, 0.001, None, "queued"),
)  # fmt: skip


def test_the_best_so_far_only_falls() -> None:
    best, *marks = objective_series(MIXED)
    assert (best.label, best.style) == ("best so far", "line")
    assert dict(zip(best.xs, best.ys, strict=True)) == {0: 2.0, 1: 2.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0}
    assert {mark.label: (mark.marker, mark.xs, mark.ys) for mark in marks} == {
        "complete": ("C", (0.0, 1.0, 2.0), (2.0, 3.0, 1.0)),
        "pruned": ("P", (3.0,), (2.5,)),
        "diverged": ("D", (4.0,), (3.0,)),  # without any loss: as high as the worst
    }


def test_a_parameter_of_a_log_range_is_drawn_by_its_logarithm() -> None:
    series = {each.key: each for each in parameter_series(MIXED, "lr")}
    assert series["complete"].xs == pytest.approx([-2, math.log10(0.02), math.log10(0.05)])
    assert series["complete"].ys == (2.0, 3.0, 1.0)
    assert series["best"].xs == pytest.approx([math.log10(0.05)])
    assert parameter_range(MIXED, "lr") == pytest.approx((-3, -1))
    plain = {each.key: each for each in parameter_series(MIXED, "steps")}
    assert set(plain["complete"].xs) == {3.0}
    assert parameter_range(MIXED, "steps") == (0, 10)


def test_the_log_axis_is_for_objectives_over_decades() -> None:
    assert not wants_log(MIXED)
    assert wants_log(study(trial(0, 0.01, 2.0), trial(1, 0.01, 0.01)))
    assert not wants_log(study(trial(0, 0.01, 2.0), trial(1, 0.01, -0.01)))


@pytest.mark.parametrize(
    ("lr", "warned"),
    [(0.1, True), (0.0915, True), (0.088, False), (0.01, False), (0.00109, True), (0.00111, False)],
)
def test_the_edge_is_two_percent_of_the_scale_that_is_declared(lr: float, warned: bool) -> None:
    """log10 runs over -3 … -1 here, so 2 % of it are 10^0.04: from 0.1/1.0965 up, and up to 0.001·1.0965."""
    assert bool(edge_warnings(study(trial(0, lr, 1.0)))) is warned


def test_a_warning_names_parameter_value_and_range() -> None:
    (text,) = edge_warnings(study(trial(0, 0.0995, 1.0), trial(1, 0.001, 2.0)))
    assert "lr 0.0995" in text
    assert "0.001 … 0.1, log" in text
    assert "widen optimize.search.lr" in text


def test_where_nothing_beyond_is_legal_no_wider_range_is_advised() -> None:
    (text,) = edge_warnings(study(trial(0, 0.1, 1.0), bound=0.1))
    assert "nothing above it is legal" in text
    assert "widen" not in text


def test_a_trial_of_another_program_may_lie_outside() -> None:
    (text,) = edge_warnings(study(trial(0, 0.5, 1.0)))
    assert "above its range" in text
    assert position(Range(200, 400, 50), 200) == 0
    assert position(Range(200, 400, 50), 300) == 0.5


def test_without_a_finished_trial_there_is_no_warning() -> None:
    assert edge_warnings(study(trial(0, 0.1, None, "running"))) == []

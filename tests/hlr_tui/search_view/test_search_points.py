"""Series of the charts, and the warning at the edge of a range."""

from __future__ import annotations

import math

import pytest

from core.params import Range
from core.plan.space import Dimension
from hlr_tui.search_view.edges import edges, position, widened
from hlr_tui.search_view.heights import axis_of
from hlr_tui.search_view.points import Scatter, Series, parameter_range, plots_of, trial_range
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


def scatter(of: Study) -> Scatter:
    return Scatter(of, axis_of(of))


def by_key(series: list[Series]) -> dict[str, Series]:
    return {each.key: each for each in series}


def test_the_best_so_far_is_a_stair_that_only_falls() -> None:
    best = by_key(scatter(MIXED).by_trial())["best so far"]
    assert best.style == "line"
    # At trial 2 it falls from 2 to 1, straight down.
    assert list(zip(best.xs, best.ys, strict=True)) == [(0, 2), (1, 2), (2, 2), (2, 1), (3, 1), (4, 1), (5, 1)]


def test_each_state_has_a_mark_of_its_own_and_what_has_no_loss_stands_at_the_top() -> None:
    axis, found = axis_of(MIXED), by_key(scatter(MIXED).by_trial())
    assert axis is not None
    marks = {key: (each.xs, each.ys) for key, each in found.items() if key != "best so far"}
    assert marks == {
        "complete": ((0.0, 1.0, 2.0), (2.0, 3.0, 1.0)),
        "pruned": ((3.0,), (2.5,)),
        "diverged": ((4.0,), (axis.high,)),
        "best": ((2.0,), (1.0,)),
    }
    assert len({found[key].marker for key in marks}) == len(marks), "colour is not the only cue"


def test_the_axis_is_tight_and_leaves_out_what_lies_far_above() -> None:
    axis = axis_of(MIXED)
    assert axis is not None
    assert 0.8 < axis.low < 1.0
    assert 3.0 < axis.high < 3.3
    far = study(*(trial(number, 0.01, 1 + number / 100) for number in range(19)), trial(19, 0.01, 1e6))
    high = axis_of(far)
    assert high is not None
    assert high.high < 10
    above = by_key(scatter(far).by_trial())["above"]
    assert (above.xs, above.ys) == ((19.0,), (high.high,)), "at the edge, with a mark that says so"
    assert axis_of(study(trial(0, 0.01, None, "queued"))) is None


def test_a_parameter_of_a_log_range_is_drawn_by_its_logarithm() -> None:
    series = by_key(scatter(MIXED).by_parameter("lr"))
    assert series["complete"].xs == pytest.approx([-2, math.log10(0.02), math.log10(0.05)])
    assert series["complete"].ys == (2.0, 3.0, 1.0)
    assert series["best"].xs == pytest.approx([math.log10(0.05)])
    assert parameter_range(MIXED, "lr") == pytest.approx((-3, -1))
    assert set(by_key(scatter(MIXED).by_parameter("steps"))["complete"].xs) == {3.0}
    assert parameter_range(MIXED, "steps") == (0, 10)


def test_the_log_axis_is_for_objectives_that_spread() -> None:
    def is_log(*values: float) -> bool:
        axis = axis_of(study(*(trial(number, 0.01, value) for number, value in enumerate(values))))
        return axis is not None and axis.log

    assert not is_log(2.0, 1.0)
    assert is_log(2.0, 0.01)
    assert not is_log(2.0, -0.01)


@pytest.mark.parametrize(
    ("lr", "warned"),
    [(0.1, True), (0.0915, True), (0.088, False), (0.01, False), (0.00109, True), (0.00111, False)],
)
def test_the_edge_is_two_percent_of_the_scale_that_is_declared(lr: float, warned: bool) -> None:
    """log10 runs over -3 … -1 here, so 2 % of it are 10^0.04: from 0.1/1.0965 up, and up to 0.001·1.0965."""
    assert bool(edges(study(trial(0, lr, 1.0)))) is warned


def test_a_warning_names_parameter_value_and_range() -> None:
    (edge,) = edges(study(trial(0, 0.0995, 1.0), trial(1, 0.001, 2.0)))
    assert str(edge) == (
        "best lr 0.0995 sits at the upper end of its range 0.001 … 0.1: widen it up to 1 (optimize.search.lr)"
    )


def test_a_warning_fits_a_line_of_80_columns() -> None:
    (edge,) = edges(study(trial(0, 0.0995, 1.0), trial(1, 0.001, 2.0)))
    assert edge.brief == "best lr 0.0995 at the upper end of 0.001 … 0.1: w goes to 1"
    (beyond,) = edges(study(trial(0, 0.5, 1.0)))
    assert beyond.brief.startswith("best lr 0.5 above 0.001 … 0.1")


def test_where_every_trial_is_lost_the_charts_show_at_which_parameters() -> None:
    lost = study(trial(0, 0.001, None, "diverged"), trial(1, 0.01, None, "diverged"))
    (series,) = plots_of(lost, None).series["lr"]
    assert (series.key, series.xs) == ("diverged", (-3.0, -2.0))


def test_the_axis_of_trials_has_whole_numbers() -> None:
    assert trial_range(study(trial(0, 0.01, 1.0))) == (0, 4)
    assert trial_range(study(trial(7, 0.01, 1.0))) == (0, 7)


def test_the_spec_of_a_wider_search_keeps_the_rest() -> None:
    found = edges(study(trial(0, 0.001, 1.0)))
    document = {"experiment": {"name": "x"}, "optimize": {"trials": 3, "search": {"steps": 4}}}
    wider = widened(document, found)
    assert wider["optimize"] == {"trials": 3, "search": {"steps": 4, "lr": {"low": 1e-4, "high": 0.1, "log": True}}}
    assert "lr" not in document["optimize"]["search"], "the one it began from is left alone"  # type: ignore[index]
    whole = Study(
        name="s", method="m", trials=(trial(0, 0.01, 1.0),), codes={"steps": "S"},
        space={"steps": Dimension("scheduler", Range(3, 10), True)}, legal={"steps": (1, None)},
    )  # fmt: skip
    assert widened({}, edges(whole))["optimize"]["search"] == {"S": {"steps": {"low": 1, "high": 10}}}


def test_where_nothing_beyond_is_legal_no_wider_range_is_advised() -> None:
    (edge,) = edges(study(trial(0, 0.1, 1.0), bound=0.1))
    assert "nothing above it is legal" in str(edge)
    assert "widen" not in str(edge)


def test_a_trial_of_another_program_may_lie_outside() -> None:
    (edge,) = edges(study(trial(0, 0.5, 1.0)))
    assert "above its range" in str(edge)
    assert position(Range(200, 400, 50), 200) == 0
    assert position(Range(200, 400, 50), 300) == 0.5


def test_without_a_finished_trial_there_is_no_warning() -> None:
    assert edges(study(trial(0, 0.1, None, "running"))) == []

"""The curves that the monitor holds against those in the database, and means against statistics."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watched_experiment import begin, make

from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.reader import curves
from hlr_tui.monitor.curves import CurveStore, Trace, mean_trace

METRICS = ("val_loss", "train_loss")


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[tuple[Database, Experiment]]:
    db, experiment = make(tmp_path)
    yield db, experiment
    db.close()


@pytest.fixture
def store(campaign: tuple[Database, Experiment]) -> Iterator[CurveStore]:
    db, experiment = campaign
    found = CurveStore(db, experiment.id)
    yield found
    found.close()


def points(trace: Trace | None) -> tuple[list[float], list[float]]:
    assert trace is not None
    return list(trace.xs[: trace.count]), list(trace.ys[: trace.count])


def test_a_curve_grows_by_what_is_written_and_an_earlier_trace_stays(
    campaign: tuple[Database, Experiment], store: CurveStore
) -> None:
    attempt = begin(campaign[0])[0]
    attempt.write([1.0, 0.5])
    assert store.want([attempt.run.id], METRICS)
    before = store.trace(attempt.run.id, "val_loss")
    assert points(before) == ([1, 2], [1.0, 0.5])
    attempt.write([0.25, math.nan], after=2)
    store.poll()
    after = store.trace(attempt.run.id, "val_loss")
    assert after is not None
    assert before is not None
    assert after.version == before.version
    assert points(after)[0] == [1, 2, 3, 4]
    assert after.ys[2] == 0.25
    assert math.isnan(after.ys[3])
    assert points(before) == ([1, 2], [1.0, 0.5])
    assert store.metrics >= {"val_loss", "train_loss", "lr"}


def test_epochs_that_are_written_again_replace_the_old_ones(
    campaign: tuple[Database, Experiment], store: CurveStore
) -> None:
    db, _ = campaign
    attempt = begin(db)[0]
    attempt.write([1.0, 0.5, 0.4])
    store.want([attempt.run.id], METRICS)
    before = store.trace(attempt.run.id, "val_loss")
    attempt.rewind(1)
    store.forget([attempt.run.id])
    store.want([attempt.run.id], METRICS)
    assert points(store.trace(attempt.run.id, "val_loss")) == ([1], [1.0])
    attempt.write([0.7, 0.6], after=1)
    store.poll()
    after = store.trace(attempt.run.id, "val_loss")
    assert points(after) == curves(db, [attempt.run.id], "val_loss")[attempt.run.id]
    assert before is not None
    assert after is not None
    assert before.version != after.version


def test_a_value_that_is_replaced_makes_the_curve_another_one(
    campaign: tuple[Database, Experiment], store: CurveStore
) -> None:
    attempt = begin(campaign[0])[0]
    attempt.write([1.0, 0.5])
    store.want([attempt.run.id], ["val_loss"])
    before = store.trace(attempt.run.id, "val_loss")
    attempt.write([0.9])
    store.poll()
    after = store.trace(attempt.run.id, "val_loss")
    assert points(after) == ([1, 2], [0.9, 0.5])
    assert points(before) == ([1, 2], [1.0, 0.5])
    assert before is not None
    assert after is not None
    assert before.version != after.version


def test_points_of_curves_that_are_not_shown_are_not_kept(
    campaign: tuple[Database, Experiment], store: CurveStore
) -> None:
    shown, other = begin(campaign[0], 2)
    store.want([shown.run.id], ["val_loss"])
    shown.write([1.0])
    other.write([1.0])
    store.poll()
    assert store.trace(shown.run.id, "val_loss") is not None
    assert store.trace(shown.run.id, "train_loss") is None
    assert store.trace(other.run.id, "val_loss") is None
    store.want([other.run.id], ["val_loss"])
    assert points(store.trace(other.run.id, "val_loss")) == ([1], [1.0])


def test_a_metric_that_charts_begin_to_show_is_read_whole(
    campaign: tuple[Database, Experiment], store: CurveStore
) -> None:
    attempt = begin(campaign[0])[0]
    attempt.write([1.0, 0.5], grad_norm=3.0)
    store.want([attempt.run.id], ["val_loss"])
    store.poll()
    store.want([attempt.run.id], ["val_loss", "grad_norm"])
    assert points(store.trace(attempt.run.id, "grad_norm")) == ([1, 2], [3.0, 3.0])


def trace_of(version: int, values: list[float]) -> Trace:
    return Trace(version, len(values), [float(epoch) for epoch in range(1, len(values) + 1)], values)


def test_the_mean_is_over_the_seeds_that_came_so_far() -> None:
    seeds = [trace_of(1, [1.0, 2.0, 3.0]), trace_of(2, [2.0, 4.0]), trace_of(3, [6.0, math.nan])]
    mean = mean_trace(seeds)
    assert points(mean) == ([1, 2, 3], [3.0, 3.0, 3.0])
    assert mean.low is not None
    assert mean.high is not None
    std = statistics.stdev([1.0, 2.0, 6.0])
    assert mean.high[0] == pytest.approx(3.0 + std)
    assert mean.low[0] == 1.0 > 3.0 - std  # never below the smallest value
    assert (mean.low[1], mean.high[1]) == (2.0, pytest.approx(3.0 + math.sqrt(2)))
    assert (mean.low[2], mean.high[2]) == (3.0, 3.0)


def test_where_every_seed_diverged_the_mean_is_a_gap() -> None:
    mean = mean_trace([trace_of(1, [1.0, math.nan]), trace_of(2, [3.0, math.inf])])
    assert mean.ys[0] == 2.0
    assert math.isnan(mean.ys[1])


LOSSES = st.lists(st.floats(1e-3, 1e3) | st.just(math.nan), max_size=8)


@given(st.lists(st.tuples(LOSSES, LOSSES), min_size=2, max_size=4))
def test_a_mean_that_is_carried_on_is_the_mean_of_all(parts: list[tuple[list[float], list[float]]]) -> None:
    lists = [list(first) for first, _ in parts]
    then = tuple(trace_of(number, list(first)) for number, (first, _) in enumerate(parts))
    for known, (_, second) in zip(lists, parts, strict=True):
        known += second
    now = tuple(trace_of(number, known) for number, known in enumerate(lists))
    carried, whole = mean_trace(now, (then, mean_trace(then))), mean_trace(now)
    for one, other in ((carried.xs, whole.xs), (carried.ys, whole.ys), (carried.low, whole.low)):
        assert one is not None
        assert other is not None
        assert list(one) == pytest.approx(list(other), nan_ok=True)


def test_the_value_at_an_epoch_is_that_of_the_last_point_before() -> None:
    trace = Trace(1, 3, [2, 4, 6, 8], [0.2, 0.4, 0.6, 0.8])
    assert [trace.at(x) for x in (1, 2, 3, 6, 9)] == [None, 0.2, 0.2, 0.6, 0.6]
    assert trace.at() == 0.6

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import pytest

from core.storage import runs
from core.storage.engine import Database
from core.storage.experiments import Experiment, delete_experiment, request_stop, set_state
from core.storage.points import Orders, PointWriter
from core.storage.reader import Cursor, curves, last_values, points_of
from core.storage.runs import Fenced, Run


def bits(values: list[float]) -> list[bytes]:
    return [struct.pack(">d", math.nan if math.isnan(value) else value) for value in values]


def test_every_value_comes_back_bit_by_bit(db: Database, experiment: Experiment, claimed: Callable[[str], Run]) -> None:
    values = [0.1, 5e-324, 1.7976931348623157e308, 1 / 3, math.inf, -math.inf, math.nan, 0.0]
    writer = PointWriter(db, "r", claimed("r").attempt)
    for step, value in enumerate(values):
        writer.add("loss", step, value)
    writer.flush()
    steps, found = curves(db, ["r", "absent"], "loss")["r"]
    assert steps == list(range(len(values)))
    assert bits(found) == bits(values)
    assert bits([point.value for point in points_of(db, experiment.id)]) == bits(values)
    with Cursor(db, experiment.id) as cursor:
        assert bits([point.value for point in cursor.poll()]) == bits(values)


def test_a_step_written_again_replaces_its_value(db: Database, claimed: Callable[[str], Run]) -> None:
    attempt = claimed("r").attempt
    writer = PointWriter(db, "r", attempt)
    for value in (1.0, 2.0):
        writer.add("loss", 1, value)
    writer.add("loss", 2, 5.0)
    writer.flush()
    writer.add("loss", 1, 3.0)
    writer.flush()
    assert curves(db, ["r"], "loss") == {"r": ([1, 2], [3.0, 5.0])}
    second = PointWriter(db, "r", attempt)
    second.add("loss", 2, 4.0)
    second.add("loss", 0, 9.0)
    second.flush()
    assert curves(db, ["r"], "loss") == {"r": ([0, 1, 2], [9.0, 3.0, 4.0])}


def test_a_flush_is_due_by_number_and_by_time(db: Database, claimed: Callable[[str], Run]) -> None:
    attempt = claimed("r").attempt
    by_number = PointWriter(db, "r", attempt, every_seconds=math.inf, limit=2)
    by_number.add("loss", 1, 1.0)
    assert not by_number.due()
    by_number.add("loss", 2, 1.0)
    assert by_number.due()
    by_number.flush()
    assert not by_number.due()
    assert PointWriter(db, "r", attempt, every_seconds=0).due(), "orders come without points too"


def test_a_flush_brings_the_orders_and_records_progress(
    db: Database, experiment: Experiment, claimed: Callable[[str], Run]
) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    assert writer.flush(epoch=3) == Orders(stop=False, prune_at=None)
    runs.set_prune(db, ["r"], 5)
    assert writer.flush() == Orders(stop=False, prune_at=5)
    request_stop(db, experiment.id)
    assert writer.flush().stop
    found = runs.get_run(db, "r")
    assert found is not None
    assert found.epoch == 3


def test_an_experiment_that_ended_stops_its_runs(
    db: Database, experiment: Experiment, claimed: Callable[[str], Run]
) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    set_state(db, experiment.id, "failed")
    assert writer.flush().stop


def test_a_fenced_writer_writes_nothing(db: Database, experiment: Experiment, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    writer.add("loss", 1, 1.0)
    writer.flush(1)
    runs.requeue(db, "r", 1, "worker lost")
    again = runs.claim(db, "w2", "cpu")
    before = runs.get_run(db, "r")
    writer.add("loss", 2, 1.0)
    writer.add("new", 2, 1.0)
    for write in (
        lambda: writer.flush(2),
        lambda: writer.rewind(0),
        lambda: writer.finish("complete", 1.0, {}),
    ):
        with pytest.raises(Fenced, match="attempt 1 is no longer current"):
            write()
    assert runs.get_run(db, "r") == before == again
    assert [(point.metric, point.step) for point in points_of(db, experiment.id)] == [("loss", 1)]


def test_a_fenced_writer_of_a_deleted_run(db: Database, experiment: Experiment, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    writer.add("loss", 1, 1.0)
    delete_experiment(db, experiment.id)
    with pytest.raises(Fenced):
        writer.flush()


def test_a_flush_that_fails_keeps_the_points_for_the_next(db: Database, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    writer.add("loss", 1, 1.0)
    # A real failure, after the points have been inserted: the row that they belong to may not be changed.
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hlr_experiment RENAME COLUMN stop_requested TO elsewhere")
    with pytest.raises(Exception, match="stop_requested"):
        writer.flush()
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hlr_experiment RENAME COLUMN elsewhere TO stop_requested")
    assert curves(db, ["r"], "loss") == {}
    writer.add("loss", 2, 2.0)
    writer.flush()
    assert curves(db, ["r"], "loss") == {"r": ([1, 2], [1.0, 2.0])}


def test_finishing_writes_the_rest(db: Database, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    writer.add("loss", 1, 1.0)
    assert writer.finish("complete", 1.0, {"test": 2.0}, epoch=1) == "complete"
    found = runs.get_run(db, "r")
    assert found is not None
    assert (found.state, found.value, found.results, found.epoch) == ("complete", 1.0, {"test": 2.0}, 1)
    assert curves(db, ["r"], "loss") == {"r": ([1], [1.0])}
    with pytest.raises(Fenced):
        writer.flush()


def test_rewinding_drops_what_comes_after_the_checkpoint(db: Database, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt, steps_per_epoch=2)
    for epoch in range(5):
        writer.add("loss", epoch, 1.0)
    for step in range(9):
        writer.add("lr", step, 0.1, unit="step")
    writer.flush(4)
    runs.release(db, "r", 1)
    again = runs.claim(db, "w", "cpu")
    assert again is not None
    assert (again.epoch, again.steps_per_epoch) == (4, 2)
    resumed = PointWriter(db, "r", again.attempt)
    resumed.add("loss", 3, 7.0)
    resumed.add("loss", 2, 7.0)
    resumed.rewind(2)
    resumed.flush()
    assert curves(db, ["r"], "loss")["r"] == ([0, 1, 2], [1.0, 1.0, 7.0])
    assert curves(db, ["r"], "lr")["r"][0] == [0, 1, 2, 3, 4]
    found = runs.get_run(db, "r")
    assert found is not None
    assert found.epoch == 2


def test_a_metric_has_one_unit(db: Database, claimed: Callable[[str], Run]) -> None:
    attempt = claimed("r").attempt
    writer = PointWriter(db, "r", attempt, steps_per_epoch=2)
    writer.add("loss", 1, 1.0)
    with pytest.raises(ValueError, match="loss: is recorded by epoch, but got a point by step"):
        writer.add("loss", 2, 1.0, unit="step")
    writer.flush()
    other = PointWriter(db, "r", attempt, steps_per_epoch=2)
    other.add("loss", 2, 1.0, unit="step")
    with pytest.raises(ValueError, match="loss: is recorded by epoch, but got a point by step"):
        other.flush()
    with pytest.raises(ValueError, match="points by step need steps_per_epoch"):
        PointWriter(db, "r", attempt).add("lr", 1, 1.0, unit="step")


def test_last_values(db: Database, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    for step, value in ((2, 5.0), (10, 7.0), (9, 6.0)):
        writer.add("loss", step, value)
    writer.add("accuracy", 1, math.nan)
    writer.add("other", 1, 1.0)
    writer.flush()
    found = last_values(db, ["r", "absent"], ["loss", "accuracy", "missing"])
    assert found.keys() == {"r"}
    assert found["r"].keys() == {"loss", "accuracy"}
    assert found["r"]["loss"] == 7.0
    assert math.isnan(found["r"]["accuracy"])

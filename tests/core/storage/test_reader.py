from __future__ import annotations

import math
from collections.abc import Callable
from multiprocessing.pool import Pool

import crew
import optuna
import pytest
import sqlalchemy as sa
from crew import new_run

from core.storage import runs
from core.storage.engine import Database, StorageError, optuna_storage
from core.storage.experiments import Experiment, create_experiment
from core.storage.points import PointWriter
from core.storage.reader import Cursor, Point, curves, points_of
from core.storage.runs import Run


def seen(points: list[Point]) -> list[tuple[str, int, float]]:
    return [(point.run_id, point.step, point.value) for point in points]


def test_a_cursor_gives_each_point_once(db: Database, experiment: Experiment, claimed: Callable[[str], Run]) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    with Cursor(db, experiment.id) as cursor:
        assert cursor.poll() == []
        for step in range(5):
            writer.add("loss", step, float(step))
        writer.flush()
        assert seen(cursor.poll(limit=2)) == [("r", 0, 0.0), ("r", 1, 1.0)]
        assert seen(cursor.poll(limit=3)) == [("r", 2, 2.0), ("r", 3, 3.0), ("r", 4, 4.0)]
        assert cursor.poll(limit=3) == []
        assert cursor.poll(limit=3) == []


def test_a_cursor_gives_a_rewritten_step_again(
    db: Database, experiment: Experiment, claimed: Callable[[str], Run]
) -> None:
    writer = PointWriter(db, "r", claimed("r").attempt)
    with Cursor(db, experiment.id) as cursor:
        for step in range(3):
            writer.add("loss", step, 1.0)
        writer.flush()
        assert len(cursor.poll()) == 3
        writer.add("loss", 2, 7.0)
        writer.flush()
        assert seen(cursor.poll()) == [("r", 2, 7.0)]
        # The highest id is free now, and must not be given again.
        writer.rewind(0)
        for step in (1, 2):
            writer.add("loss", step, 9.0)
        writer.flush()
        assert seen(cursor.poll()) == [("r", 1, 9.0), ("r", 2, 9.0)]


def test_points_are_committed_in_the_order_of_their_ids(
    db: Database, impatient: Database, experiment: Experiment, claimed: Callable[[str], Run]
) -> None:
    # Else a cursor that has seen the later id would never look for the earlier one.
    first = PointWriter(db, "a", claimed("a").attempt)
    second = PointWriter(impatient, "b", claimed("b").attempt)
    refused = []

    first.add("loss", 1, 1.0)
    second.add("loss", 2, 2.0)
    with Cursor(db, experiment.id) as cursor:

        @sa.event.listens_for(db.engine, "commit", once=True)
        def before_the_commit(connection: sa.Connection) -> None:
            try:
                second.flush()
            except StorageError as error:
                refused.append(error)

        first.flush()
        assert len(refused) == 1
        assert seen(cursor.poll()) == [("a", 1, 1.0)]
        second.flush()
        assert seen(cursor.poll()) == [("b", 2, 2.0)]


@pytest.mark.parametrize("from_end", [False, True])
def test_a_cursor_follows_one_experiment(db: Database, experiment: Experiment, from_end: bool) -> None:
    other = create_experiment(db, "other", "run", "{}")
    runs.add_runs(db, [new_run(experiment, "mine"), new_run(other, "theirs")])
    writers = {}
    for run_id, owner in (("mine", experiment), ("theirs", other)):
        run = runs.claim(db, "w", "cpu", owner.id)
        assert run is not None
        writers[run_id] = PointWriter(db, run_id, run.attempt)
    for run_id in ("theirs", "mine", "theirs"):
        for step in range(4):
            writers[run_id].add("loss", step, 1.0)
        writers[run_id].flush()
    with Cursor(db, experiment.id, from_end=from_end) as cursor:
        # A limit below the number of foreign points: they must not end the poll.
        assert len(cursor.poll(limit=2)) == (0 if from_end else 2)
        assert len(cursor.poll(limit=2)) == (0 if from_end else 2)
        for run_id in ("theirs", "mine"):
            writers[run_id].add("loss", 9, 2.0)
            writers[run_id].flush()
        assert seen(cursor.poll(limit=1)) == [("mine", 9, 2.0)]
        assert cursor.poll(limit=1) == []


def test_export_order_is_position_metric_step(db: Database, experiment: Experiment) -> None:
    runs.add_runs(db, [new_run(experiment, "second", 1), new_run(experiment, "first", 0)])
    for _ in range(2):
        run = runs.claim(db, "w", "cpu")
        assert run is not None
        writer = PointWriter(db, run.id, run.attempt)
        for metric, step in (("val_loss", 2), ("val_loss", 10), ("Lr", 1), ("val_loss", 1), ("lr", 1)):
            writer.add(metric, step, 1.0)
        writer.flush()
    found = [(point.run_id, point.metric, point.step) for point in points_of(db, experiment.id)]
    each = [("Lr", 1), ("lr", 1), ("val_loss", 1), ("val_loss", 2), ("val_loss", 10)]
    assert found == [(run_id, *rest) for run_id in ("first", "second") for rest in each]


def test_curves_of_more_runs_than_one_query_takes(db: Database, experiment: Experiment) -> None:
    runs.add_runs(db, [new_run(experiment, f"r{number}", number) for number in range(3)])
    for number in range(3):
        run = runs.claim(db, "w", "cpu")
        assert run is not None
        writer = PointWriter(db, run.id, run.attempt)
        writer.add("loss", 1, float(number))
        writer.flush()
    asked = ["r0", *(f"absent{number}" for number in range(1200)), "r2"]
    assert curves(db, asked, "loss") == {"r0": ([1], [0.0]), "r2": ([1], [2.0])}


STEPS = 120


def test_many_write_while_one_reads_and_optuna_works(db: Database, experiment: Experiment, others: Pool) -> None:
    queue = [new_run(experiment, f"r{number}", number, seed=number) for number in range(crew.SIZE)]
    runs.add_runs(db, queue)
    study = optuna.create_study(study_name="s", storage=optuna_storage(db))
    trials = 0
    points: list[Point] = []
    with Cursor(db, experiment.id) as cursor:
        writing = others.starmap_async(crew.write_curve, [(db.url, STEPS)] * crew.SIZE, chunksize=1)
        while not writing.ready():
            points += cursor.poll(limit=100)
            trial = study.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)})
            study.tell(trial, float(trials))
            trials += 1
        assert sorted(writing.get()) == sorted(run.id for run in queue)
        while fresh := cursor.poll(limit=100):
            points += fresh
    expected = {}
    for run in queue:
        for step in range(1, STEPS + 1):
            expected[run.id, "val_loss", step] = None if step % 10 == 0 else run.seed + 1 / step
            expected[run.id, "lr", step] = 0.1 * step
    assert len(points) == len(expected)
    found = {
        (point.run_id, point.metric, point.step): None if math.isnan(point.value) else point.value for point in points
    }
    assert found == expected
    assert [trial.value for trial in study.get_trials()] == [float(number) for number in range(trials)]

from __future__ import annotations

import pytest
from crew import new_run

from core.storage import runs
from core.storage.engine import Database
from core.storage.experiments import Experiment, create_experiment
from core.storage.points import PointWriter
from core.storage.tally import tally


def test_runs_are_summed_up_by_stage_and_state(db: Database, experiment: Experiment) -> None:
    other = create_experiment(db, "other", "all", "{}")
    assert tally(db, experiment.id) == []
    queue = [new_run(experiment, f"s{number}", number, budget=10 * (number + 1)) for number in range(4)]
    runs.add_runs(db, [*queue, new_run(experiment, "c", 9, stage="compare", budget=7), new_run(other, "o", 99)])
    for epochs in (10, 20, 3):
        run = runs.claim(db, "w", "cpu")
        assert run is not None
        writer = PointWriter(db, run.id, run.attempt)
        writer.flush(epochs)
        if epochs > 3:
            writer.finish("complete", 0.5, {})
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE hlr_run SET finished_at = started_at + 1.5 WHERE state = 'complete'")
    found = {
        (each.stage, each.state): (each.runs, each.budget, each.epochs, each.seconds)
        for each in tally(db, experiment.id)
    }
    seconds = {key: values[3] for key, values in found.items()}
    assert {key: values[:3] for key, values in found.items()} == {
        ("search", "complete"): (2, 30, 30),
        ("search", "running"): (1, 30, 3),
        ("search", "queued"): (1, 40, 0),
        ("compare", "queued"): (1, 7, 0),
    }
    assert seconds["search", "complete"] == pytest.approx(3.0, abs=1e-5)
    assert seconds["search", "running"] == 0.0

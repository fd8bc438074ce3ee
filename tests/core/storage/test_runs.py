from __future__ import annotations

import math
from collections.abc import Callable
from multiprocessing.pool import Pool

import crew
import pytest
from crew import new_run

from core.storage import fencing, runs
from core.storage.engine import Database, StorageError
from core.storage.experiments import (
    Experiment,
    ExperimentState,
    clear_stop,
    create_experiment,
    request_stop,
    set_state,
)
from core.storage.points import PointWriter
from core.storage.reader import curves
from core.storage.runs import Fenced, Run, RunState


def state_of(db: Database, run_id: str) -> RunState:
    found = runs.get_run(db, run_id)
    assert found is not None
    return found.state


def test_a_run_is_read_back_as_it_was_added(db: Database, experiment: Experiment) -> None:
    config = {"lr": 0.1, "nested": {"a": [1, 2.5, None, True, "ö"]}}
    runs.add_runs(db, [new_run(experiment, "r", config=config, trial=3, trial_id=9, seed=2**40)])
    (found,) = runs.runs_of(db, experiment.id)
    assert (found.config, found.trial, found.trial_id, found.seed) == (config, 3, 9, 2**40)
    assert (found.state, found.attempt, found.value, found.results) == ("queued", 0, None, {})


def test_adding_runs_again_changes_nothing(db: Database, experiment: Experiment) -> None:
    assert runs.add_runs(db, []) == 0
    assert runs.add_runs(db, [new_run(experiment, "a"), new_run(experiment, "b")]) == 2
    claimed = runs.claim(db, "w", "cpu")
    assert claimed is not None
    again = [new_run(experiment, "a", position=9), new_run(experiment, "c")]
    assert runs.add_runs(db, again) == 1
    assert runs.get_run(db, "a") == claimed


def test_runs_are_claimed_in_order_of_their_position(db: Database, experiment: Experiment) -> None:
    other = create_experiment(db, "other", "run", "{}")
    runs.add_runs(db, [new_run(experiment, "a", 2), new_run(experiment, "b", 0), new_run(other, "c", 1)])
    first = runs.claim(db, "w", "cuda:0", log="/tmp/w.log")
    assert first is not None
    assert (first.id, first.state, first.attempt, first.worker_id) == ("b", "running", 1, "w")
    assert (first.device, first.log) == ("cuda:0", "/tmp/w.log")
    assert first.started_at is not None
    claimed = [runs.claim(db, "w", "cpu", experiment.id), runs.claim(db, "w", "cpu", experiment.id)]
    assert [run and run.id for run in claimed] == ["a", None]
    last = runs.claim(db, "w", "cpu")
    assert last is not None
    assert last.id == "c"


@pytest.mark.parametrize("state", ["stopping", "stopped", "complete", "failed"])
def test_nothing_is_claimed_of_an_experiment_that_does_not_run(
    db: Database, experiment: Experiment, state: ExperimentState
) -> None:
    runs.add_runs(db, [new_run(experiment, "a")])
    set_state(db, experiment.id, state)
    assert runs.claim(db, "w", "cpu") is None
    set_state(db, experiment.id, "running")
    request_stop(db, experiment.id)
    assert runs.claim(db, "w", "cpu") is None
    clear_stop(db, experiment.id)
    assert runs.claim(db, "w", "cpu") is not None


def test_many_processes_claim_each_run_once(db: Database, experiment: Experiment, others: Pool) -> None:
    runs.add_runs(db, [new_run(experiment, f"r{number}", number) for number in range(200)])
    jobs = [(db.url, f"w{number}") for number in range(crew.SIZE)]
    claimed = others.starmap(crew.claim_all, jobs, chunksize=1)
    assert sorted(run for each in claimed for run in each) == sorted(f"r{number}" for number in range(200))
    assert sum(bool(each) for each in claimed) > 1, "no race took place"
    assert {run.attempt for run in runs.runs_of(db, experiment.id)} == {1}
    owners = {run.id: run.worker_id for run in runs.runs_of(db, experiment.id)}
    assert owners == {run: f"w{number}" for number, each in enumerate(claimed) for run in each}


def test_one_of_many_finishes(db: Database, claimed: Callable[[str], Run], others: Pool) -> None:
    run = claimed("r")
    jobs = [(db.url, "r", run.attempt, float(number)) for number in range(crew.SIZE)]
    done = others.starmap(crew.finish_same, jobs, chunksize=1)
    assert sum(done) == 1
    found = runs.get_run(db, "r")
    assert found is not None
    assert found.value == done.index(True)


def test_a_fenced_run_is_locked_until_the_transaction_ends(
    db: Database, impatient: Database, claimed: Callable[[str], Run]
) -> None:
    run = claimed("r")
    with db.write() as connection:
        fencing.fence(connection, "r", run.attempt)
        with pytest.raises(StorageError):
            runs.requeue(impatient, "r", run.attempt, "worker lost")
    assert runs.requeue(impatient, "r", run.attempt, "worker lost") == "queued"


def test_an_ended_run_keeps_what_it_found(db: Database, claimed: Callable[[str], Run]) -> None:
    run = claimed("r")
    results = {"test_loss": 0.25, "best": math.inf, "odd": math.nan}
    assert runs.finish(db, "r", run.attempt, "complete", 0.5, results) == "complete"
    found = runs.get_run(db, "r")
    assert found is not None
    assert (found.state, found.value, found.results["test_loss"], found.results["best"]) == (
        "complete", 0.5, 0.25, math.inf
    )  # fmt: skip
    assert math.isnan(found.results["odd"])
    assert found.finished_at is not None


@pytest.mark.parametrize(("value", "kept"), [(math.nan, None), (math.inf, math.inf), (-math.inf, -math.inf)])
def test_an_objective_beyond_numbers(
    db: Database, claimed: Callable[[str], Run], value: float, kept: float | None
) -> None:
    run = claimed("r")
    runs.finish(db, "r", run.attempt, "diverged", value, {}, "loss is not finite")
    found = runs.get_run(db, "r")
    assert found is not None
    assert (found.state, found.value, found.error) == ("diverged", kept, "loss is not finite")


def test_an_earlier_attempt_may_write_nothing(db: Database, claimed: Callable[[str], Run]) -> None:
    run = claimed("r")
    assert runs.requeue(db, "r", run.attempt, "worker lost") == "queued"
    for attempt_runs_again in (False, True):
        if attempt_runs_again:
            assert runs.claim(db, "w2", "cpu") is not None
        before = runs.get_run(db, "r")
        for write in (
            lambda: runs.finish(db, "r", 1, "complete", 0.5, {}),
            lambda: runs.fail(db, "r", 1, "boom"),
            lambda: runs.release(db, "r", 1),
            lambda: runs.set_checkpoint(db, "r", 1, "/tmp/c", 3),
        ):
            with pytest.raises(Fenced):
                write()
        assert runs.requeue(db, "r", 1, "worker lost") is None
        assert runs.get_run(db, "r") == before


def test_a_released_run_goes_on_where_it_was(db: Database, claimed: Callable[[str], Run]) -> None:
    run = claimed("r")
    runs.set_checkpoint(db, "r", run.attempt, "/tmp/c.pt", 7)
    assert runs.release(db, "r", run.attempt) == "queued"
    again = runs.claim(db, "w2", "cpu")
    assert again is not None
    assert (again.attempt, again.checkpoint, again.epoch, again.worker_id) == (2, "/tmp/c.pt", 7, "w2")


def test_a_run_fails_after_three_dead_workers(
    db: Database, experiment: Experiment, claimed: Callable[[str], Run]
) -> None:
    attempt = claimed("r").attempt
    # Graceful stops are no deaths.
    for _ in range(4):
        runs.release(db, "r", attempt)
        again = runs.claim(db, "w", "cpu")
        assert again is not None
        attempt = again.attempt
    states = []
    while states[-1:] != ["failed"]:
        states.append(runs.requeue(db, "r", attempt, "worker 7 was killed"))
        again = runs.claim(db, "w", "cpu")
        attempt = again.attempt if again else attempt
    assert states == ["queued", "queued", "failed"]
    failed = runs.get_run(db, "r")
    assert failed is not None
    assert (failed.error, failed.attempt) == ("worker 7 was killed", 7)
    assert runs.requeue_failed(db, experiment.id, "compare") == 0
    assert runs.requeue_failed(db, experiment.id, "search") == 1
    again = runs.claim(db, "w", "cpu")
    assert again is not None
    assert (again.attempt, again.deaths, again.error) == (8, 0, None)


def test_runs_by_state_stage_and_study(db: Database, experiment: Experiment) -> None:
    queue = [
        new_run(experiment, "a", 2),
        new_run(experiment, "b", 1, stage="compare"),
        new_run(experiment, "c", 0, study="other"),
    ]
    runs.add_runs(db, queue)
    runs.claim(db, "w", "cpu")
    assert [run.id for run in runs.runs_of(db, experiment.id)] == ["c", "b", "a"]
    assert [run.id for run in runs.runs_of(db, experiment.id, ["queued"])] == ["b", "a"]
    assert [run.id for run in runs.runs_of(db, experiment.id, stage="compare")] == ["b"]
    assert [run.id for run in runs.runs_of(db, experiment.id, ["running", "queued"], study="other")] == ["c"]
    assert runs.counts(db, experiment.id) == {
        "queued": 2, "running": 1, "complete": 0, "failed": 0, "diverged": 0, "pruned": 0
    }  # fmt: skip


def write_six_epochs(db: Database, run: Run) -> PointWriter:
    writer = PointWriter(db, run.id, run.attempt, steps_per_epoch=10)
    for epoch in range(1, 7):
        writer.add("val_loss", epoch, 1 / epoch)
        writer.add("lr", 10 * epoch, 0.1, unit="step")
    writer.flush(6)
    return writer


def left_over(db: Database, run_id: str) -> tuple[list[int], list[int]]:
    return curves(db, [run_id], "val_loss")[run_id][0], curves(db, [run_id], "lr")[run_id][0]


@pytest.mark.parametrize("when", ["queued", "running", "complete", "diverged", "given back", "lost"])
def test_a_pruned_run_is_the_same_whenever_the_order_comes(
    db: Database, claimed: Callable[[str], Run], when: str
) -> None:
    run = claimed("r")
    writer = write_six_epochs(db, run)
    match when:
        case "queued":
            runs.release(db, "r", run.attempt)
            runs.set_prune(db, ["r"], 4)
        case "running":
            runs.set_prune(db, ["r"], 4)
            runs.set_prune(db, ["r"], 5)
            assert writer.flush().prune_at == 4
            assert state_of(db, "r") == "running"
            writer.add("val_loss", 7, 0.1)
            assert writer.finish("complete", 0.1, {"test_loss": 0.1}) == "pruned"
        case "complete" | "diverged":
            writer.finish("complete" if when == "complete" else "diverged", 0.1, {"test_loss": 0.1})
            runs.set_prune(db, ["r"], 4)
        case "given back":
            runs.set_prune(db, ["r"], 4)
            assert runs.release(db, "r", run.attempt) == "pruned"
        case "lost":
            runs.set_prune(db, ["r"], 4)
            assert runs.requeue(db, "r", run.attempt, "worker lost", limit=1) == "pruned"
    found = runs.get_run(db, "r")
    assert found is not None
    assert (found.state, found.prune_at, found.epoch, found.value, found.results) == ("pruned", 4, 4, None, {})
    assert left_over(db, "r") == ([1, 2, 3, 4], [10, 20, 30, 40])


def test_a_failed_run_is_not_pruned(db: Database, claimed: Callable[[str], Run]) -> None:
    run = claimed("r")
    runs.set_prune(db, ["r"], 4)
    runs.fail(db, "r", run.attempt, "boom")
    runs.set_prune(db, ["r"], 2)
    assert state_of(db, "r") == "failed"

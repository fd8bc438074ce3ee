from __future__ import annotations

import copy
import json
import socket
from dataclasses import replace
from typing import Any

import pytest
from finished import DOCUMENT, End, create, plan_of, play, queue_compare, queue_search

from core.analysis.progress import Progress, look
from core.storage import runs
from core.storage.engine import Database
from core.storage.experiments import Experiment, experiment_by_id, set_state, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Ending, Run
from core.storage.tables import experiment as table
from core.storage.workers import register, retire

SEARCHED = (3 * 2, 3 * 2 * 3)  # runs and epochs of three searches, two trials of three epochs each
COMPARED = (3 * 2 * 3, 3 * 3 * (2 + 4))


def now(db: Database, experiment: Experiment) -> Progress:
    return look(db, experiment_by_id(db, experiment.id))


def ended(state: Ending) -> Any:
    def end(run: Run) -> End:
        return state, [0.5] * (run.budget if state == "complete" else 1)

    return end


def test_nothing_is_done_at_the_start(db: Database) -> None:
    experiment = create(db)
    progress = now(db, experiment)
    assert (progress.fraction, progress.eta_seconds, progress.running, progress.workers) == (0.0, None, (), ())
    assert [(s.stage, s.planned_runs, s.planned_epochs) for s in progress.stages] == [
        ("search", *SEARCHED),
        ("compare", *COMPARED),
    ]
    assert set(progress.runs.values()) == {0}


@pytest.mark.parametrize("state", ["complete", "failed", "diverged", "pruned"])
def test_a_run_that_ends_is_done_with_its_whole_budget(db: Database, state: Ending) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    if state == "pruned":
        runs.set_prune(db, [run.id for run in runs.runs_of(db, experiment.id)], 1)
    play(db, ended(state))
    progress = now(db, experiment)
    assert progress.runs == dict.fromkeys(progress.runs, 0) | {state: 6}
    assert progress.stages[0].done_epochs == progress.stages[0].planned_epochs == 18
    assert progress.fraction == pytest.approx(18 / (18 + COMPARED[1]))


def test_a_complete_experiment_is_done_whatever_was_left_out(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    queue_compare(db, experiment, plan, 1, ["C"])  # the others had no finite objective
    play(db, ended("complete"))
    assert now(db, experiment).fraction < 1
    set_state(db, experiment.id, "complete")
    progress = now(db, experiment)
    assert (progress.fraction, progress.eta_seconds, progress.abandoned) == (1.0, 0.0, False)
    assert [(s.ended_runs, s.planned_runs) for s in progress.stages] == [(6, 6), (6, 6)]


def test_the_share_is_never_above_one(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    for trial in (0, 1):  # a former best trial was compared, too
        queue_compare(db, experiment, plan, trial, ["C", "S", "N"])
    shares = [now(db, experiment).fraction]
    while play(db, ended("complete"), most=5):
        shares.append(now(db, experiment).fraction)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_running_run_counts_as_far_as_it_is(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    one = register(db, experiment.id, "cpu")
    run = runs.claim(db, one, "cpu")
    assert run is not None
    writer = PointWriter(db, run.id, run.attempt)
    for epoch in (1, 2):
        writer.add("val_loss", epoch, 1 / epoch)
        writer.add("lr", epoch, 0.1)
    writer.flush(2)
    progress = now(db, experiment)
    assert [(each.run.id, each.last) for each in progress.running] == [(run.id, {"val_loss": 0.5, "lr": 0.1})]
    assert progress.stages[0].done_epochs == 2
    assert [each.id for each in progress.workers] == [one]
    retire(db, one)
    assert now(db, experiment).workers == ()


def test_time_to_go_is_epochs_left_over_pace_and_workers(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    play(db, ended("complete"), most=2)
    with db.write() as connection:  # each of them took 6 s for 3 epochs
        connection.exec_driver_sql("UPDATE hlr_run SET finished_at = started_at + 6 WHERE state = 'complete'")
    assert now(db, experiment).eta_seconds is None, "nobody is at work"
    for _ in range(2):
        register(db, experiment.id, "cpu")
    left = 18 + COMPARED[1] - 6
    assert now(db, experiment).eta_seconds == pytest.approx(left * 2 / 2)


def test_a_worker_started_by_hand_counts_while_it_holds_a_run(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    helper = register(db, None, "cpu")
    assert now(db, experiment).workers == ()
    runs.claim(db, helper, "cpu")
    assert [each.id for each in now(db, experiment).workers] == [helper]


def test_an_experiment_without_its_conductor_is_abandoned(db: Database) -> None:
    experiment = create(db)
    assert now(db, experiment).abandoned
    host, pid, started = me()
    assert take_conductor(db, experiment.id, host, pid, started, is_alive)
    assert (now(db, experiment).abandoned, now(db, experiment).conducted) == (False, True)
    row = experiment_by_id(db, experiment.id)
    # the pid lives, but it is another process by now
    assert look(db, replace(row, conductor_started=started - 1000)).abandoned
    elsewhere = look(db, replace(row, conductor_host=socket.gethostname() + "-other"))
    assert (elsewhere.conducted, elsewhere.abandoned) == (None, False)
    assert not look(db, replace(row, conductor_host=None, state="stopped")).abandoned


def test_progress_is_visible_without_the_plug_ins_of_an_experiment(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    play(db, ended("complete"), most=3)
    document = copy.deepcopy(DOCUMENT)
    document["task"]["name"] = "task_of_a_plug_in"
    with db.write() as connection:
        connection.execute(table.update().values(spec=json.dumps(document)))
    progress = now(db, experiment)
    assert [(s.stage, s.ended_runs, s.planned_runs) for s in progress.stages] == [("search", 3, 6)]
    assert progress.fraction == 0.5

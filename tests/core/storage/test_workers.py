from __future__ import annotations

import pytest

from core.storage.engine import Database
from core.storage.experiments import Experiment, delete_experiment
from core.storage.processes import is_alive
from core.storage.workers import beat, list_workers, register, retire


def test_a_worker_from_its_start_to_its_end(db: Database, experiment: Experiment) -> None:
    mine = register(db, experiment.id, "cuda:0", log="/tmp/w.log")
    other = register(db, None, "cpu", worker_id="tag-1")
    assert other == "tag-1"
    (worker,) = list_workers(db, experiment.id)
    assert (worker.id, worker.state, worker.device, worker.log, worker.beat) == (
        mine, "idle", "cuda:0", "/tmp/w.log", 0
    )  # fmt: skip
    assert is_alive(worker.host, worker.pid, worker.started) is True
    beat(db, mine, "busy", "r1")
    beat(db, mine, "busy", "r1")
    (after,) = list_workers(db, experiment.id)
    assert (after.state, after.run_id, after.beat) == ("busy", "r1", 2)
    assert after.seen_at > worker.seen_at
    retire(db, mine)
    assert {each.id: (each.state, each.run_id) for each in list_workers(db)} == {
        mine: ("gone", None), other: ("idle", None)
    }  # fmt: skip


def test_a_worker_goes_with_its_experiment(db: Database, experiment: Experiment) -> None:
    worker, other = register(db, experiment.id, "cpu"), register(db, None, "cpu")
    delete_experiment(db, experiment.id)
    assert [each.id for each in list_workers(db)] == [other]
    beat(db, worker, "idle")  # its process may still be about to end
    retire(db, worker)
    assert [each.id for each in list_workers(db)] == [other]


def test_two_workers_cannot_have_one_id(db: Database) -> None:
    import sqlalchemy.exc

    register(db, None, "cpu", worker_id="tag")
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        register(db, None, "cpu", worker_id="tag")

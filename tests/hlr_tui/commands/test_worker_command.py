"""`hlr-tui worker`: a worker by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from campaign import Campaign

from core.execution.queue import enqueue
from core.execution.submit import submit
from core.storage.engine import open_database


def test_a_worker_by_hand_trains_what_is_queued_and_ends(make_campaign: Callable[..., Campaign]) -> None:
    """Also without a conductor: the queue stands in the database."""
    from campaign import plan_of

    made = make_campaign(compare__seeds=[1, 2, 3])
    db = open_database(made.place.storage)
    plan = plan_of(made.spec)
    enqueue(db, submit(db, plan, made.place).id, plan.fixed_runs)
    db.close()
    made.run("worker", "--max-runs", "2", "--device", "cpu")
    assert sorted(run.state for run in made.runs()) == ["complete", "complete", "queued"]
    made.run("worker", "--idle", "0", "--device", "cpu")
    assert {run.state for run in made.runs()} == {"complete"}
    assert made.workers() == []


@pytest.mark.parametrize(
    ("option", "value"), [("--max-runs", "0"), ("--max-runs", "many"), ("--idle", "-1"), ("--idle", "inf")]
)
def test_impossible_limits_are_refused(option: str, value: str, make_campaign: Callable[..., Campaign]) -> None:
    refused = make_campaign().run("worker", option, value, code=2)
    assert option in refused.stderr
    assert value in refused.stderr


def test_without_a_database_there_is_nothing_to_do(make_campaign: Callable[..., Campaign]) -> None:
    assert "no experiments here yet" in make_campaign().run("worker", code=3).stderr

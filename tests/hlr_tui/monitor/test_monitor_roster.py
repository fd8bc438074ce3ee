"""What the monitor knows of runs, after each thing that may happen to them, against the rows of the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from watched_experiment import begin, make

from core.storage.engine import Database
from core.storage.experiments import Experiment, delete_runs
from core.storage.runs import requeue_failed, runs_of
from hlr_tui.monitor.roster import Roster


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[tuple[Database, Experiment]]:
    db, experiment = make(tmp_path)
    yield db, experiment
    db.close()


def known(roster: Roster) -> dict[str, tuple[object, ...]]:
    return {row.id: (row.state, row.epoch, row.attempt, row.value) for row in roster}


def there(db: Database, experiment: Experiment) -> dict[str, tuple[object, ...]]:
    return {run.id: (run.state, run.epoch, run.attempt, run.value) for run in runs_of(db, experiment.id)}


def test_the_roster_follows_runs_from_queue_to_end(campaign: tuple[Database, Experiment]) -> None:
    db, experiment = campaign
    roster = Roster(db, experiment.id)
    roster.refresh()
    assert len(roster) == 9
    assert {row.state for row in roster} == {"queued"}
    first, second = begin(db, 2)
    first.write([1.0, 0.5])
    roster.refresh()
    assert known(roster) == there(db, experiment)
    first.finish(0.25)
    second.diverge()
    quick = begin(db)[0]  # comes and ends between two looks
    quick.finish(0.5)
    roster.refresh()
    assert known(roster) == there(db, experiment)
    assert requeue_failed(db, experiment.id) >= 0
    begin(db)[0].write([0.3])
    roster.refresh()
    assert known(roster) == there(db, experiment)
    while delete_runs(db, experiment.id):
        pass
    roster.refresh()
    assert len(roster) == 0


def test_runs_that_may_have_lost_points_are_named(campaign: tuple[Database, Experiment]) -> None:
    db, experiment = campaign
    roster = Roster(db, experiment.id)
    roster.refresh()
    attempt, other = begin(db, 2)
    attempt.write([1.0, 0.5, 0.25])
    assert roster.refresh() == {attempt.run.id, other.run.id}  # from queued to running
    other.write([1.0])
    assert roster.refresh() == set()
    attempt.rewind(1)
    assert roster.refresh() == {attempt.run.id}

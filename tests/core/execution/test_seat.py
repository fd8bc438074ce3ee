"""Whether somebody sits in the conductor's chair, here and on another host."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.execution.seat import Pulse, conducted, settled
from core.storage import tables
from core.storage.engine import Database, open_database
from core.storage.experiments import (
    Experiment,
    create_experiment,
    experiment_by_id,
    leave_conductor,
    set_state,
    take_conductor,
)
from core.storage.processes import is_alive, me

ELSEWHERE = ("elsewhere", 1, 1.0)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(str(tmp_path / "hlr.db"))
    yield made
    made.close()


@pytest.fixture
def experiment(db: Database) -> Experiment:
    return create_experiment(db, "tiny", "run", "{}")


def held_by(db: Database, experiment: Experiment, holder: tuple[str, int, float]) -> Experiment:
    assert take_conductor(db, experiment.id, *holder, is_alive)
    return experiment_by_id(db, experiment.id)


def beat(db: Database, experiment: Experiment) -> None:
    with db.write() as connection:
        connection.execute(tables.experiment.update().values(conductor_beat=experiment.conductor_beat + 1))


def test_on_this_host_the_process_counts(db: Database, experiment: Experiment) -> None:
    assert not conducted(db, experiment)
    assert conducted(db, held_by(db, experiment, me()), stale_seconds=0)
    leave_conductor(db, experiment.id)
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
        assert not conducted(db, held_by(db, experiment, (me()[0], process.pid, me()[2])))


def test_on_another_host_the_beat_counts(db: Database, experiment: Experiment) -> None:
    seen = held_by(db, experiment, ELSEWHERE)
    assert not conducted(db, seen, stale_seconds=0)
    beat(db, seen)
    assert conducted(db, seen, stale_seconds=0)
    assert not conducted(db, experiment_by_id(db, experiment.id), stale_seconds=0)


def test_a_chair_that_is_left_or_taken_meanwhile_is_seen(db: Database, experiment: Experiment) -> None:
    seen = held_by(db, experiment, ELSEWHERE)
    assert take_conductor(db, experiment.id, *me(), lambda *holder: False)
    assert conducted(db, seen, stale_seconds=0)
    leave_conductor(db, experiment.id)
    assert not conducted(db, seen, stale_seconds=0)


def test_nobody_waits_for_a_conductor_that_has_died_while_it_stopped(db: Database, experiment: Experiment) -> None:
    set_state(db, experiment.id, "stopping")
    stopping = held_by(db, experiment, (me()[0], me()[1], me()[2] - 1000))
    assert settled(db, stopping).state == "stopping"


def test_pulse() -> None:
    times = [0.0]
    pulse = Pulse(lambda: times[-1])
    seen = []
    # each process has a clock of its own; a beat that stands still for 30 s is its end, one that moves is not
    for time, moving, still in ((0.0, 5, 5), (29.0, 6, 5), (30.5, 6, 5), (58.0, 6, 5), (60.0, 6, 5), (61.0, 1, 5)):
        times.append(time)
        seen.append((pulse.alive(ELSEWHERE, moving), pulse.alive(("elsewhere", 2, 1.0), still)))
    assert seen == [(True, True), (True, True), (True, False), (True, False), (False, False), (True, False)]
    times.append(1000.0)
    assert pulse.alive(me(), 0)
    assert not pulse.alive((me()[0], me()[1], me()[2] - 1000), 0)

from __future__ import annotations

from multiprocessing.pool import Pool

import crew
import pytest
from crew import new_run

from core.storage import runs
from core.storage.engine import Database
from core.storage.experiments import (
    Experiment,
    ExperimentExists,
    UnknownExperiment,
    beat_conductor,
    clear_stop,
    create_experiment,
    delete_experiment,
    experiment_by_id,
    find_experiment,
    get_experiment,
    leave_conductor,
    list_experiments,
    request_stop,
    set_state,
    take_conductor,
    update_spec,
)
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.reader import points_of


def test_what_is_written_is_read_back(db: Database) -> None:
    made = create_experiment(db, "a", "all", '{"x": 1}', workspace="/tmp/w", plugins="/tmp/p", workers_wanted=3)
    assert made == get_experiment(db, "a") == experiment_by_id(db, made.id)
    assert (made.mode, made.spec, made.workspace, made.plugins) == ("all", '{"x": 1}', "/tmp/w", "/tmp/p")
    assert (made.state, made.stop_requested, made.workers_wanted, made.conductor) == ("running", False, 3, None)
    request_stop(db, made.id)
    assert get_experiment(db, "a").stop_requested is True
    clear_stop(db, made.id)
    set_state(db, made.id, "failed", "no runs")
    update_spec(db, made.id, "{}")
    found = get_experiment(db, "a")
    assert (found.stop_requested, found.state, found.error, found.spec) == (False, "failed", "no runs", "{}")
    assert found.updated_at > found.created_at


def test_names_are_unique_and_unknown_ones_get_a_hint(db: Database) -> None:
    with pytest.raises(UnknownExperiment, match="there are no experiments yet"):
        get_experiment(db, "osc")
    create_experiment(db, "osc-lstm", "run", "{}")
    with pytest.raises(ExperimentExists, match='"osc-lstm" exists already'):
        create_experiment(db, "osc-lstm", "run", "{}")
    with pytest.raises(UnknownExperiment, match='did you mean "osc-lstm"'):
        get_experiment(db, "osc-lstn")
    assert find_experiment(db, "osc-lstn") is None
    assert [found.name for found in list_experiments(db)] == ["osc-lstm"]


def test_deleting_an_experiment_takes_its_runs_and_points_and_nobody_elses(db: Database) -> None:
    for name in ("gone", "stays"):
        made = create_experiment(db, name, "run", "{}")
        runs.add_runs(db, [new_run(made, name)])
        run = runs.claim(db, "w", "cpu", made.id)
        assert run is not None
        writer = PointWriter(db, name, run.attempt)
        writer.add("val_loss", 1, 0.5)
        writer.flush()
    gone = get_experiment(db, "gone")
    delete_experiment(db, gone.id)
    assert [found.name for found in list_experiments(db)] == ["stays"]
    assert list(points_of(db, gone.id)) == []
    assert runs.get_run(db, "gone") is None
    assert len(list(points_of(db, get_experiment(db, "stays").id))) == 1
    assert create_experiment(db, "gone", "run", "{}").id > gone.id + 1, "an id is given once"


def test_one_of_many_processes_gets_the_chair(db: Database, experiment: Experiment, others: Pool) -> None:
    jobs = [(db.url, experiment.id)] * crew.SIZE
    for _ in range(3):
        taken = others.starmap(crew.take_chair, jobs, chunksize=1)
        assert sum(taken) == 1
        holder = experiment_by_id(db, experiment.id).conductor
        assert holder is not None
        assert is_alive(*holder) is True
        assert not beat_conductor(db, experiment.id), "this process does not sit in the chair"
        leave_conductor(db, experiment.id)
        assert experiment_by_id(db, experiment.id).conductor == holder
        # The holder dies, for whoever asks next.
        assert take_conductor(db, experiment.id, *me(), lambda *_: False)
        leave_conductor(db, experiment.id)


@pytest.mark.parametrize(("alive", "taken"), [(True, False), (None, False), (False, True)])
def test_the_chair_of_a_dead_holder_is_free(
    db: Database, experiment: Experiment, alive: bool | None, taken: bool
) -> None:
    assert take_conductor(db, experiment.id, "far", 7, 1.5, is_alive)
    assert take_conductor(db, experiment.id, "far", 7, 1.5, lambda *_: True), "ours already"
    asked = []

    def of(host: str, pid: int, started: float) -> bool | None:
        asked.append((host, pid, started))
        return alive

    assert take_conductor(db, experiment.id, *me(), of) is taken
    assert asked == [("far", 7, 1.5)]
    holder = experiment_by_id(db, experiment.id).conductor
    assert holder == (me() if taken else ("far", 7, 1.5))
    assert beat_conductor(db, experiment.id) is taken
    assert experiment_by_id(db, experiment.id).conductor_beat == taken
    leave_conductor(db, experiment.id)
    assert experiment_by_id(db, experiment.id).conductor == (None if taken else ("far", 7, 1.5))

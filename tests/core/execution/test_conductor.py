"""The conductor in one process: what it leaves behind does not depend on when it was killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench
from campaign import document

from core.execution.conductor import Conductor, Unseated
from core.execution.executors.local import LocalExecutor
from core.storage.experiments import get_experiment, leave_conductor, request_stop, take_conductor
from core.storage.processes import me
from core.storage.runs import counts

SPEC = document(
    experiment__mode="all",
    training__epochs=5,
    methods__schedulers=["N", "EH"],
    optimize__trials=9,
    optimize__batch=3,
    optimize__seeds=2,
    optimize__pruner="median",
    compare__budgets=[2, 4],
    compare__seeds=2,
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    bench = Bench(tmp_path_factory.mktemp("undisturbed"), SPEC)
    assert bench.live()
    bench.close()
    return bench.result()


def test_an_undisturbed_campaign_has_everything(undisturbed: dict[str, object]) -> None:
    """The reference of the other tests is worth something: all endings occur, and nothing is left over."""
    runs, trials = undisturbed["runs"], undisturbed["trials"]
    assert isinstance(runs, list)
    assert isinstance(trials, dict)
    assert undisturbed["state"] == "complete"
    assert {row[6] for row in runs} == {"complete", "pruned", "diverged"}
    assert sorted(trials) == ["tiny-AdamW-EH", "tiny-AdamW-N"]
    assert {trial[1].name for study in trials.values() for trial in study} == {"COMPLETE", "PRUNED"}
    for study in trials.values():
        assert [trial[0] for trial in study] == list(range(9))
    assert len(runs) == 2 * 9 * 2 + 2 * 2 * 2


@pytest.mark.parametrize("first", [1, 4])
def test_kills_at_every_commit_change_nothing(first: int, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Each life of the conductor may make one commit more than the one before: between asking and queueing, between
    the trials of a batch that are told, in the middle of reports, and so on. No trial twice, no run twice."""
    bench = Bench(tmp_path, SPEC)
    lives = 0
    while not bench.live(commits=first + lives):
        lives += 1
        assert lives < 500
    assert lives > 10
    assert bench.result() == undisturbed
    bench.close()


def test_a_conductor_that_has_lost_its_chair_says_nothing_of_the_experiment(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SPEC)
    bench.submit(bench.worker_db)
    experiment = get_experiment(bench.worker_db, "tiny")
    conductor = Conductor(bench.worker_db, experiment, bench.place, LocalExecutor())
    host, pid, started = me()
    assert take_conductor(bench.worker_db, experiment.id, host, pid + 1, started, lambda *holder: False)
    with pytest.raises(Unseated):
        conductor.conduct()
    assert get_experiment(bench.worker_db, "tiny").state == "running"
    bench.close()


def test_a_stop_leaves_the_queue_as_it_is(tmp_path: Path, undisturbed: dict[str, object]) -> None:
    """Stopped before anything was trained, then taken up again: the same campaign."""
    bench = Bench(tmp_path, SPEC)
    bench.submit(bench.worker_db)
    experiment = get_experiment(bench.worker_db, "tiny")
    assert take_conductor(bench.worker_db, experiment.id, *me(), lambda *holder: None)
    conductor = Conductor(bench.worker_db, experiment, bench.place, LocalExecutor())
    conductor.prepare()
    request_stop(bench.worker_db, experiment.id)
    assert conductor.step()
    assert get_experiment(bench.worker_db, "tiny").state == "stopped"
    assert counts(bench.worker_db, experiment.id)["running"] == 0
    leave_conductor(bench.worker_db, experiment.id)
    assert bench.live()
    assert bench.result() == undisturbed
    bench.close()

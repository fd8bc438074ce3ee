"""One spec, many ways to get through it: more workers, a helper, kill -9 of anything. The points are the same."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from campaign import Campaign, Document, campaign, document, kill, leftovers, until

from core.storage.reader import points_of

SPEC = document(
    experiment__mode="all",
    model__hidden_size=32,
    training__epochs=5,
    training__batch_size=128,
    methods__schedulers=["OC", "EH"],
    methods__lr_free=["Prodigy"],
    optimize__trials=8,
    optimize__batch=2,
    optimize__seeds=2,
    optimize__pruner="median",
    compare__budgets=[5, 100],
    compare__seeds=1,
)
"""OC moves the momentum, Prodigy has no schedule, the pruner ends trials; the last runs are the long ones."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Iterator[tuple[str, Document, Any]]:
    """Points, best trials and the records of Optuna of a campaign with one worker."""
    with campaign(tmp_path_factory.mktemp("undisturbed"), data_dir, SPEC) as made:
        document = made.batch()
        assert document["state"] == "complete"
        yield made.export(), document, trials(made)


def trials(made: Campaign) -> dict[str, Any]:
    storage = optuna.storages.RDBStorage(made.place.storage)
    return {
        name: [
            (trial.number, trial.state.name, trial.params, trial.value)
            for trial in optuna.load_study(study_name=name, storage=storage).trials
        ]
        for name in sorted(optuna.get_all_study_names(storage))
    }


def assert_undisturbed(made: Campaign, document: Document, undisturbed: tuple[str, Document, Any]) -> None:
    export, reference, records = undisturbed
    assert document["state"] == "complete"
    assert document["studies"] == reference["studies"]
    assert document["comparison"] == reference["comparison"]
    assert trials(made) == records
    assert made.export() == export
    made.wait_quiet()
    assert leftovers(made.workspace) == []


def kinds(made: Campaign, helper: subprocess.Popen[str]) -> set[str]:
    """What processes there are; on no command line of theirs may the storage stand."""
    found = set()
    for process in made.processes():
        with suppress(psutil.NoSuchProcess):
            argv = process.cmdline()
            assert not [word for word in argv if "hlr.db" in word], argv
            if "-m" in argv:
                module = argv[argv.index("-m") + 1].rpartition(".")[2]
                found.add("helper" if process.pid == helper.pid else module)
    return found


def test_the_reference_prunes_and_compares(undisturbed: tuple[str, Document, Any]) -> None:
    export, document, records = undisturbed
    assert sorted(records) == ["tiny-AdamW-EH", "tiny-AdamW-OC", "tiny-Prodigy-N"]
    assert all(len(study) == 8 for study in records.values())
    assert document["runs"]["pruned"] > 0
    assert {(row["method"], row["budget"], row["seeds"]) for row in document["comparison"]} == {
        (method, budget, 1) for method in ("AdamW + OC", "AdamW + EH", "Prodigy") for budget in (5, 100)
    }
    assert ",momentum," in export
    assert ",effective_lr," in export


def test_three_workers_and_a_helper(
    make_campaign: Callable[..., Campaign], undisturbed: tuple[str, Document, Any]
) -> None:
    made = make_campaign()
    made.spec = json.loads(json.dumps(SPEC))
    running = made.start_batch("--json", "--workers", "3")
    made.wait_database()
    helper = made.start("worker", "--device", "cpu")
    until(lambda: kinds(made, helper) == {"conductor", "worker", "helper"}, "a worker by hand beside the others")
    ended = made.end(running)
    # Before it has registered it does not listen to SIGTERM, and dies of it like any process.
    until(lambda: helper.pid in {worker.pid for worker in made.workers()}, "the worker by hand in the database")
    helper.terminate()
    made.end(helper)
    assert_undisturbed(made, json.loads(ended.stdout), undisturbed)
    assert set(made.attempts().values()) == {1}


def test_kill_9_of_worker_conductor_and_everything(
    make_campaign: Callable[..., Campaign], undisturbed: tuple[str, Document, Any]
) -> None:
    """The conductor: the same command goes on. A worker: the conductor takes its run up by itself. Then everything."""
    made = make_campaign()
    made.spec = json.loads(json.dumps(SPEC))
    first = made.start_batch()
    made.wait_database()
    until(lambda: len(made.runs("complete", "pruned")) >= 16, "a part of the search")
    kill(made.conductor_pid())
    assert "its log" in made.end(first, code=3).stderr

    second = made.start_batch()
    run = made.wait_training()
    kill(made.worker_pid(run))
    again = until(lambda: next((r for r in made.runs() if r.id == run.id and r.attempt > 1), None), "a second attempt")
    assert again.deaths == 1
    made.wait_training(epoch=5)
    for process in made.processes():
        kill(process.pid)
    second.communicate()
    assert made.runs("queued", "running")

    assert_undisturbed(made, made.batch(), undisturbed)
    attempts = made.attempts()
    assert attempts[run.id] >= 2
    assert not made.runs("queued", "running", "failed")
    assert {state for study in trials(made).values() for _, state, _, _ in study} <= {"COMPLETE", "PRUNED"}
    before = made.export()
    made.batch()
    assert made.attempts() == attempts
    assert made.export() == before


def test_stop_and_resume_change_nothing(
    make_campaign: Callable[..., Campaign], undisturbed: tuple[str, Document, Any]
) -> None:
    """Ctrl-C leaves every run in the queue, with its checkpoint; the second call completes the campaign."""
    made = make_campaign()
    made.spec = json.loads(json.dumps(SPEC))
    running = made.start_batch()
    made.wait_training(epoch=5)
    running.send_signal(signal.SIGINT)
    ended = made.end(running, code=130)
    assert "goes on" in ended.stderr
    assert made.experiment.state == "stopped"
    made.wait_quiet()
    assert not made.runs("running")
    kept = [run for run in made.runs("queued") if run.checkpoint is not None]
    assert kept
    assert all(run.epoch >= 1 and Path(run.checkpoint or "").is_file() for run in kept)
    assert_undisturbed(made, made.batch(), undisturbed)
    assert all(made.attempts()[run.id] == 2 for run in kept)


HALVING = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo

@dataclass(frozen=True, slots=True, kw_only=True)
class Halving(Schedule):
    def lr(self, tick, horizon):
        return horizon.lr * 0.5 ** tick

SCHEDULER = SchedulerInfo(
    name="halving", code="HV", family="mine", tick="epoch", summary="halves", reference="none", schedule=Halving)
"""


def test_a_plugin_on_osc_with_two_workers_or_interrupted(make_campaign: Callable[..., Campaign]) -> None:
    """Another kind of data and model, and a scheduler of one's own, which every process has to be told of."""
    osc: dict[str, Any] = {
        "task__name": "osc", "task__hist": 4, "task__pred": 2, "model__name": "LSTM_Seq2Seq", "model__hidden_size": 4,
        "training__batch_size": 4096, "training__lr": 0.08, "methods__schedulers": ["HV", "OC"],
        "compare__budgets": [3, 20],
    }  # fmt: skip
    made = make_campaign("interrupted", **osc)
    made.plugin("halving", HALVING)
    running = made.start_batch()
    made.wait_training(epoch=4)
    running.send_signal(signal.SIGINT)
    made.end(running, code=130)
    made.wait_quiet()

    def recorded() -> tuple[object, ...]:
        return made.experiment, made.runs(), list(points_of(made.db, made.experiment.id))

    before = recorded()
    assert made.runs("queued")
    made.plugins = False
    refused = made.run("resume", "tiny", code=2)
    assert refused.stdout == ""
    assert 'methods.schedulers = "HV"' in refused.stderr
    assert f"--plugins {made.folder / 'plugins'}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 2
    assert recorded() == before
    made.plugins = True
    document = made.json("resume", "tiny")
    assert document["runs"]["complete"] == 4
    halved = {run.id for run in made.runs() if run.scheduler == "HV"}
    points = [point for point in points_of(made.db, made.experiment.id) if point.run_id in halved]
    rates = [point.value for point in points if point.metric == "lr"]
    assert rates == pytest.approx([0.08 * 0.5**epoch for budget in (3, 20) for epoch in range(budget)], rel=1e-12)

    many = make_campaign("many", **osc)
    many.plugin("halving", HALVING)
    assert many.batch("--workers", "2")["comparison"] == document["comparison"]
    assert many.export() == made.export()
    assert set(many.attempts().values()) == {1}

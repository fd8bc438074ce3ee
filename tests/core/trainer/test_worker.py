from __future__ import annotations

import contextlib
import io
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import BATCH, EPOCHS, STEPS_PER_EPOCH, configuration, steps

from core.errors import HlrError
from core.storage import runs
from core.storage.engine import Database, StorageError
from core.storage.experiments import Experiment, clear_stop, request_stop
from core.storage.reader import points_of
from core.storage.runs import NewRun, Run
from core.storage.workers import list_workers
from core.trainer import recorder, worker
from core.trainer.worker import Worker, main, pick_device

WATCHED = {"name": "Watched"}
SECOND_EPOCH = STEPS_PER_EPOCH + 1

NewWorker = Callable[..., Worker]
pytestmark = pytest.mark.usefixtures("watched")


def queue(db: Database, experiment: Experiment, name: str = "r", **changes: Any) -> None:
    config = configuration("AdamW", "OC", model=WATCHED) | changes
    runs.add_runs(
        db,
        [
            NewRun(
                id=name,
                experiment_id=experiment.id,
                stage="run",
                study="small-AdamW-OC",
                optimizer="AdamW",
                scheduler="OC",
                seed=config["seed"],
                budget=EPOCHS,
                config=config,
                position=0,
            )
        ],
    )


def work(one: Worker) -> None:
    """Let a worker take everything that is queued."""
    one.work(idle_seconds=0)


def found(db: Database, name: str = "r") -> Run:
    run = runs.get_run(db, name)
    assert run is not None
    return run


def points(db: Database, experiment: Experiment, name: str = "r") -> dict[tuple[str, int], float]:
    return {(each.metric, each.step): each.value for each in points_of(db, experiment.id) if each.run_id == name}


def undisturbed(db: Database, experiment: Experiment, new_worker: NewWorker) -> dict[tuple[str, int], float]:
    """The points of the same configuration in a run that nobody disturbs."""
    steps.clear()
    queue(db, experiment, "undisturbed")
    work(new_worker())
    return points(db, experiment, "undisturbed")


@contextlib.contextmanager
def when_said(phrase: str, action: Callable[[], object]) -> Iterator[io.StringIO]:
    """Do `action` when the worker's log says `phrase`."""

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            if phrase in text:
                action()
            return super().write(text)

    with contextlib.redirect_stderr(Log()) as log:
        yield log


def test_a_complete_run_has_its_curves_and_results(
    db: Database, experiment: Experiment, new_worker: NewWorker, tmp_path: Path
) -> None:
    queue(db, experiment)
    work(new_worker())
    run = found(db)
    curves = points(db, experiment)
    assert (run.state, run.epoch, run.error, run.log) == ("complete", EPOCHS, None, "worker.log")
    assert {metric for metric, _ in curves} == {
        *("train_loss", "val_loss", "val_accuracy", "lr", "momentum", "grad_norm", "update_ratio")
    }
    assert {step for _, step in curves} == set(range(1, EPOCHS + 1))
    assert run.value == run.results["val_loss"] == curves["val_loss", EPOCHS]
    assert {"test_accuracy", "test_loss", "best_epoch", "best_val_loss", "train_loss"} <= run.results.keys()
    assert not (tmp_path / "hlr" / "runs" / "r").exists()


def test_a_failing_model_fails_its_run_and_not_the_worker(
    db: Database, experiment: Experiment, new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    def boom() -> None:
        raise LookupError("boom")

    steps.at(SECOND_EPOCH, boom)
    queue(db, experiment)
    queue(db, experiment, "s")
    work(new_worker())
    run = found(db)
    assert (run.state, run.value, run.epoch) == ("failed", None, 1)
    assert run.error is not None
    first, *lines = run.error.splitlines()
    assert first == "LookupError: boom"
    assert any("watched.py, line 16, in forward: small_runs.steps.tick()" in line for line in lines)
    assert run.log == "worker.log"
    assert 'raise LookupError("boom")' in capsys.readouterr().err, "the log shows where it failed"
    assert found(db, "s").state == "complete"


def test_a_run_that_diverges_keeps_its_curve(db: Database, experiment: Experiment, new_worker: NewWorker) -> None:
    queue(db, experiment, **configuration("SGD", "N", lr=1e9, model=WATCHED))
    work(new_worker())
    run = found(db)
    assert (run.state, run.value) == ("diverged", math.inf)
    assert run.error is not None
    assert run.error.startswith("train_loss = ")
    assert "at epoch 1;" in run.error
    curve = points(db, experiment)
    assert not math.isfinite(curve["train_loss", 1]) or curve["train_loss", 1] > 1e6
    assert curve["lr", 1] == 1e9


def test_a_model_too_large_says_where_and_at_what_batch_size(
    db: Database, experiment: Experiment, new_worker: NewWorker
) -> None:
    steps.at(2, lambda: torch.empty(1 << 60))
    queue(db, experiment)
    work(new_worker())
    error = found(db).error
    assert error is not None
    assert error.startswith(f"out of memory on cpu at batch size {BATCH}: ")


def test_a_run_with_an_unknown_part_fails_with_a_plain_message(
    db: Database, experiment: Experiment, new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    queue(db, experiment, model={"name": "Wached", "params": {}})
    work(new_worker())
    assert (found(db).error or "").startswith('no model "Wached"')
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_is_pruned_while_it_trains(db: Database, experiment: Experiment, new_worker: NewWorker) -> None:
    steps.at(2 * STEPS_PER_EPOCH + 1, lambda: runs.set_prune(db, ["r"], 2))
    queue(db, experiment)
    work(new_worker())
    run = found(db)
    assert (run.state, run.value, run.error, run.epoch) == ("pruned", None, None, 2)
    assert {step for _, step in points(db, experiment)} == {1, 2}
    assert steps.done == 3 * STEPS_PER_EPOCH, "it went on after the order"


@pytest.mark.parametrize("told", ["worker", "experiment"])
def test_a_stopped_run_goes_on_where_it_was(
    db: Database, experiment: Experiment, new_worker: NewWorker, told: str
) -> None:
    first = new_worker()
    order = first.stopping.set if told == "worker" else lambda: request_stop(db, experiment.id)
    steps.at(SECOND_EPOCH, order)
    queue(db, experiment)
    work(first)
    stopped = found(db)
    assert (stopped.state, stopped.epoch, stopped.worker_id) == ("queued", 2, None)
    assert stopped.checkpoint is not None
    assert Path(stopped.checkpoint).is_file()
    if told == "experiment":
        clear_stop(db, experiment.id)
    steps.clear()
    work(new_worker())
    assert steps.done == 2 * STEPS_PER_EPOCH, "it began again"
    assert found(db).state == "complete"
    assert points(db, experiment) == undisturbed(db, experiment, new_worker)
    assert found(db).results == found(db, "undisturbed").results


def test_a_damaged_checkpoint_costs_time_and_nothing_else(
    db: Database, experiment: Experiment, new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    first = new_worker()
    steps.at(SECOND_EPOCH, first.stopping.set)
    queue(db, experiment)
    work(first)
    path = Path(found(db).checkpoint or "")
    path.write_bytes(path.read_bytes()[:-100])
    steps.clear()
    left: list[object] = []
    steps.at(1, lambda: left.append(points(db, experiment)))
    work(new_worker())
    assert left == [{}], "points of the first attempt stay beside those of the second"
    assert steps.done == EPOCHS * STEPS_PER_EPOCH
    assert "starts again, " in capsys.readouterr().err
    assert found(db).state == "complete"
    assert points(db, experiment) == undisturbed(db, experiment, new_worker)


def test_a_checkpoint_that_cannot_be_written_is_no_end(
    db: Database, experiment: Experiment, new_worker: NewWorker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hlr").mkdir()
    (tmp_path / "hlr" / "runs").write_text("a file where the folder of the runs should be")
    first = new_worker()
    steps.at(SECOND_EPOCH, first.stopping.set)
    queue(db, experiment)
    work(first)
    assert "no checkpoint at epoch 2" in capsys.readouterr().err
    assert (found(db).state, found(db).checkpoint) == ("queued", None)
    work(new_worker())
    assert found(db).state == "complete"
    assert points(db, experiment) == undisturbed(db, experiment, new_worker)


def test_a_worker_taken_for_dead_writes_nothing_more(
    db: Database, experiment: Experiment, new_worker: NewWorker, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    def take_away() -> None:
        assert runs.requeue(db, "r", 1, "its worker is gone") == "queued"
        seen["claimed"] = runs.claim(db, "somebody else", "cpu")
        seen["points"] = points(db, experiment)

    steps.at(2 * STEPS_PER_EPOCH + 1, take_away)
    queue(db, experiment)
    work(new_worker())
    assert found(db) == seen["claimed"]
    assert (found(db).attempt, found(db).worker_id, found(db).state) == (2, "somebody else", "running")
    assert points(db, experiment) == seen["points"]
    assert {step for _, step in seen["points"]} == {1, 2}
    assert steps.done == 3 * STEPS_PER_EPOCH, "it went on training for nobody"
    assert not (tmp_path / "hlr" / "runs" / "r").exists()


def test_a_database_that_is_locked_for_a_while_costs_a_pause(
    db: Database, experiment: Experiment, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.01)
    other = sqlite3.connect(db.path or "", isolation_level=None)
    steps.at(SECOND_EPOCH, lambda: other.execute("BEGIN IMMEDIATE"))
    queue(db, experiment)
    with when_said("it is tried again", lambda: other.execute("ROLLBACK")) as log:
        work(new_worker(patience=60))
    assert "storage: works again" in log.getvalue()
    assert found(db).state == "complete"
    assert points(db, experiment) == undisturbed(db, experiment, new_worker)
    other.close()


def test_a_worker_gives_up_on_a_database_that_stays_locked(
    db: Database, experiment: Experiment, new_worker: NewWorker
) -> None:
    other = sqlite3.connect(db.path or "", isolation_level=None)
    steps.at(SECOND_EPOCH, lambda: other.execute("BEGIN IMMEDIATE"))
    queue(db, experiment)
    waits: list[None] = []

    def come_back_late() -> None:
        waits.append(None)
        if len(waits) == 2:
            other.execute("ROLLBACK")

    with when_said("it is tried again", come_back_late) as log, pytest.raises(StorageError) as caught:
        work(new_worker())
    assert caught.value.exit_code == 3
    assert "Traceback" not in log.getvalue()
    other.close()  # rolls back
    # The run is neither lost nor failed: its conductor finds the worker gone and gives the run to another one.
    assert (found(db).state, found(db).attempt) == ("running", 1)
    assert runs.requeue(db, "r", 1, "its worker is gone") == "queued"
    work(new_worker())
    assert found(db).state == "complete"
    assert points(db, experiment) == undisturbed(db, experiment, new_worker)


def test_a_worker_shows_that_it_lives(
    db: Database, experiment: Experiment, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.001)
    one = new_worker()

    def wait_for_beat() -> None:
        deadline = time.monotonic() + 30
        while list_workers(db)[0].beat == 0:
            assert time.monotonic() < deadline
        steps.at(steps.done + 1, lambda: rows.append(list_workers(db)[0]))

    rows: list[Any] = []
    steps.at(1, wait_for_beat)
    queue(db, experiment)
    work(one)
    assert [(row.state, row.run_id) for row in rows] == [("busy", "r")]
    (last,) = list_workers(db)
    assert (last.state, last.run_id) == ("gone", None)


def test_a_heart_survives_a_database_that_is_locked(
    db: Database, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.001)
    one = new_worker()
    other = sqlite3.connect(db.path or "", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    missed = threading.Event()
    with when_said("heartbeat: ", missed.set):
        heart = threading.Thread(target=one._beat)
        heart.start()
        assert missed.wait(30)
        other.execute("ROLLBACK")
        deadline = time.monotonic() + 30
        while list_workers(db)[0].beat == 0:
            assert time.monotonic() < deadline
        one.finished.set()
        heart.join()
    other.close()


def test_a_worker_takes_so_many_runs_and_no_more(db: Database, experiment: Experiment, new_worker: NewWorker) -> None:
    for name in ("a", "b", "c"):
        queue(db, experiment, name)
    new_worker().work(max_runs=2)
    assert [found(db, name).state for name in ("a", "b", "c")] == ["complete", "complete", "queued"]


def test_a_device_that_is_not_there_is_named() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(HlrError, match='device "cuda:77" is not available here'):
        pick_device("cuda:77")


def test_a_worker_without_a_database_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.db"
    argv = ["--storage", str(missing), "--workspace", str(tmp_path), "--data-dir", str(tmp_path)]
    assert main(argv) == 3
    assert f"{missing} does not exist" in capsys.readouterr().err

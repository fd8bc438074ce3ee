"""`delete`: all that belongs to an experiment goes, nothing else does, and a kill half way leaves no riddle."""

from __future__ import annotations

import json
import os
import pty
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from campaign import Campaign, kill, leftovers, until

from core.execution import removal
from core.execution.queue import enqueue
from core.execution.removal import Removal, belongings
from core.plan import make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database, optuna_storage
from core.storage.experiments import create_experiment, find_experiment, get_experiment, set_state
from core.storage.points import PointWriter
from core.storage.reader import points_of
from core.storage.runs import claim, runs_of, set_checkpoint
from core.storage.workers import beat, register
from hlr_tui.__main__ import main


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(str(tmp_path / "hlr" / "hlr.db"))
    yield database
    database.close()


def searched(db: Database, workspace: Path, name: str, trials: int = 2) -> None:
    """A search with EH whose runs have points, of which the last one was stopped and has a checkpoint."""
    text = json.dumps(
        {
            "experiment": {"name": name, "mode": "optimize"},
            "task": {"name": "digits"},
            "training": {"epochs": 4},
            "methods": {"optimizers": ["AdamW"], "schedulers": ["EH"], "lr_free": []},
        }
    )
    experiment = create_experiment(db, name, "optimize", text, workspace=str(workspace))
    plan = make_plan(spec_from_json(text, "test"))
    (study_plan,) = plan.studies
    study = optuna.create_study(study_name=study_plan.name, storage=optuna_storage(db))
    for number in range(trials):
        lr, infimum_lr = 0.01 * (number + 1), 1e-6
        trial = study.ask()
        params = {"lr": lr, "infimum_lr": infimum_lr, "upper_bound": 250}
        for key, value in params.items():
            trial.suggest_float(key, value, value)
        trial.report(0.5, 1)
        (planned,) = search_runs(plan.spec, study_plan, number, params)
        enqueue(db, experiment.id, [planned], trial._trial_id)
        run = claim(db, "gone", "cpu", experiment.id)
        assert run is not None
        writer = PointWriter(db, run.id, run.attempt)
        for epoch in (1, 2, 3):
            writer.add("val_loss", epoch, 0.5 / epoch)
        if number < trials - 1:
            writer.finish("complete", 0.1, {}, epoch=3)
            study.tell(trial, 0.1)
        else:
            writer.flush(3)
            folder = workspace / "runs" / run.id
            folder.mkdir(parents=True)
            (folder / "checkpoint.pt").write_bytes(b"state")
            set_checkpoint(db, run.id, run.attempt, str(folder / "checkpoint.pt"), 3)
    log = workspace / "logs" / name / "conductor.log"
    log.parent.mkdir(parents=True)
    log.write_text("conducts\n")
    set_state(db, experiment.id, "stopped")


def study_names(db: Database) -> set[str]:
    return set(optuna.get_all_study_names(storage=optuna_storage(db)))


def trials_of(db: Database, name: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=name, storage=optuna_storage(db)).get_trials()


def homeless(db: Database) -> dict[str, int]:
    """Rows of Optuna's tables that belong to a trial or a study that is gone."""
    found = {}
    with db.read() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        for table in tables:
            columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            for key, parent in (("trial_id", "trials"), ("study_id", "studies")):
                if key in columns and table not in (parent, "hlr_run"):
                    query = f"SELECT count(*) FROM {table} WHERE {key} NOT IN (SELECT {key} FROM {parent})"
                    found[f"{table}.{key}"] = connection.exec_driver_sql(query).scalar_one()
    assert len(found) > 8, "Optuna's tables are not named as this test thinks"
    return {name: number for name, number in found.items() if number}


def delete(workspace: Path, name: str, *options: str) -> int:
    return main(["delete", name, "--yes", *options, "--workspace", str(workspace)])


def test_neighbours_whose_names_begin_alike_keep_everything(
    db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "hlr"
    for name in ("osc", "osc-AdamW", "osc-2"):
        searched(db, workspace, name)
    others = ["osc-AdamW-AdamW-EH", "osc-2-AdamW-EH", "osc-AdamW-EH-by-hand"]
    by_hand = optuna.create_study(study_name=others[2], storage=optuna_storage(db))
    by_hand.tell(by_hand.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)}), 1.0)
    foreign = optuna.load_study(study_name="osc-AdamW-EH", storage=optuna_storage(db))
    foreign.tell(foreign.ask(), 2.0)  # as the original program would add one
    neighbours = [get_experiment(db, name) for name in ("osc-AdamW", "osc-2")]
    before = [trials_of(db, name) for name in others]
    runs = [runs_of(db, each.id) for each in neighbours]
    points = [list(points_of(db, each.id)) for each in neighbours]
    assert delete(workspace, "osc") == 0
    shown = capsys.readouterr()
    assert shown.out == "osc is deleted\n"
    assert "osc: 2 runs with 6 points" in shown.err
    assert "study osc-AdamW-EH: 3 trials, 1 of them not trained by this experiment" in shown.err
    assert find_experiment(db, "osc") is None
    assert study_names(db) == set(others)
    assert [trials_of(db, name) for name in others] == before
    assert [runs_of(db, each.id) for each in neighbours] == runs
    assert [list(points_of(db, each.id)) for each in neighbours] == points
    assert homeless(db) == {}
    assert {path.name for path in (workspace / "logs").iterdir()} == {"osc-AdamW", "osc-2"}
    assert len(list((workspace / "runs").iterdir())) == 2
    searched(db, workspace, "osc")  # its trials get ids that SQLite gave before
    assert [run.trial for run in runs_of(db, get_experiment(db, "osc").id)] == [0, 1]


def test_studies_can_stay(db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    searched(db, tmp_path / "hlr", "osc")
    before = trials_of(db, "osc-AdamW-EH")
    assert delete(tmp_path / "hlr", "osc", "--keep-studies") == 0
    assert "stays: study osc-AdamW-EH: 2 trials" in capsys.readouterr().err
    assert find_experiment(db, "osc") is None
    assert trials_of(db, "osc-AdamW-EH") == before


def test_studies_of_somebody_else_stay(db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A comparison at default parameters has no study; one of that name is the search of another program.
    text = json.dumps({"experiment": {"name": "cmp", "mode": "compare"}, "task": {"name": "digits"}})
    experiment = create_experiment(db, "cmp", "compare", text)
    enqueue(db, experiment.id, make_plan(spec_from_json(text, "test")).fixed_runs[:20])
    optuna.create_study(study_name=runs_of(db, experiment.id)[0].study, storage=optuna_storage(db))
    kept = study_names(db)
    assert delete(tmp_path / "hlr", "cmp") == 0
    assert study_names(db) == kept
    assert "study" not in capsys.readouterr().err


def test_a_study_without_trials_goes_too(db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    searched(db, tmp_path / "hlr", "osc", trials=0)
    assert delete(tmp_path / "hlr", "osc") == 0
    assert "study osc-AdamW-EH: 0 trials\n" in capsys.readouterr().err
    assert study_names(db) == set()


def test_without_a_terminal_nothing_is_deleted_unasked(
    db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(db, tmp_path / "hlr", "osc")
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert main(["delete", "osc", "--workspace", str(tmp_path / "hlr")]) == 2
    assert "`hlr-tui delete osc --yes`" in capsys.readouterr().err
    assert get_experiment(db, "osc").conductor is None
    assert study_names(db) == {"osc-AdamW-EH"}
    assert main(["delete", "os", "--yes", "--workspace", str(tmp_path / "hlr")]) == 2
    assert 'did you mean "osc"?' in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "there"), [("n", True), ("", True), ("yes", False), ("Y", False)])
def test_the_answer_counts(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, there: bool
) -> None:
    searched(db, tmp_path / "hlr", "osc")
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        assert main(["delete", "osc", "--workspace", str(tmp_path / "hlr")]) == 0
    os.close(ours)
    found = find_experiment(db, "osc")
    assert (found is not None) == ("osc-AdamW-EH" in study_names(db)) == there
    assert found is None or (found.state, found.conductor) == ("stopped", None)


def test_a_kill_after_any_step_leaves_something_that_can_be_deleted(db: Database, tmp_path: Path) -> None:
    workspace = tmp_path / "hlr"
    total = 0
    for survived in range(1, 100):
        searched(db, workspace, "osc", trials=3)
        experiment = get_experiment(db, "osc")
        with Removal(db, experiment) as begun:
            steps = begun.steps(belongings(db, experiment, workspace))
            done = [step for _, step in zip(range(survived), steps, strict=False)]
        found = find_experiment(db, "osc")
        assert (found is not None) == ("osc-AdamW-EH" in study_names(db)), "one without the other"
        assert found is not None or not leftovers(workspace), "nobody would find the folders any more"
        if found is None:
            total = len(done)
            break
        assert found.state == "failed"
        assert "`hlr-tui delete osc` ends it" in (found.error or "")
        assert claim(db, "late", "cpu") is None
        assert delete(workspace, "osc") == 0
        assert (find_experiment(db, "osc"), study_names(db), leftovers(workspace)) == (None, set(), [])
    assert total >= 4


def test_workers_elsewhere_count_while_their_heart_beats(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "hlr"
    searched(db, workspace, "osc")
    worker = register(db, None, "cuda:0")
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE hlr_worker SET host = 'far'")
        connection.exec_driver_sql("UPDATE hlr_run SET worker_id = ? WHERE state = 'running'", (worker,))
    told = threading.Event()

    def live() -> None:
        while not told.wait(0.02):
            beat(db, worker, "busy")

    heart = threading.Thread(target=live)
    heart.start()
    try:
        assert delete(workspace, "osc") == 2
    finally:
        told.set()
        heart.join()
    assert 'on far still trains a run of experiment "osc"' in capsys.readouterr().err
    experiment = get_experiment(db, "osc")
    assert (experiment.state, experiment.conductor, experiment.stop_requested) == ("stopped", None, False)
    monkeypatch.setattr(removal, "STALE_SECONDS", 0.2)
    assert delete(workspace, "osc") == 0


def test_an_experiment_at_work_is_refused_and_then_leaves_nothing(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(
        experiment__mode="optimize", methods__schedulers=["EH"], training__epochs=200, training__batch_size=8
    )
    made.end(made.start_batch("--detach"))
    run = made.wait_training()
    refused = made.run("delete", "tiny", "--yes", code=2)
    assert "`hlr-tui stop tiny` first" in refused.stderr
    conductor, worker = made.conductor_pid(), made.worker_pid(run)
    kill(conductor)
    refused = made.run("delete", "tiny", "--yes", code=2)
    assert f"worker {worker} on " in refused.stderr
    assert made.experiment.state == "running"
    made.run("stop", "tiny")
    made.wait_quiet()
    until(lambda: not made.runs("running"), "the run back in its queue")
    assert leftovers(made.workspace), "the checkpoint of the stopped run"
    made.run("delete", "tiny", "--yes")
    assert leftovers(made.workspace) == []
    assert study_names(made.db) == set()
    assert made.json("status")["experiments"] == []
    assert not (made.workspace / "logs" / "tiny").exists()

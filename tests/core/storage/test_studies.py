from __future__ import annotations

import logging
from multiprocessing.pool import Pool
from pathlib import Path

import crew
import optuna
import pytest
import sqlalchemy as sa
from crew import new_run

from core.storage import runs
from core.storage.engine import Database, StorageError, open_database, optuna_storage
from core.storage.experiments import create_experiment


def study_of(db: Database, name: str = "s") -> optuna.Study:
    return optuna.create_study(study_name=name, storage=optuna_storage(db), load_if_exists=True)


def test_optuna_works_in_the_same_database_and_says_nothing(db: Database, capfd: pytest.CaptureFixture[str]) -> None:
    study = study_of(db)
    trial = study.ask({"lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)})
    study.tell(trial, 0.5)
    assert study_of(db).best_value == 0.5
    assert optuna.logging.get_verbosity() == logging.WARNING
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("lost", [False, True], ids=["kept", "dropped by an upgrade"])
def test_a_deleted_trial_is_forgotten(tmp_path: Path, lost: bool) -> None:
    # On SQLite alone: PostgreSQL gives no trial id twice, and has no trigger.
    db = open_database(str(tmp_path / "hlr.db"))
    experiment = create_experiment(db, "x", "all", "{}")
    study = study_of(db)
    trial_ids = [study.ask()._trial_id, study.ask()._trial_id]
    kept = study_of(db, "kept").ask()._trial_id
    queue = [new_run(experiment, f"r{each}", trial_id=each) for each in (*trial_ids, kept)]
    runs.add_runs(db, queue)
    if lost:
        with db.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER hlr_trial_deleted")
    again = open_database(db.url)
    optuna.delete_study(study_name="s", storage=optuna_storage(again))
    found = {run.id: run.trial_id for run in runs.runs_of(again, experiment.id)}
    assert found == {f"r{trial_ids[0]}": None, f"r{trial_ids[1]}": None, f"r{kept}": kept}
    again.close()


def test_opening_a_database_that_optuna_made_keeps_its_studies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/HyperbolicLR-OSC-LSTM_Seq2Seq.db"
    made = optuna.create_study(study_name="HyperbolicLR", storage=url)
    made.tell(made.ask(), 1.5)
    db = open_database(url, create=False)
    with db.read() as connection:
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    assert triggers == ["hlr_trial_deleted"]
    assert study_of(db, "HyperbolicLR").best_value == 1.5
    db.close()


def test_processes_that_make_optunas_tables_at_once(db: Database, others: Pool) -> None:
    assert others.map(crew.ask_and_tell, [db.url] * crew.SIZE, chunksize=1) == [None] * crew.SIZE
    assert [trial.number for trial in study_of(db).trials] == list(range(crew.SIZE))


def test_optuna_tables_of_another_version_are_refused(db: Database) -> None:
    study_of(db)
    with db.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'v3.0.0.a'"))
    with pytest.raises(StorageError, match=r"version v3\.0\.0\.a, .*; optuna storage upgrade --storage"):
        optuna_storage(db)
    with db.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'v99'"))
    with pytest.raises(StorageError, match=r"version v99, .*; pip install --upgrade optuna"):
        optuna_storage(db)

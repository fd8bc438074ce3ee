"""Under which circumstances an experiment was trained, and that its files and data stay what they were."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import own_parts
import pytest
import sqlalchemy as sa
import torch
from campaign import document, plan_of

from core.catalog import catalog
from core.errors import SpecError
from core.execution.launch import Place
from core.execution.queue import enqueue
from core.execution.submit import submit, take_up
from core.storage import runs, tables
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, get_experiment, set_state
from core.storage.provenance import note_data, provenance_of
from core.storage.reader import points_of
from core.storage.runs import Run, runs_of
from core.trainer.worker import Worker
from core.user_code import TRUST_ENV


class Project:
    """A folder with a task of one's own, a database, and this process as the only worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = own_parts.write(folder, own_parts.IN_MEMORY)
        self.place = Place(f"sqlite:///{folder}/hlr.db", folder, folder)
        self.db: Database = open_database(self.place.storage)

    def start(self, path: Path | None = None, **changes: Any) -> Experiment:
        """Hand the spec in, and queue its runs."""
        spec = document(experiment__mode="run", **changes)
        spec |= {"task": {"file": str(path or self.path)}, "model": {}}
        plan = plan_of(spec)
        experiment = submit(self.db, plan, self.place)
        enqueue(self.db, experiment.id, plan.fixed_runs)
        return experiment

    def work(self) -> list[Run]:
        """Train what is queued, end the experiment; its runs."""
        worker = Worker(self.db, None, self.folder / "hlr", self.folder, torch.device("cpu"), patience=0.1)
        worker.work(idle_seconds=0)
        set_state(self.db, self.experiment.id, "complete")
        return runs_of(self.db, self.experiment.id)

    @property
    def experiment(self) -> Experiment:
        return get_experiment(self.db, "tiny")

    @property
    def record(self) -> dict[str, Any]:
        return provenance_of(self.db, self.experiment.id)

    def edit(self) -> str:
        """Change the file, but nothing that the spec says; its SHA-256 now."""
        self.path.write_text(self.path.read_text() + "# edited\n")
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv(TRUST_ENV, "")
    monkeypatch.chdir(tmp_path)
    catalog.cache_clear()
    made = Project(tmp_path)
    yield made
    made.db.close()
    catalog.cache_clear()


def git(*words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *words], check=True, capture_output=True, text=True).stdout.strip()


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def test_versions_machine_and_threads_are_recorded(project: Project) -> None:
    project.start(training__threads=2)
    began = project.record["began"]
    assert {"torch", "numpy", "optuna", "sqlalchemy", "prodigyopt", "dadaptation"} <= began["packages"].keys()
    assert began["packages"] == {name: installed(name) for name in began["packages"]}
    assert (began["python"], began["host"]) == (platform.python_version(), platform.node())
    assert (began["cores"], began["threads"]) == (os.cpu_count(), 2)
    assert began["folder"] == str(project.folder)
    assert began["git"] is None
    assert len(began["gpus"]) == torch.cuda.device_count()


def test_the_commit_is_recorded_and_whether_files_differ_from_it(project: Project) -> None:
    git("init", "-q")
    (project.folder / "notes.txt").write_text("one\n")
    git("add", "notes.txt")
    git("commit", "-qm", "one")
    project.start()
    commit = git("rev-parse", "HEAD")
    assert project.record["began"]["git"] == {"commit": commit, "changed": False}, "new files are no change"
    assert "later" not in project.record

    set_state(project.db, project.experiment.id, "complete")
    (project.folder / "notes.txt").write_text("two\n")
    for _ in range(2):  # the second time finds nothing new
        project.start()
        set_state(project.db, project.experiment.id, "complete")
        (later,) = project.record["later"]
        assert later["git"] == {"commit": commit, "changed": True}
    assert project.record["began"]["git"] == {"commit": commit, "changed": False}


def test_a_password_on_the_command_line_is_not_recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/bin/hlr-tui", "--batch", "s.toml"])
    project.start()
    assert project.record["began"]["command"] == ["hlr-tui", "--batch", "s.toml"]
    monkeypatch.setattr("sys.argv", ["hlr-tui", "--storage", "postgresql://me:secret@host/db"])
    project.start(experiment__name="other")
    assert "secret" not in get_experiment(project.db, "other").provenance


def test_files_and_data_are_recorded(project: Project) -> None:
    project.start()
    sha256 = hashlib.sha256(project.path.read_bytes()).hexdigest()
    assert project.record["files"] == {str(project.path): sha256}
    assert "data" not in project.record
    assert [run.state for run in project.work()] == ["complete"]
    assert project.record["data"] == {"mine": "c"}, "what the task says of its data"


def test_digits_are_recorded_with_the_checksum_of_the_task(project: Project, tmp_path: Path) -> None:
    plan = plan_of(document(experiment__mode="run"))
    experiment = submit(project.db, plan, project.place)
    enqueue(project.db, experiment.id, plan.fixed_runs)
    project.work()
    assert project.record["data"] == {"digits": catalog().tasks.get("digits").recipe().load(tmp_path).checksum}


def test_a_file_may_change_until_something_was_trained_with_it(project: Project) -> None:
    project.start()
    sha256 = project.edit()
    project.start()
    assert project.record["files"] == {str(project.path): sha256}
    project.work()

    project.edit()
    refused = rf'test: file = "{project.path}": has changed since runs of experiment "tiny" were trained with it \('
    with pytest.raises(SpecError, match=refused + r"take another experiment\.name, or `hlr-tui delete tiny`"):
        project.start()
    with pytest.raises(SpecError, match="has changed since runs"):
        take_up(project.db, project.experiment)
    assert project.record["files"] == {str(project.path): sha256}
    assert project.experiment.state == "complete", "nothing has been touched"


def test_a_failed_run_lets_its_file_be_mended(project: Project) -> None:
    text = project.path.read_text()
    project.path.write_text(
        text.replace("    def augment", "    def prepare(self, inputs):\n        raise KeyError(7)\n    def augment")
    )
    project.start()
    (failed,) = project.work()
    line = project.path.read_text().splitlines().index("        raise KeyError(7)") + 1
    assert failed.state == "failed"
    assert failed.error == f"KeyError: 7\n  {project.path}, line {line}, in prepare: raise KeyError(7)"
    project.path.write_text(text)
    project.start()
    assert [run.state for run in project.work()] == ["complete"]


def test_a_checkpoint_is_something_trained(project: Project) -> None:
    experiment = project.start()
    run = runs.claim(project.db, "w", "cpu", experiment.id)
    assert run is not None
    runs.set_checkpoint(project.db, run.id, run.attempt, "checkpoint.pt", 1)
    runs.release(project.db, run.id, run.attempt)
    project.edit()
    with pytest.raises(SpecError, match="has changed since runs"):
        project.start()


def test_a_copy_of_the_folder_counts_by_its_text(project: Project) -> None:
    project.start()
    project.work()
    same, edited = (project.folder / name / "mine.py" for name in ("same", "edited"))
    for copy, added in ((same, ""), (edited, "# edited\n")):
        copy.parent.mkdir()
        copy.write_text(project.path.read_text() + added)
    with pytest.raises(SpecError, match=r"edited/mine\.py.* has changed since runs"):
        project.start(edited)
    assert project.start(same).state == "running"
    assert [run.attempt for run in project.work()] == [1], "and nothing is trained again"


def test_a_file_that_changes_while_runs_wait_fails_them(project: Project) -> None:
    project.start()
    project.edit()
    (run,) = project.work()
    assert run.state == "failed"
    assert run.error == f"{project.path}: has changed since the experiment was started; start it again"
    project.start()
    assert [run.state for run in project.work()] == ["complete"]


def test_two_workers_with_different_data_are_told_apart(project: Project) -> None:
    """The second one finds other data in its folder than the first one did."""
    experiment = project.start(training__seeds=[1, 2])
    assert note_data(project.db, experiment.id, "mine", "another") == "another"
    assert {run.state for run in project.work()} == {"failed"}
    error = runs_of(project.db, experiment.id)[0].error
    assert error is not None
    assert error.startswith("the data of task mine are not those of earlier runs (checksum c…, then another…)")
    assert "hlr-tui data verify" in error
    assert project.record["data"] == {"mine": "another"}


def columns(db: Database) -> dict[str, set[str]]:
    inspector = sa.inspect(db.engine)
    return {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names()
        if name.startswith("hlr_")
    }


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Database]]:
    databases: list[Database] = []

    def make(path: Path) -> Database:
        databases.append(open_database(str(path)))
        return databases[-1]

    yield make
    for database in databases:
        database.close()


def test_a_database_of_the_first_release_is_brought_forward(opened: Callable[[Path], Database], tmp_path: Path) -> None:
    """schema_1.sql is what that release wrote."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    before = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("hlr_run", "hlr_point")]
    connection.close()

    db = opened(path)
    assert columns(db) == columns(opened(tmp_path / "new.db"))
    experiment = get_experiment(db, "old")
    assert (experiment.workspace, experiment.plugins, experiment.workers_wanted) == ("/w", "/p", 2)
    assert provenance_of(db, experiment.id) == {}
    assert json.loads(experiment.provenance) == {}
    assert [(run.id, run.state, run.value) for run in runs_of(db, experiment.id)] == [
        ("r1", "complete", 0.25), ("r2", "queued", None)
    ]  # fmt: skip
    assert [str(point.value) for point in points_of(db, experiment.id)] == ["0.5", "nan"]
    assert note_data(db, experiment.id, "digits", "sum") == "sum"
    for _ in range(2):  # the second time there is nothing to do
        again = opened(path)
        with again.read() as rows:
            assert rows.execute(sa.select(tables.meta.c.value)).scalars().all() == [str(tables.SCHEMA)]
        assert provenance_of(again, experiment.id) == {"data": {"digits": "sum"}}
    with sqlite3.connect(path) as connection:
        after = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("hlr_run", "hlr_point")]
    connection.close()
    assert after == before


def test_nothing_is_known_of_an_experiment_that_is_gone(project: Project) -> None:
    assert provenance_of(project.db, 99) == {}

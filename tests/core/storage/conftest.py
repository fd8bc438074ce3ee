"""The contract suite runs on SQLite, and on PostgreSQL too where HLR_TEST_POSTGRES gives the URL of a database."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from pathlib import Path

import crew
import pytest
import sqlalchemy as sa
from crew import new_run

from core.storage import runs
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment
from core.storage.runs import Run

POSTGRES = os.environ.get("HLR_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty place for a database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hlr.db"
        return
    assert POSTGRES is not None
    schema = "hlr_" + uuid.uuid4().hex
    engine = sa.create_engine(POSTGRES)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    place = sa.make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"})
    yield place.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def impatient(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same database for somebody who does not wait for locks."""
    url = sa.make_url(db.url)
    if db.path is None:
        options = f"{url.query['options']} -clock_timeout=1"
        database = open_database(url.update_query_dict({"options": options}).render_as_string(hide_password=False))
    else:
        monkeypatch.setattr("core.storage.sqlite.BUSY_SECONDS", 0.0)
        database = open_database(db.url)
    yield database
    database.close()


@pytest.fixture
def experiment(db: Database) -> Experiment:
    return create_experiment(db, "osc-lstm", "all", "{}")


@pytest.fixture
def claimed(db: Database, experiment: Experiment) -> Callable[[str], Run]:
    """Queues a run of that name and claims it."""

    def make(run_id: str) -> Run:
        runs.add_runs(db, [new_run(experiment, run_id)])
        found = runs.claim(db, "worker", "cpu")
        assert found is not None
        assert found.id == run_id
        return found

    return make


@pytest.fixture(scope="session")
def others() -> Iterator[Pool]:
    """Eight warm processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(crew.SIZE, crew.start, (context.Barrier(crew.SIZE),)) as pool:
        yield pool

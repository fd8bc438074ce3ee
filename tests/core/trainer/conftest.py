"""A database with one experiment, and a plug-in model that does at a training step what a test wants done there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_runs

from core.catalog import catalog
from core.storage import sqlite
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment
from core.trainer.worker import Worker

PLUGIN = """
from dataclasses import dataclass

import small_runs
from core.component import ModelInfo, ModelRecipe


@dataclass(frozen=True, kw_only=True)
class Watched(ModelRecipe):
    def build(self, shape):
        from torch import nn

        class Network(nn.Sequential):
            def forward(self, inputs):
                if self.training:
                    small_runs.steps.tick()
                return super().forward(inputs)

        return Network(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 10))


MODEL = ModelInfo(name="Watched", code="Watched", kind="image", summary="", reference="", recipe=Watched)
"""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "watched.py").write_text(PLUGIN)
    monkeypatch.setenv("HLR_PLUGINS", str(folder))
    catalog.cache_clear()
    small_runs.steps.clear()
    yield
    catalog.cache_clear()


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)  # a locked database fails at once
    database = open_database(str(tmp_path / "hlr.db"))
    yield database
    database.close()


@pytest.fixture
def experiment(db: Database) -> Experiment:
    return create_experiment(db, "small", "run", "{}")


@pytest.fixture
def new_worker(db: Database, tmp_path: Path) -> Callable[..., Worker]:
    """Makes workers that write every point at once and give up on a failing storage soon."""

    def make(**changes: float) -> Worker:
        settings = {"patience": 0.05, "flush_seconds": 0.0} | changes
        return Worker(db, None, tmp_path / "hlr", tmp_path / "data", small_runs.CPU, "worker.log", **settings)

    return make

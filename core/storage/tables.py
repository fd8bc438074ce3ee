"""Our tables, beside Optuna's in the same database. Times are unix seconds."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

SCHEMA = 2
"""Version of the tables below, kept in ``hlr_meta`` under the key "schema"."""

MIGRATIONS = {2: ("ALTER TABLE hlr_experiment ADD COLUMN provenance TEXT NOT NULL DEFAULT '{}'",)}
"""Version → the statements that lead to it from the one before; an older database is brought forward when opened."""


class NanAsNull(TypeDecorator[float]):
    """A double whose NaN is stored as NULL and read back as NaN, on every backend; infinities are kept.

    SQLite turns NaN into NULL by itself; doing so everywhere keeps exports of two backends equal. (It drops the sign of
    -0.0 too.)
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Any) -> float | None:
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: float | None, dialect: Any) -> float:
        return math.nan if value is None else value


# SQLite gives an autoincrementing id to INTEGER PRIMARY KEY alone.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

meta = Table("hlr_meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

experiment = Table(
    "hlr_experiment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("mode", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("error", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("conductor_host", Text),
    Column("conductor_pid", Integer),
    Column("conductor_started", Double),
    Column("conductor_beat", Integer, nullable=False),
    Column("workers_wanted", Integer, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("plugins", Text, nullable=False),
    Column("provenance", Text, nullable=False, server_default="{}"),
    sqlite_autoincrement=True,
)

run = Table(
    "hlr_run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("experiment_id", ForeignKey("hlr_experiment.id", ondelete="CASCADE"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("study", Text, nullable=False),
    Column("optimizer", Text, nullable=False),
    Column("scheduler", Text, nullable=False),
    Column("trial", Integer),
    Column("trial_id", Integer),
    Column("seed", BigInteger, nullable=False),
    Column("budget", Integer, nullable=False),
    Column("config", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("worker_id", Text),
    Column("device", Text),
    Column("epoch", Integer, nullable=False),
    Column("steps_per_epoch", Integer),
    Column("prune_at", Integer),
    Column("value", Double),
    Column("results", Text, nullable=False),
    Column("error", Text),
    Column("log", Text),
    Column("checkpoint", Text),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Index("hlr_run_claim", "state", "position"),
    Index("hlr_run_of_experiment", "experiment_id", "position"),
    Index("hlr_run_of_trial", "trial_id"),
)

series = Table(
    "hlr_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("hlr_run.id", ondelete="CASCADE"), nullable=False),
    Column("metric", Text, nullable=False),
    Column("unit", Text, nullable=False),
    UniqueConstraint("run_id", "metric"),
    sqlite_autoincrement=True,
)

# The id only ever grows (SQLite would reuse the highest one after a deletion): readers go by it.
point = Table(
    "hlr_point",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("series_id", ForeignKey("hlr_series.id", ondelete="CASCADE"), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("value", NanAsNull),
    UniqueConstraint("series_id", "step"),
    sqlite_autoincrement=True,
)

worker = Table(
    "hlr_worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("experiment_id", ForeignKey("hlr_experiment.id", ondelete="SET NULL")),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Double, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("device", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Text),
    Column("log", Text),
)

"""Under which circumstances an experiment was trained: one JSON document per experiment.

Its keys: ``began`` (versions, machine, source at the first start), ``later`` (the same of later starts that found it
changed), ``files`` (SHA-256 of the user's files by path), ``data`` (checksum of the data by task).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from core.storage.engine import Database
from core.storage.tables import experiment

Provenance = dict[str, Any]


def provenance_of(db: Database, experiment_id: int) -> Provenance:
    """What is recorded; empty where the experiment is gone."""
    query = sa.select(experiment.c.provenance).where(experiment.c.id == experiment_id)
    with db.read() as connection:
        found: Provenance = json.loads(connection.execute(query).scalar() or "{}")
    return found


def amend_provenance(db: Database, experiment_id: int, change: Callable[[Provenance], None]) -> Provenance:
    """Let `change` alter the record in one transaction; returns what it is now."""
    query = sa.select(experiment.c.provenance).where(experiment.c.id == experiment_id).with_for_update()
    with db.write() as connection:
        record: Provenance = json.loads(connection.execute(query).scalar() or "{}")
        before = json.dumps(record, sort_keys=True)
        change(record)
        after = json.dumps(record, sort_keys=True)
        if after != before:
            connection.execute(experiment.update().where(experiment.c.id == experiment_id).values(provenance=after))
    return record


def note_data(db: Database, experiment_id: int, task: str, checksum: str) -> str:
    """Record the checksum of a task's data where none is; returns the one that counts, the first."""
    record = amend_provenance(
        db, experiment_id, lambda record: record.setdefault("data", {}).setdefault(task, checksum)
    )
    counted: str = record["data"][task]
    return counted

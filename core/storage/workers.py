"""Workers: who they are, what they do, and the beat that shows they are alive."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, fields
from typing import Literal

import sqlalchemy as sa

from core.storage.engine import Database
from core.storage.processes import me
from core.storage.tables import worker

WorkerState = Literal["idle", "busy", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A row of ``hlr_worker``.

    Attributes:
        experiment_id: the only experiment it takes runs of; None for any.
        started: start time of the process, unix seconds; with host and pid it names the process.
        beat: grows while it lives. Compare it with its own earlier value: clocks of hosts differ.
        seen_at: its own clock at the last beat, unix seconds.
    """

    id: str
    experiment_id: int | None
    host: str
    pid: int
    started: float
    beat: int
    seen_at: float
    device: str
    state: WorkerState
    run_id: str | None
    log: str | None


_COLUMNS = [worker.c[field.name] for field in fields(Worker)]


def register(
    db: Database,
    experiment_id: int | None,
    device: str,
    *,
    worker_id: str | None = None,
    log: str | None = None,
) -> str:
    """Enter this process as an idle worker; its id, a new UUID where none is given."""
    worker_id = str(uuid.uuid4()) if worker_id is None else worker_id
    host, pid, started = me()
    row = Worker(
        id=worker_id,
        experiment_id=experiment_id,
        host=host,
        pid=pid,
        started=started,
        beat=0,
        seen_at=time.time(),
        device=device,
        state="idle",
        run_id=None,
        log=log,
    )
    with db.write() as connection:
        connection.execute(worker.insert().values({field.name: getattr(row, field.name) for field in fields(Worker)}))
    return worker_id


def beat(db: Database, worker_id: str, state: WorkerState, run_id: str | None = None) -> None:
    """Show that the worker lives, and what it does."""
    _update(db, worker_id, state, run_id)


def retire(db: Database, worker_id: str) -> None:
    """Record that the worker is gone; its beat stays, so that a worker wrongly taken for dead can come back."""
    with db.write() as connection:
        connection.execute(worker.update().where(worker.c.id == worker_id).values(state="gone", run_id=None))


def _update(db: Database, worker_id: str, state: WorkerState, run_id: str | None) -> None:
    change = worker.update().where(worker.c.id == worker_id)
    with db.write() as connection:
        connection.execute(change.values(beat=worker.c.beat + 1, seen_at=time.time(), state=state, run_id=run_id))


def list_workers(db: Database, experiment_id: int | None = None) -> list[Worker]:
    """Every worker, or those that serve one experiment, in order of their start."""
    query = sa.select(*_COLUMNS).order_by(worker.c.started, worker.c.id)
    if experiment_id is not None:
        query = query.where(worker.c.experiment_id == experiment_id)
    with db.read() as connection:
        return [Worker(**row) for row in connection.execute(query).mappings()]

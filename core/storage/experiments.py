"""Experiments: one row each, with the chair of their one conductor."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import exc

from core.errors import UsageError, did_you_mean
from core.storage.engine import Database
from core.storage.processes import me
from core.storage.study_rows import remove_studies
from core.storage.tables import experiment, run, worker

ExperimentState = Literal["running", "stopping", "stopped", "complete", "failed"]

IMPORT = "import"
"""The mode of experiments whose curves were read from files: they have no plan, and nothing to train."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A row of ``hlr_experiment``; `spec` and `provenance` are JSON texts, times are unix seconds."""

    id: int
    name: str
    mode: str
    spec: str
    state: ExperimentState
    stop_requested: bool
    error: str | None
    created_at: float
    updated_at: float
    conductor_host: str | None
    conductor_pid: int | None
    conductor_started: float | None
    conductor_beat: int
    workers_wanted: int
    workspace: str
    plugins: str
    provenance: str = "{}"

    @property
    def conductor(self) -> tuple[str, int, float] | None:
        """Host, pid and start time of the process in the conductor's chair."""
        if self.conductor_host is None or self.conductor_pid is None or self.conductor_started is None:
            return None
        return self.conductor_host, self.conductor_pid, self.conductor_started


class ExperimentExists(UsageError):
    """Names are unique in a database."""


class UnknownExperiment(UsageError):
    """There is no experiment of that name."""


_COLUMNS = [experiment.c[field.name] for field in fields(Experiment)]


def create_experiment(
    db: Database,
    name: str,
    mode: str,
    spec_json: str,
    *,
    workspace: str = "",
    plugins: str = "",
    workers_wanted: int = 0,
    provenance: str = "{}",
) -> Experiment:
    """Add an experiment in state running, without runs.

    Raises:
        ExperimentExists: the name is taken.
    """
    now = time.time()
    row = {
        "name": name,
        "mode": mode,
        "spec": spec_json,
        "state": "running",
        "stop_requested": False,
        "created_at": now,
        "updated_at": now,
        "conductor_beat": 0,
        "workers_wanted": workers_wanted,
        "workspace": workspace,
        "plugins": plugins,
        "provenance": provenance,
    }
    try:
        with db.write() as connection:
            connection.execute(experiment.insert().values(row))
    except exc.IntegrityError as error:
        raise ExperimentExists(f'an experiment "{name}" exists already in {db.shown}') from error
    return get_experiment(db, name)


def find_experiment(db: Database, name: str) -> Experiment | None:
    """The experiment called `name`, None where there is none."""
    return _one(db, experiment.c.name == name)


def get_experiment(db: Database, name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        UnknownExperiment: there is none; the message names the nearest one.
    """
    found = find_experiment(db, name)
    if found is not None:
        return found
    names = [other.name for other in list_experiments(db)]
    known = f"must be one of {', '.join(names)}" if names else "there are no experiments yet"
    hint = did_you_mean(name, names)
    raise UnknownExperiment(f'no experiment "{name}" in {db.shown}: {known}' + (f" ({hint})" if hint else ""))


def experiment_by_id(db: Database, experiment_id: int) -> Experiment:
    """The experiment with that id.

    Raises:
        UnknownExperiment: it has been deleted.
    """
    found = _one(db, experiment.c.id == experiment_id)
    if found is None:
        raise UnknownExperiment(f"experiment {experiment_id} is no longer in {db.shown}")
    return found


def list_experiments(db: Database) -> list[Experiment]:
    """Every experiment, oldest first."""
    with db.read() as connection:
        rows = connection.execute(sa.select(*_COLUMNS).order_by(experiment.c.id)).mappings()
        return [Experiment(**row) for row in rows]


def _one(db: Database, where: sa.ColumnElement[bool]) -> Experiment | None:
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(where)).mappings().one_or_none()
    return None if row is None else Experiment(**row)


def set_state(db: Database, experiment_id: int, state: ExperimentState, error: str | None = None) -> None:
    """Set the state and the error that explains it."""
    _update(db, experiment_id, state=state, error=error)


def request_stop(db: Database, experiment_id: int) -> None:
    """Ask conductor and workers to checkpoint and stop; from now on nothing of this experiment is claimed."""
    _update(db, experiment_id, stop_requested=True)


def clear_stop(db: Database, experiment_id: int) -> None:
    """Take a request to stop back."""
    _update(db, experiment_id, stop_requested=False)


def update_spec(db: Database, experiment_id: int, spec_json: str, mode: str | None = None) -> None:
    """Replace the recorded spec, and the mode where one is given."""
    _update(db, experiment_id, spec=spec_json, **({} if mode is None else {"mode": mode}))


def set_workers_wanted(db: Database, experiment_id: int, workers: int) -> None:
    """Record how many workers the experiment should have."""
    _update(db, experiment_id, workers_wanted=workers)


def delete_runs(db: Database, experiment_id: int, limit: int = 100) -> int:
    """Remove at most `limit` runs of an experiment with their points; how many there were. A transaction that removed
    millions of points at once would keep every worker waiting."""
    first = sa.select(run.c.id).where(run.c.experiment_id == experiment_id).limit(limit)
    with db.write() as connection:
        return connection.execute(run.delete().where(run.c.id.in_(first))).rowcount


def delete_experiment(db: Database, experiment_id: int, studies: Collection[str] = ()) -> None:
    """Remove the experiment with its runs, series, points and workers, and Optuna's studies of these names, all in one
    transaction; other studies are left alone."""
    with db.write() as connection:
        remove_studies(connection, studies)
        connection.execute(worker.delete().where(worker.c.experiment_id == experiment_id))
        connection.execute(experiment.delete().where(experiment.c.id == experiment_id))


def _update(db: Database, experiment_id: int, **values: Any) -> None:
    change = experiment.update().where(experiment.c.id == experiment_id).values(updated_at=time.time(), **values)
    with db.write() as connection:
        connection.execute(change)


def take_conductor(
    db: Database,
    experiment_id: int,
    host: str,
    pid: int,
    started: float,
    is_alive: Callable[[str, int, float], bool | None],
) -> bool:
    """Take the conductor's chair where it is empty, ours already, or its holder is dead; True where it is now ours.

    Args:
        host, pid, started: who asks (`processes.me`).
        is_alive: tells of the holder; None (unknown) leaves the chair to it.

    Raises:
        UnknownExperiment: it has been deleted.
    """
    while True:
        holder = experiment_by_id(db, experiment_id).conductor
        if holder not in (None, (host, pid, started)) and is_alive(*holder) is not False:
            return False
        taken = (
            experiment.update()
            .where(experiment.c.id == experiment_id, _held_by(holder))
            .values(conductor_host=host, conductor_pid=pid, conductor_started=started, updated_at=time.time())
        )
        with db.write() as connection:
            if connection.execute(taken).rowcount == 1:
                return True
        # Somebody changed the chair between our look and our grasp: look again.


def beat_conductor(db: Database, experiment_id: int) -> bool:
    """Show that this process still conducts; False where the chair has gone to another process."""
    beat = (
        experiment.update()
        .where(experiment.c.id == experiment_id, _held_by(me()))
        .values(conductor_beat=experiment.c.conductor_beat + 1)
    )
    with db.write() as connection:
        return connection.execute(beat).rowcount == 1


def leave_conductor(db: Database, experiment_id: int) -> None:
    """Leave the chair, if this process sits in it."""
    leave = (
        experiment.update()
        .where(experiment.c.id == experiment_id, _held_by(me()))
        .values(conductor_host=None, conductor_pid=None, conductor_started=None, updated_at=time.time())
    )
    with db.write() as connection:
        connection.execute(leave)


def _held_by(holder: tuple[str, int, float] | None) -> sa.ColumnElement[bool]:
    host, pid, started = holder or (None, None, None)
    return sa.and_(
        experiment.c.conductor_host.is_not_distinct_from(host),
        experiment.c.conductor_pid.is_not_distinct_from(pid),
        experiment.c.conductor_started.is_not_distinct_from(started),
    )

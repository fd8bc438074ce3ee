"""Removing an experiment: what belongs to it, who is at work on it, and steps in an order that no kill can spoil."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from core.errors import EnvironmentFailure, UsageError
from core.execution.seat import POLL_SECONDS, STALE_SECONDS, conducted
from core.spec.experiment import TUNED_MODES
from core.spec.file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import (
    Experiment,
    clear_stop,
    delete_experiment,
    delete_runs,
    experiment_by_id,
    get_experiment,
    leave_conductor,
    request_stop,
    set_state,
    take_conductor,
)
from core.storage.processes import is_alive, me
from core.storage.study_rows import StudyRows, studies_of
from core.storage.tables import point, run, series
from core.storage.workers import Worker, list_workers


@dataclass(frozen=True, slots=True)
class Belongings:
    """What goes with an experiment.

    Attributes:
        studies: Optuna's studies of its plan.
        shared: names of such studies that stay, because another experiment has runs in them.
        folders: of its runs and its logs, those that exist.
        unread: why its spec could not be read, "" where it could; studies without a run are then not found.
    """

    runs: int
    points: int
    studies: tuple[StudyRows, ...]
    shared: tuple[str, ...]
    folders: tuple[Path, ...]
    unread: str


def belongings(db: Database, experiment: Experiment, workspace: Path) -> Belongings:
    """What belongs to an experiment; `workspace` counts where its recorded one is not there."""
    mine = run.c.experiment_id == experiment.id
    points = sa.select(sa.func.count()).select_from(point.join(series).join(run)).where(mine)
    with db.read() as connection:
        rows = connection.execute(sa.select(run.c.id, run.c.study, run.c.trial_id, run.c.checkpoint).where(mine)).all()
        others = set(connection.execute(sa.select(run.c.study).distinct().where(sa.not_(mine))).scalars())
        number = connection.execute(points).scalar_one()
    tuned, unread = experiment.mode in TUNED_MODES, ""
    # Outside a search the name of a study is a mere label: a study of that name may be somebody else's.
    names = {row.study for row in rows if tuned or row.trial_id is not None}
    if tuned:
        try:
            spec = spec_from_json(experiment.spec, f"experiment {experiment.name}")
            names |= {spec.study_name(method) for method in spec.methods}
        except UsageError as error:  # of the spec, or of a file that it names
            unread = str(error)
    place = Path(experiment.workspace) if experiment.workspace and Path(experiment.workspace).is_dir() else workspace
    present = {path.name for path in (place / "runs").iterdir()} if (place / "runs").is_dir() else set()
    folders = {place / "runs" / row.id for row in rows if row.id in present}
    # A worker started by hand may have had another workspace.
    written = (
        Path(row.checkpoint).parent for row in rows if row.checkpoint and Path(row.checkpoint).parent.name == row.id
    )
    folders |= {folder for folder in written if folder.is_dir()}
    logs = place / "logs" / experiment.name
    if logs.is_dir():
        folders.add(logs)
    return Belongings(
        runs=len(rows),
        points=number,
        studies=tuple(studies_of(db, experiment.id, names - others)),
        shared=tuple(study.name for study in studies_of(db, experiment.id, names & others)),
        folders=tuple(sorted(folders)),
        unread=unread,
    )


class Removal:
    """The removal of one experiment. Inside its block no conductor can start.

    Raises:
        UsageError: a conductor or a worker is at work on it (on entering the block).
    """

    def __init__(self, db: Database, experiment: Experiment) -> None:
        self._db = db
        self._experiment = experiment
        self._dead: set[str] = set()

    def __enter__(self) -> Self:
        db, name = self._db, self._experiment.name
        if not take_conductor(db, self._experiment.id, *me(), lambda *holder: conducted(db, get_experiment(db, name))):
            raise UsageError(f'a conductor is at work on experiment "{name}"; `hlr-tui stop {name}` first')
        try:
            self._refuse_training()
        except BaseException:
            leave_conductor(db, self._experiment.id)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave_conductor(self._db, self._experiment.id)

    def steps(self, found: Belongings, *, keep_studies: bool = False) -> Iterator[str]:
        """Remove what was `found`, and say after each step what has been done.

        A kill after any step leaves an experiment that says that it is half removed; removing it again ends it. Its
        row, which alone leads to its studies, goes in one transaction with them.

        Raises:
            UsageError: a worker has taken a run meanwhile; nothing has been removed.
            EnvironmentFailure: a folder cannot be removed.
        """
        db, before = self._db, experiment_by_id(self._db, self._experiment.id)
        request_stop(db, before.id)
        set_state(db, before.id, "failed", f"its removal was begun; `hlr-tui delete {before.name}` ends it")
        try:
            self._refuse_training()
        except UsageError:
            set_state(db, before.id, before.state, before.error)
            if not before.stop_requested:
                clear_stop(db, before.id)
            raise
        yield "marked as half removed"
        # Before the runs, whose ids name them. A run whose checkpoint is gone would begin again.
        for folder in found.folders:
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise EnvironmentFailure(
                    f"{error.filename or folder}: cannot be removed: {error.strerror}; "
                    f"then `hlr-tui delete {before.name}` again"
                ) from error
        yield "folders removed"
        gone = 0
        while number := delete_runs(db, before.id):
            gone += number
            yield f"{gone} of {found.runs} runs removed"
        delete_experiment(db, before.id, () if keep_studies else [study.name for study in found.studies])
        yield "experiment and studies removed"

    def _refuse_training(self) -> None:
        for worker in self._training():
            if self._lives(worker):
                name = self._experiment.name
                raise UsageError(
                    f'worker {worker.pid} on {worker.host} still trains a run of experiment "{name}"; '
                    f"`hlr-tui stop {name}` first, or wait until it has written its checkpoint"
                )
            self._dead.add(worker.id)

    def _training(self) -> list[Worker]:
        running = sa.select(run.c.worker_id).where(run.c.experiment_id == self._experiment.id, run.c.state == "running")
        with self._db.read() as connection:
            holders = set(connection.execute(running).scalars()) - self._dead
        return [one for one in list_workers(self._db) if one.id in holders and one.state != "gone"]

    def _lives(self, worker: Worker) -> bool:
        """As `seat.conducted`, of a worker: one on another host lives where its heartbeat moves."""
        alive = is_alive(worker.host, worker.pid, worker.started)
        end = time.monotonic() + STALE_SECONDS
        while alive is None:
            now = next((one for one in list_workers(self._db) if one.id == worker.id), None)
            if now is None or now.state == "gone" or time.monotonic() >= end:
                return False
            if now.beat != worker.beat:
                return True
            time.sleep(POLL_SECONDS)
        return alive

"""What has been tracked, in small files under ``workspace/wandb``, and how it goes; no W&B client is loaded here.

* ``{experiment}.json``: the `Status`, for people
* ``{experiment}/{run id}.json``: a `Mark` per run
* ``{experiment}.lock``: held by the process that tracks
* ``run-…``, ``offline-run-…``: the client's own folders, one or more per run
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

FOLDER = "wandb"
"""Below the workspace; the client puts its folders into one of that name."""

Mode = Literal["online", "offline"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What W&B has of a run.

    Attributes:
        state: of the run when it was logged last.
        epochs: epochs logged.
        online: the run has been opened on the server, so that the server alone knows what it has of it.
        uploaded: the server has all of it.
    """

    state: str
    epochs: int
    online: bool
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How the tracking of an experiment goes.

    Attributes:
        created_at: when the experiment was made (unix seconds); another one may have had its name before.
        mode: how runs are logged now.
        warning: why they are not online although that was asked for, "" otherwise.
        logged: ended runs that have been logged.
        uploaded: those of them that the server has.
        ended: the tracker has done all that there was to do.
    """

    created_at: float
    mode: Mode
    warning: str = ""
    logged: int = 0
    uploaded: int = 0
    ended: bool = False


class Ledger:
    """The files of one experiment.

    Args:
        workspace: its folder.
    """

    def __init__(self, workspace: Path, experiment: str) -> None:
        self._experiment = experiment
        self.folder = workspace / FOLDER
        self._marks = self.folder / experiment
        self._status = self.folder / f"{experiment}.json"
        self._lock = self.folder / f"{experiment}.lock"

    def status(self) -> Status | None:
        """The status, None where nothing has been tracked or the file cannot be read."""
        found = _read(self._status)
        try:
            return None if found is None else Status(**found)
        except TypeError:
            return None

    def status_of(self, created_at: float) -> Status | None:
        """The status, if it is that of the experiment made at `created_at`: one that was deleted may have left its."""
        status = self.status()
        return status if status is not None and status.created_at == created_at else None

    def lines(self, created_at: float) -> list[str]:
        """What a user should know of the tracking of the experiment made at `created_at`."""
        status = self.status_of(created_at)
        if status is None:
            return []
        lines = [f"W&B: {status.warning}"] if status.warning else []
        missing = status.logged - status.uploaded
        command = f"`hlr-tui sync {shlex.quote(self._experiment)}`"
        if self.at_work():
            lines.append(f"W&B: {status.mode}, {status.logged} runs logged so far")
        elif not status.ended:
            lines.append(f"W&B: its tracker ended early; {command} uploads what is missing")
        elif missing:
            what, them = (f"{missing} runs", "them") if missing > 1 else ("1 run", "it")
            lines.append(f"W&B: {what} kept here; {command} uploads {them}")
        return lines

    def write_status(self, status: Status) -> None:
        _write(self._status, asdict(status))

    def marks(self) -> dict[str, Mark]:
        """Every mark by run id; one that cannot be read counts as none, and its run is looked at again."""
        found: dict[str, Mark] = {}
        for path in self._marks.glob("*.json"):
            values = _read(path)
            try:
                if values is not None:
                    found[path.stem] = Mark(**values)
            except TypeError:
                continue
        return found

    def mark(self, run_id: str, mark: Mark) -> None:
        _write(self._marks / f"{run_id}.json", asdict(mark))

    def begin(self, status: Status) -> None:
        """Record that tracking begins; what an experiment of that name left that has been deleted is dropped."""
        before = self.status()
        if before is not None and before.created_at != status.created_at:
            shutil.rmtree(self._marks, ignore_errors=True)
        self.write_status(replace(status, logged=0, uploaded=0, ended=False))

    def folders(self, run_id: str) -> list[Path]:
        """The client's folders of a run."""
        return sorted(path for path in self.folder.glob(f"*run-*-{run_id}") if path.is_dir())

    def at_work(self) -> bool:
        """Whether a process tracks the experiment now."""
        if not self._lock.exists():
            return False
        with Lock(self._lock) as lock:
            return not lock.take()

    def lock(self) -> Lock:
        """The right to track; the system takes it back when its holder dies."""
        return Lock(self._lock)


class Lock:
    """An advisory lock on a file, for one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Take it; False where another process holds it."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, values: dict[str, Any]) -> None:
    """Write a file that is there as a whole or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(values), encoding="utf-8")
    part.replace(path)

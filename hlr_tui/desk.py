"""What the terminal UI knows of the engine: it writes specs, runs commands, and reads the database.

Nothing here imports Textual, and everything that touches the database or starts a process may take a while: screens
call it in a thread. Storage modules are imported inside the methods, after the first paint.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from core.analysis.progress import Progress
    from core.storage.engine import Database
    from core.storage.experiments import Experiment
    from core.storage.runs import Run

PATIENCE = 2.0
"""Seconds that a look waits for a lock or a server: it is tried again, and who leaves meanwhile waits for its end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command of ours ended: its exit code and what it said."""

    code: int
    out: str
    said: str


class Desk:
    """The engine as one invocation of the UI sees it; its methods may be called from any thread.

    Every method that reads raises `StorageError` where the database is missing, locked, or out of reach.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._db: Database | None = None
        self._file: object = None
        self._log = False
        self._opened = False
        self._lock = Lock()

    def db(self) -> Database:
        """The database, opened at the first call, and again where another file has taken its place: who keeps what it
        has read of a database compares."""
        from core.storage.engine import StorageError, open_database

        with self._lock:
            file = self._identity()
            # What is not ours to write is read as a file that nobody changes, until its owner does.
            moved = self._db is not None and self._db.read_only and self._has_log() != self._log
            if self._db is not None and (moved or file != self._file):
                self._db.close()
                self._db = None
            if file is None and self._opened:
                raise StorageError(
                    f"{self._path}: the database is gone, somebody has deleted or moved it. Put it back; what is "
                    "launched from here on begins a new one"
                )
            if self._db is None:
                log = self._has_log()
                self._db = open_database(self.settings.storage, create=False, patience=PATIENCE, may_only_read=True)
                self._file, self._log, self._opened = file, log, True
            return self._db

    def exists(self) -> bool:
        """There is a database, or there was one; asked without opening it."""
        return self._opened or self._identity() is not None

    @property
    def _path(self) -> Path | None:
        """The file of the database; None for a server."""
        prefix, _, path = self.settings.storage.partition(":///")
        return Path(path.partition("?")[0]) if prefix == "sqlite" else None

    def _has_log(self) -> bool:
        from core.storage.sqlite import has_log

        return self._path is not None and has_log(str(self._path))

    def _identity(self) -> object:
        """What tells a file from another one of the same name; None where there is none."""
        path = self._path
        if path is None:
            return "server"
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @property
    def only_read(self) -> str:
        """The database, where it is open and not ours to write; "" otherwise."""
        db = self._db
        return db.shown if db is not None and db.read_only else ""

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest first."""
        from core.storage.experiments import list_experiments

        return sorted(list_experiments(self.db()), key=lambda one: -one.created_at)

    def experiment(self, name: str) -> Experiment:
        from core.storage.experiments import get_experiment

        return get_experiment(self.db(), name)

    def progress(self, name: str) -> Progress:
        """One look at an experiment."""
        from core.analysis.progress import look

        return look(self.db(), self.experiment(name))

    def runs(self, name: str) -> list[Run]:
        """Every run of an experiment, in the order of the queue."""
        from core.storage.runs import runs_of

        return runs_of(self.db(), self.experiment(name).id)

    def results(self, name: str) -> dict[str, Any]:
        """The result document, see `core.analysis.results.result_document`."""
        from core.analysis.results import result_document

        return result_document(self.db(), self.experiment(name))

    def command(self, *words: str) -> Outcome:
        """Run ``hlr-tui WORDS…`` on the same places and wait for it: what the UI does to an experiment is what a script
        would do."""
        argv = [sys.executable, "-P", "-m", "hlr_tui", *words, *self.places()]
        done = subprocess.run(
            argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, env=self.environment()
        )
        return Outcome(done.returncode, done.stdout, done.stderr.strip())

    def places(self) -> Sequence[str]:
        """The options that tell another command where everything is, but for the database."""
        settings = self.settings
        words = ["--workspace", str(settings.workspace), "--data-dir", str(settings.data_dir)]
        for folder in settings.plugins:
            words += ["--plugins", str(folder)]
        return words

    def environment(self) -> dict[str, str]:
        """The environment of another command. It carries the URL of the database, which may hold a password: command
        lines are open to every user of a machine."""
        return os.environ | {"HLR_STORAGE": self.settings.storage}

    def spec_path(self, name: str) -> Path:
        """Where the UI writes the spec of an experiment before it launches it."""
        return self.settings.workspace / "specs" / f"{name}.toml"

    def close(self) -> None:
        """Close the database; the next look opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

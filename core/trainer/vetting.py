"""Before a run is trained: that its files and its data are those of the runs that it will be compared with."""

from __future__ import annotations

from pathlib import Path

from core.errors import EnvironmentFailure, UsageError
from core.storage.engine import Database
from core.storage.provenance import note_data, provenance_of
from core.storage.runs import Run
from core.trainer.assemble import Parts
from core.trainer.recorder import insist
from core.user_code import file_digest


class Vetting:
    """What one worker compares with the record of an experiment; `patience` as for `RunRecorder`."""

    def __init__(self, db: Database, patience: float) -> None:
        self._db = db
        self._patience = patience
        self._known: set[tuple[int, str, str]] = set()

    def check_files(self, run: Run) -> None:
        """
        Raises:
            UsageError: a file of the user's is not the one that the experiment was started with.
        """
        paths = {entry["file"] for entry in run.config.values() if isinstance(entry, dict) and "file" in entry}
        if not paths:
            return
        recorded = insist(lambda: provenance_of(self._db, run.experiment_id), self._patience).get("files", {})
        for path in sorted(paths):
            digest = file_digest(Path(path))
            if recorded.get(path, digest) != digest:
                raise UsageError(f"{path}: has changed since the experiment was started; start it again")

    def check_data(self, run: Run, parts: Parts) -> None:
        """Record the checksum of the data where this experiment has none.

        Raises:
            EnvironmentFailure: the data are not those of earlier runs.
        """
        task = run.config["task"]["name"]
        known = (run.experiment_id, task, parts.checksum)
        if not parts.checksum or known in self._known:
            return
        counted = insist(lambda: note_data(self._db, *known), self._patience)
        if counted != parts.checksum:
            raise EnvironmentFailure(
                f"the data of task {task} are not those of earlier runs (checksum {parts.checksum[:12]}…, then "
                f"{counted[:12]}…); `hlr-tui data verify` finds damaged files"
            )
        self._known.add(known)

"""What to say of an error: a message for those that were foreseen; for others one line, and the traceback in a file."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from core.errors import HlrError, printable

LONGEST = 200
"""Letters of an error's own words in a message."""


class Trouble:
    """Explains errors, from any thread.

    Args:
        files: where tracebacks may be kept: the first one that can be written.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._kept: dict[str, str] = {}
        self._lock = Lock()

    def explain(self, error: BaseException) -> str:
        """What to tell the user. The traceback of an error that nobody foresaw is kept, once for each place."""
        if isinstance(error, HlrError):
            return str(error)
        words = printable(str(error).strip().partition("\n")[0])
        words = words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
        name = type(error).__name__
        return f"this should not have happened: {name}{': ' if words else ''}{words}; {self._keep(error)}"

    def _keep(self, error: BaseException) -> str:
        text = "".join(traceback.format_exception(error))
        where = "".join(traceback.format_tb(error.__traceback__))
        with self._lock:
            if where not in self._kept:
                self._kept[where] = self._write(text)
            return self._kept[where]

    def _write(self, text: str) -> str:
        for path in self._files:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} process {os.getpid()}\n{text}\n")
            except OSError:
                continue
            return f"its traceback is in {path}"
        return "its traceback could not be written anywhere"


def trouble_files(workspace: Path) -> list[Path]:
    """Where the UI keeps tracebacks: with the logs of a workspace that exists, or else in the user's own folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    own = Path(state) / "hlr-tui" / "ui.log"
    return [workspace / "logs" / "ui.log", own] if workspace.is_dir() else [own]

"""optuna-dashboard over a database of ours, while experiments write to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from core.storage.engine import Database, StorageError, optuna_storage
from core.storage.sqlite import READ_ONLY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_READS = frozenset({"GET", "HEAD", "OPTIONS"})

_FIRST_TRIALS = sa.text(
    "SELECT studies.study_id, study_name, trial_id, datetime_start FROM studies"
    " LEFT JOIN trials ON trials.study_id = studies.study_id AND trials.number = 0"
)

_Study = tuple[str, int | None, object]
"""Name of a study, id and start of its first trial."""


class DashboardApp:
    """The WSGI application.

    Optuna's cached storage reads a finished trial once, where the storage that the program `optuna-dashboard` uses
    reads every trial again for every request. Its cache goes by ids, which SQLite gives again after a deletion, so it
    is dropped when a study that it knows has gone or changed its name or its first trial.

    Raises:
        StorageError: Optuna's tables cannot be used.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._storage = optuna_storage(db)
        self._request = threading.local()
        self._lock = threading.Lock()
        self._known: dict[int, _Study] = {}
        event.listen(self._storage.engine, "engine_connect", self._begin_as_asked)
        self._app = self._make()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _asked_by_name(environ.get("HTTP_HOST", "")):
            return _refuse(start_response, "403 Forbidden", "this dashboard answers to localhost alone")
        self._request.reads = environ["REQUEST_METHOD"] in _READS
        try:
            app = self._current() if environ["PATH_INFO"].startswith("/api") else self._app
        except StorageError as error:
            return _refuse(start_response, "503 Service Unavailable", str(error))
        return app(environ, start_response)

    def studies(self) -> int:
        """How many studies there are to show."""
        return len(self._studies())

    def _begin_as_asked(self, connection: sa.Connection) -> None:
        # Other transactions of this engine begin with SQLite's write lock; a page that is looked at must not hold up
        # the workers, nor wait for them.
        if getattr(self._request, "reads", False):
            connection.execution_options(**{READ_ONLY: True})

    def _make(self) -> WSGIApplication:
        import optuna
        import optuna_dashboard  # type: ignore[import-untyped]  # it comes without types

        app: WSGIApplication = optuna_dashboard.wsgi(optuna.storages.get_storage(self._storage))
        return app

    def _current(self) -> WSGIApplication:
        found = self._studies()
        with self._lock:
            for study_id, (name, *first) in self._known.items():
                now = found.get(study_id)
                if now is None or now[0] != name or (first[0] is not None and list(now[1:]) != first):
                    self._app = self._make()
                    break
            self._known = found
            return self._app

    def _studies(self) -> dict[int, _Study]:
        with self._db.read() as connection:
            return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(_FIRST_TRIALS)}


def _asked_by_name(host: str) -> bool:
    """Whether a request names this machine as the user does. A page from elsewhere whose name was made to point to
    127.0.0.1 sends its own name, and must not read or delete studies."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower() in LOOPBACK_NAMES


def _refuse(start_response: StartResponse, status: str, reason: str) -> list[bytes]:
    body = json.dumps({"reason": reason}).encode()
    headers: list[Any] = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]

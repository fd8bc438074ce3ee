"""A look at a database that writes nothing, makes no file and runs no migration, unlike opening it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from core.storage import tables
from core.storage.engine import StorageError, explained

CHECK_SECONDS = 20.0
_STEPS_BETWEEN_LOOKS = 100_000
_REACH_SECONDS = 10


class Unsettled(StorageError):
    """A process died, or a copy was made, in the middle of its work; reading the database would put it in order."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is in a database.

    Attributes:
        shown: how messages name it.
        path: the SQLite file, None for PostgreSQL.
        size: bytes of the SQLite file and its write-ahead log, 0 for PostgreSQL.
        schema: version of our tables, None where there are none.
        optuna: version of Optuna's tables, None where there are none.
        experiments, runs, studies: how many there are.
    """

    shown: str
    path: Path | None
    size: int
    schema: str | None
    optuna: str | None
    experiments: int
    runs: int
    studies: int


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL, None for other databases."""
    parsed = make_url(url)
    return Path(parsed.database or "").resolve() if parsed.get_backend_name() == "sqlite" else None


def inspect_database(url: str) -> Inspection:
    """Look into a database that exists.

    Raises:
        Unsettled: it cannot be read without writing.
        StorageError: it cannot be read.
    """
    path = sqlite_path(url)
    shown = make_url(url).render_as_string(hide_password=True) if path is None else str(path)
    with explained(shown), _engine(url, path) as engine, engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())

        def scalar(table: str, what: str = "count(*)", where: str = "") -> str | None:
            if table not in there:
                return None
            found = connection.execute(sa.text(f"SELECT {what} FROM {table} {where}")).scalar()
            return None if found is None else str(found)

        return Inspection(
            shown=shown,
            path=path,
            size=0 if path is None else sum(each.stat().st_size for each in _files(path) if each.exists()),
            schema=scalar(tables.meta.name, "value", "WHERE key = 'schema'"),
            optuna=scalar("alembic_version", "version_num"),
            experiments=int(scalar(tables.experiment.name) or 0),
            runs=int(scalar(tables.run.name) or 0),
            studies=int(scalar("studies") or 0),
        )


def damage(path: Path, seconds: float = CHECK_SECONDS) -> str | None:
    """What SQLite's quick check finds wrong, "" where it finds nothing, None where it has not ended after `seconds`.

    Raises:
        StorageError: the file cannot be read.
    """
    end = time.monotonic() + seconds
    with explained(str(path)), closing(_connect(path)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)
        try:
            lines = [line for (text,) in connection.execute("PRAGMA quick_check(3)") for line in text.splitlines()]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return None
            raise
    return "" if lines == ["ok"] else "; ".join(line for line in lines if not line.startswith("***"))


@contextmanager
def _engine(url: str, path: Path | None) -> Iterator[sa.Engine]:
    if path is not None:
        engine = sa.create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    else:
        options = {} if "connect_timeout" in make_url(url).query else {"connect_timeout": _REACH_SECONDS}
        try:
            engine = sa.create_engine(url, poolclass=NullPool, connect_args=options)
        except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as error:
            shown = make_url(url).render_as_string(hide_password=True)
            raise StorageError(f'{shown}: its driver is missing ({error}); pip install "psycopg[binary]"') from error
    try:
        yield engine
    finally:
        engine.dispose()


def _connect(path: Path) -> sqlite3.Connection:
    _, log, index = _files(path)
    if index.exists():
        mode = "mode=ro"
    elif log.exists() and log.stat().st_size:
        raise Unsettled(
            f"{path}: its last changes are still in {log.name}; the next command that opens it moves them in"
        )
    else:
        # Nobody has it open, and SQLite would leave two files behind for reading what is all in one.
        mode = "immutable=1"
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, check_same_thread=False)


def _files(path: Path) -> tuple[Path, Path, Path]:
    """The database, its write-ahead log and the log's index."""
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")

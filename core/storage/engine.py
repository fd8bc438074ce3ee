"""Opening the database: a SQLite file by default, PostgreSQL where several hosts share one."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from core.errors import EnvironmentFailure, UsageError, show
from core.storage import mounts, sqlite, tables

if TYPE_CHECKING:
    import optuna

_SCHEMA_LOCK = 0x686C72  # PostgreSQL advisory lock: one process at a time makes tables
_REACH_SECONDS = 10


class StorageError(EnvironmentFailure):
    """The database is missing, out of reach, unreadable or not ours to write."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; its pool of connections may be used from several threads.

    Attributes:
        url: what another process opens it with; may hold a password.
        shown: how messages name it: the file, or the URL without its password.
        path: the SQLite file, None for PostgreSQL.
        engine: SQLAlchemy's engine.
        read_only: `write` fails: the file, or its folder, is not ours to write.
    """

    url: str
    shown: str
    path: str | None
    engine: sa.Engine
    read_only: bool = False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database throughout. Keep it short: on SQLite an open reader
        keeps the write-ahead log from being emptied.

        Raises:
            StorageError: the database is out of reach.
        """
        options: dict[str, Any] = {sqlite.READ_ONLY: True}
        if self.path is None:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with explained(self.shown), self.engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A write transaction (BEGIN IMMEDIATE on SQLite): committed at the end, rolled back on an error.

        Raises:
            StorageError: the database is out of reach, locked, full or read-only.
        """
        with explained(self.shown), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Turn a failure of the machine into a `StorageError` about the database `shown`; other errors pass."""
    try:
        yield
    except sqlite3.Error as error:
        raise _failure(shown, error, error) from error
    except exc.DBAPIError as error:
        raise _failure(shown, error.orig, error) from error


def _failure(shown: str, cause: BaseException | None, error: Exception) -> Exception:
    """The message for an error of the machine; an error of our own statements as it is."""
    if isinstance(cause, sqlite3.Error):
        text = sqlite.explain(cause)
        return error if text is None else StorageError(f"{shown}: {text}")
    if isinstance(error, (exc.OperationalError, exc.InterfaceError)):
        first_line = str(cause).strip().partition("\n")[0]
        return StorageError(f"{shown}: the database cannot be used: {first_line}; check the server and the URL")
    return error


def open_database(
    url: str, *, create: bool = True, patience: float | None = None, may_only_read: bool = False
) -> Database:
    """Open the database and make our tables where they are missing.

    Args:
        url: a path, ``sqlite:///path`` or ``postgresql://user@host/name``.
        create: make the file (0600) and its folders (0700) where they are missing.
        patience: seconds to wait for a lock or for a server to answer; None: as long as makes sense without a person
            who waits.
        may_only_read: a file that is not ours to write is opened for reading alone.

    Raises:
        UsageError: the URL is of no supported form.
        StorageError: it cannot be opened; the message says what, where and what to do.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        database = _postgresql(parsed, patience or _REACH_SECONDS)
    else:
        database = _sqlite_file(Path(parsed.database or ""), create, patience or sqlite.BUSY_SECONDS)
    try:
        with database.write() as connection:
            _prepare(connection, database)
    except StorageError:
        database.close()
        if not may_only_read or database.path is None or sqlite.is_ours_to_write(database.path):
            raise
        return _open_to_read(database.url, database.path, patience or sqlite.BUSY_SECONDS)
    except BaseException:
        database.close()
        raise
    return database


def _open_to_read(url: str, path: str, patience: float) -> Database:
    copy = "copy it to a folder of your own, with what stands beside it, and open that: hlr-tui --workspace FOLDER"
    engine = sa.create_engine(url, creator=sqlite.creator(path, patience=patience, read_only=True))
    sqlite.begin_immediate(engine)
    database = Database(url, path, path, engine, read_only=True)
    try:
        with database.read() as connection:
            if not sa.inspect(connection).has_table(tables.meta.name):
                raise StorageError(f"{path}: holds no experiments, and is not yours to write")
            key = tables.meta.c.key == "schema"
            found = _checked_schema(connection.execute(sa.select(tables.meta.c.value).where(key)).scalar(), path)
            if found < tables.SCHEMA:
                raise StorageError(f"{path}: written by an older hlr-tui, and not yours to bring up to date; {copy}")
    except StorageError as error:
        database.close()
        if os.access(path, os.R_OK) and sqlite.has_log(path) and isinstance(error.__cause__, exc.OperationalError):
            raise StorageError(
                f"{path}: is not yours to write, and its last changes are in {path}-wal, which cannot be read; {copy}"
            ) from error
        raise
    except BaseException:
        database.close()
        raise
    return database


def _parse(url: str) -> URL:
    forms = "must be a path, sqlite:///path or postgresql://user@host/database"
    if "://" not in url:
        return URL.create("sqlite", database=url) if url else _refuse(url, forms)
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (exc.ArgumentError, ValueError):
        return _refuse(url, forms)
    if backend == "postgresql":
        return parsed
    if backend != "sqlite" or parsed.host or parsed.query:
        return _refuse(parsed.render_as_string(hide_password=True), forms)
    if parsed.database in (None, "", ":memory:"):
        return _refuse(url, "an in-memory database cannot be shared between processes; " + forms)
    return parsed


def _refuse(url: str, legal: str) -> URL:
    raise UsageError(f"storage = {show(url)}: {legal}")


def _sqlite_file(path: Path, create: bool, patience: float) -> Database:
    path = path.expanduser().resolve()
    if not path.exists() and not create:
        raise StorageError(f"no experiments here yet: {path} does not exist")
    if path.is_dir():
        raise StorageError(f"{path}: is a folder; name a file in it")
    network = mounts.network_type(mounts.nearest_folder(path), mounts.mounted())
    if network is not None:
        raise StorageError(
            f"{path}: lies on a network file system ({network}), where SQLite loses data; put the workspace on a "
            "local disk, or share a PostgreSQL server: --storage postgresql://user@host/database"
        )
    if not path.exists():
        try:
            sqlite.create_file(path)
        except OSError as error:
            raise StorageError(f"{path}: the database cannot be created: {error.strerror}") from error
    url = URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, creator=sqlite.creator(str(path), patience=patience))
    sqlite.begin_immediate(engine)
    return Database(url.render_as_string(), str(path), str(path), engine)


def _postgresql(url: URL, patience: float) -> Database:
    shown = url.render_as_string(hide_password=True)
    options: dict[str, Any] = {"pool_pre_ping": True}
    if "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": math.ceil(patience)}
    try:
        engine = sa.create_engine(url, **options)
    except (ModuleNotFoundError, exc.NoSuchModuleError) as error:
        raise StorageError(f'{shown}: its driver is missing ({error}); pip install "psycopg[binary]"') from error
    return Database(url.render_as_string(hide_password=False), shown, None, engine)


def _prepare(connection: sa.Connection, database: Database) -> None:
    if database.path is None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
    key = tables.meta.c.key == "schema"
    if sa.inspect(connection).has_table(tables.meta.name):
        found = connection.execute(sa.select(tables.meta.c.value).where(key)).scalar()
        for version in range(_checked_schema(found, database.shown) + 1, tables.SCHEMA + 1):
            for statement in tables.MIGRATIONS[version]:
                connection.exec_driver_sql(statement)
            connection.execute(tables.meta.update().where(key).values(value=str(version)))
    else:
        tables.metadata.create_all(connection)
        connection.execute(tables.meta.insert().values(key="schema", value=str(tables.SCHEMA)))
    # Writes nothing, and fails on a database that is read-only: SQLite lets BEGIN IMMEDIATE pass there.
    connection.execute(tables.meta.update().where(key, sa.false()).values(value=""))
    if database.path is not None:
        _ensure_trigger(connection)


def _checked_schema(found: str | None, shown: str) -> int:
    if found is None or not found.isdigit() or int(found) == 0:
        raise StorageError(f"{shown}: its schema version is {show(found or '')}, which no release has written")
    if int(found) > tables.SCHEMA:
        raise StorageError(
            f"{shown}: written by a newer hlr-tui (schema {found}, this one knows {tables.SCHEMA}); "
            "pip install --upgrade hlr-tui"
        )
    return int(found)


_TRIGGER = (
    "CREATE TRIGGER hlr_trial_deleted AFTER DELETE ON trials BEGIN"
    " UPDATE hlr_run SET trial_id = NULL WHERE trial_id = OLD.trial_id; END"
)


def _ensure_trigger(connection: sa.Connection) -> None:
    """Forget the id of a trial that Optuna deletes: on SQLite the next trial gets the same id.

    Checked at every open, because Optuna's upgrades copy the table `trials`, which drops its triggers. PostgreSQL
    needs none: its sequences never give an id twice.
    """
    if not sa.inspect(connection).has_table("trials"):
        return
    where = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'hlr_trial_deleted'"
    if connection.exec_driver_sql(where).scalar() != _TRIGGER:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS hlr_trial_deleted")
        connection.exec_driver_sql(_TRIGGER)


def optuna_storage(database: Database) -> optuna.storages.RDBStorage:
    """Optuna's storage in the same database, with the settings of our own connections. Not to be pickled: on SQLite a
    copy would commit every statement by itself.

    Raises:
        StorageError: Optuna's tables are of a version that the installed Optuna cannot use.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if database.path is None:
        with database.write() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            return _rdb(database, {"pool_pre_ping": True})
    if database.read_only:
        return _rdb(database, {"creator": sqlite.creator(database.path, read_only=True)})
    # Foreign keys stay off as Optuna has them: its rows of older releases may point nowhere.
    options = {"creator": sqlite.creator(database.path, foreign_keys=False)}
    with explained(database.shown), sqlite.alone(database.path):
        # Making its tables, Optuna opens a second connection inside a transaction of the first one, so until then
        # there are no transactions here, and one process at a time.
        storage = _rdb(database, options)
    sqlite.begin_immediate(storage.engine)
    with database.write() as connection:
        _ensure_trigger(connection)
    return storage


def _rdb(database: Database, options: dict[str, Any]) -> optuna.storages.RDBStorage:
    import optuna

    storage = optuna.storages.RDBStorage(database.url, engine_kwargs=options, skip_compatibility_check=True)
    found, known = storage.get_current_version(), storage.get_head_version()
    if found == known:
        return storage
    todo = "pip install --upgrade optuna"
    if found in storage.get_all_versions():
        todo = f"optuna storage upgrade --storage {show(database.shown if database.path is None else database.url)}"
    raise StorageError(
        f"{database.shown}: Optuna's tables are of version {found}, Optuna {optuna.__version__} needs {known}; {todo}"
    )

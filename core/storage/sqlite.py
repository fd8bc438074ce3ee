"""SQLite connections: one place for their settings, which Optuna's engine shares with ours."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, event

BUSY_SECONDS = 30.0
READ_ONLY = "hlr_read_only"
"""Execution option of a connection whose transactions only read."""


def connect(path: str, foreign_keys: bool = True, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection in WAL mode to a file that exists; the driver begins no transactions by itself. It waits `patience`
    seconds for a lock."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=rw", uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        _write_ahead(connection, patience)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_to_read(path: str, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection that cannot write, to a file or in a folder that is not ours to write.

    Without a write-ahead log beside it the file is read as one that nobody changes, because SQLite would have to make
    files there; whoever keeps the connection looks for such a log now and then.
    """
    try:
        return _reading(path, "mode=ro", patience)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or has_log(path):
            raise
    return _reading(path, "immutable=1", patience)


def _reading(path: str, mode: str, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(path)}?{mode}", uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def has_log(path: str) -> bool:
    """Whether changes stand beside the file, in its write-ahead log."""
    try:
        return os.stat(f"{path}-wal").st_size > 0
    except OSError:
        return False


def is_ours_to_write(path: str) -> bool:
    """Whether the file can be written, and files beside it made."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(each, os.W_OK, effective_ids=effective) for each in (path, os.path.dirname(path)))


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait its busy timeout for the lock that changes the journal mode.
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def begin_immediate(engine: Engine) -> None:
    """Begin every transaction of `engine` with the write lock, except those that say they only read.

    A transaction that reads first and writes later fails at once, whatever the busy timeout, when somebody else wrote
    in between (SQLITE_BUSY_SNAPSHOT).
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def creator(
    path: str, *, foreign_keys: bool = True, patience: float = BUSY_SECONDS, read_only: bool = False
) -> Callable[[], sqlite3.Connection]:
    """What `sqlalchemy.create_engine` connects to the file `path` with."""
    if read_only:
        return partial(connect_to_read, path, patience)
    return partial(connect, path, foreign_keys, patience)


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Wait until no other process is in here for the same folder. The lock is the folder itself: opening the database
    file would drop the locks that SQLite has on it in this process."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def create_file(path: Path) -> None:
    """An empty database file that only its owner can read, in folders that only their owner can enter.

    Raises:
        OSError: a folder or the file cannot be made.
    """
    missing = []
    folder = path.parent
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return  # another process was faster; opening it again here would drop SQLite's locks in this process


def explain(error: sqlite3.Error) -> str | None:
    """What went wrong and what to do, for errors of the machine; None for errors of our own statements."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    match code & 0xFF:
        case sqlite3.SQLITE_NOTADB:
            return "this file is not a SQLite database; name another one with --storage"
        case sqlite3.SQLITE_CORRUPT:
            return "the database is damaged; restore a copy, or save what is left with: sqlite3 FILE .recover"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "the database cannot be written; check the permissions of the file and of its folder"
        case sqlite3.SQLITE_CANTOPEN:
            return "the database cannot be opened; check that the file and its folder can be read and written"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another process holds the database for longer than usual; end it, or try again"
        case sqlite3.SQLITE_FULL:
            return "the disk is full; free some space and resume"
        case sqlite3.SQLITE_IOERR:
            return f"the disk failed to read or write ({error.sqlite_errorname}); check space, quota and the disk"
        case _:
            return None

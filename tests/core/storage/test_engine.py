from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path

import crew
import pytest
import sqlalchemy as sa

from core.errors import UsageError
from core.storage import tables
from core.storage.engine import Database, StorageError, open_database, optuna_storage
from core.storage.experiments import create_experiment, list_experiments


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_a_new_database_is_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "hlr.db"
    db = open_database(str(path))
    create_experiment(db, "x", "run", "{}")
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("hlr.db*")} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    db.close()


def test_paths_with_odd_characters_work(tmp_path: Path) -> None:
    path = tmp_path / "50% of ann's? #1 ö" / "h l r.db"
    open_database(str(path)).close()
    assert path.is_file()
    assert [each.name for each in tmp_path.iterdir()] == [path.parent.name]


def test_every_connection_has_the_settings(tmp_path: Path) -> None:
    db = open_database(str(tmp_path / "hlr.db"))
    storage = optuna_storage(db)
    for engine, foreign_keys in ((db.engine, 1), (storage.engine, 0)):
        with engine.connect() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
            }
        assert pragmas == {
            "journal_mode": "wal", "synchronous": 1, "busy_timeout": 30_000, "foreign_keys": foreign_keys
        }  # fmt: skip


def test_optuna_takes_the_write_lock_before_it_reads(tmp_path: Path) -> None:
    # Otherwise a transaction that reads, then writes, fails at once when somebody else wrote in between.
    db = open_database(str(tmp_path / "hlr.db"))
    storage = optuna_storage(db)
    other = sqlite3.connect(tmp_path / "hlr.db", timeout=0)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("SELECT * FROM studies").all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM hlr_meta")
    with db.read() as connection:
        connection.execute(sa.select(tables.meta)).all()
        other.execute("DELETE FROM hlr_meta")
        other.rollback()


def test_a_missing_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no experiments here yet: .*/absent/hlr\.db does not exist"):
        open_database(str(tmp_path / "absent" / "hlr.db"), create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"hello", b"x,y\n1,2\n" * 1000], ids=["short", "long"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"notes\.txt: this file is not a SQLite database"):
        open_database(str(path))
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a folder"):
        open_database(str(tmp_path))


@pytest.mark.parametrize("part", ["hlr.db", "new/hlr.db"])
def test_a_place_below_a_file_is_refused(tmp_path: Path, part: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be created: Not a directory"):
        open_database(str(tmp_path / "file" / part))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/db",
        "sqlite:///a.db?mode=ro",
        "sqlite://host/a.db",
        "nope://",
    ],
)
def test_other_urls_are_refused_as_the_users_mistake(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="sqlite:///path"):
        open_database(url)
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server_is_named_without_its_password() -> None:
    # Port 1 answers nowhere; where no driver is installed the message is about that, and as quiet.
    with pytest.raises(StorageError, match=r"postgresql://ann:\*\*\*@127\.0\.0\.1:1/hlr") as caught:
        open_database("postgresql://ann:secret@127.0.0.1:1/hlr")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("found", "message"), [("9999", "written by a newer hlr-tui"), ("one", "no release has written")]
)
def test_another_schema_is_refused(db: Database, found: str, message: str) -> None:
    with db.write() as connection:
        connection.execute(tables.meta.update().values(value=found))
    with pytest.raises(StorageError, match=message):
        open_database(db.url)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that another user can enter, which tmp_path is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


OPEN_AS_A_USER = """
import os, sys
from core.storage.engine import StorageError, open_database
import sqlalchemy.dialects.sqlite, psutil
if os.geteuid() == 0:
    os.seteuid(65534)  # permissions do not bind root
try:
    open_database(sys.argv[1])
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o400, 0o777), (0o444, 0o555)])
def test_a_database_that_cannot_be_written_is_refused(public_folder: Path, file_mode: int, folder_mode: int) -> None:
    path = public_folder / "hlr.db"
    open_database(str(path)).close()
    path.chmod(file_mode)
    public_folder.chmod(folder_mode)
    output = subprocess.run(python(OPEN_AS_A_USER, str(path)), check=True, capture_output=True, text=True)
    assert output.stdout.startswith(f"{path}: the database cannot be "), output
    assert "permissions" in output.stdout or "can be read and written" in output.stdout
    assert output.stderr == ""


READ_AS_A_USER = """
import os, sys
from core.storage.engine import StorageError, open_database
from core.storage.experiments import list_experiments
from core.storage.reader import Cursor
import sqlalchemy.dialects.sqlite, psutil
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    db = open_database(sys.argv[1], may_only_read=True)
    print(db.read_only, [experiment.name for experiment in list_experiments(db)], Cursor(db, 1).poll())
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM hlr_experiment")
except StorageError as error:
    print(error)
"""


def test_a_database_of_somebody_else_can_be_read_while_its_owner_writes_and_after(public_folder: Path) -> None:
    path = public_folder / "hlr.db"

    def allow(file_mode: int, folder_mode: int) -> None:
        public_folder.chmod(0o755)
        for each in public_folder.iterdir():
            each.chmod(file_mode)
        public_folder.chmod(folder_mode)

    def read() -> list[str]:
        before = sorted(public_folder.iterdir())
        output = subprocess.run(python(READ_AS_A_USER, str(path)), check=True, capture_output=True, text=True)
        assert output.stderr == ""
        assert sorted(public_folder.iterdir()) == before
        return [line.partition(";")[0] for line in output.stdout.splitlines()]

    db = open_database(str(path))
    create_experiment(db, "theirs", "run", "{}")
    allow(0o444, 0o555)
    found = ["True ['theirs'] []", f"{path}: the database cannot be written"]
    assert read() == found  # its last changes are in the log
    (public_folder / "hlr.db-shm").chmod(0)
    assert read() == [f"{path}: is not yours to write, and its last changes are in {path}-wal, which cannot be read"]
    allow(0o644, 0o755)
    db.close()
    allow(0o444, 0o555)
    assert list(public_folder.iterdir()) == [path]
    assert read() == found
    allow(0o644, 0o755)
    db = open_database(str(path), may_only_read=True)
    assert not db.read_only
    with db.write() as connection:
        connection.execute(tables.meta.update().values(value="1"))
    db.close()
    allow(0o444, 0o555)
    assert read() == [f"{path}: written by an older hlr-tui, and not yours to bring up to date"]


def test_a_folder_that_cannot_be_written_is_refused(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    path = public_folder / "hlr.db"
    output = subprocess.run(python(OPEN_AS_A_USER, str(path)), check=True, capture_output=True, text=True)
    assert output.stdout == f"{path}: the database cannot be created: Permission denied\n"
    assert output.stderr == ""


def test_processes_that_open_at_once_make_the_tables_once(url: str, others: Pool) -> None:
    for number in range(3):
        place = url.replace("hlr.db", f"{number}.db")  # a new file each time, the same schema on PostgreSQL
        assert others.map(crew.open_and_count, [place] * crew.SIZE, chunksize=1) == [1] * crew.SIZE


def test_a_first_opening_waits_for_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLite itself gives up at once: changing to WAL ignores the busy timeout while somebody writes.
    other = sqlite3.connect(tmp_path / "hlr.db", isolation_level=None)
    other.execute("CREATE TABLE theirs (x)")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("time.sleep", lambda seconds: other.execute("COMMIT"))
    db = open_database(str(tmp_path / "hlr.db"))
    assert not other.in_transaction
    with db.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    db.close()


def test_an_error_in_a_transaction_undoes_all_of_it(db: Database) -> None:
    def half() -> None:
        with db.write() as connection:
            connection.execute(tables.meta.insert().values(key="half", value="done"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with db.read() as connection:
        assert connection.execute(sa.select(tables.meta.c.key)).scalars().all() == ["schema"]


def test_a_read_sees_one_state_throughout(db: Database) -> None:
    names = sa.select(tables.experiment.c.name)
    with db.read() as connection:
        assert connection.execute(names).all() == []
        create_experiment(db, "x", "run", "{}")
        assert connection.execute(names).all() == []
    assert [found.name for found in list_experiments(db)] == ["x"]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    db = open_database(str(tmp_path / "hlr.db"))
    with db.engine.connect() as connection:  # the pool gives the same connection again
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StorageError, match=r"hlr\.db: the disk is full"):
        create_experiment(db, "x", "run", "x" * 100_000)
    assert list_experiments(db) == []


HALF_A_TRANSACTION = """
import sys
from core.storage.engine import open_database
from core.storage import tables
db = open_database(sys.argv[1])
with db.write() as connection:
    for number in range(5000):
        connection.execute(tables.meta.insert().values(key=f"half-{number}", value="x" * 200))
    print("ready", flush=True)
    input()
"""


def test_a_killed_writer_leaves_a_whole_database(db: Database) -> None:
    create_experiment(db, "before", "run", "{}")
    child = subprocess.Popen(
        python(HALF_A_TRANSACTION, db.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    create_experiment(db, "after", "run", "{}")
    assert [found.name for found in list_experiments(db)] == ["before", "after"]
    with db.read() as connection:
        assert connection.execute(sa.select(tables.meta.c.key)).scalars().all() == ["schema"]
        if db.path is not None:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"

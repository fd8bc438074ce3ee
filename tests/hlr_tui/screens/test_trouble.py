"""What goes wrong under the UI is told in place, and passes by itself."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import RenderResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from visible import seen, settle
from watched_experiment import DOCUMENT, begin, make

from hlr_tui import desk
from hlr_tui.app import HlrApp
from hlr_tui.config import Config
from hlr_tui.desk import Desk
from hlr_tui.screens.live import LiveScreen
from hlr_tui.settings import Settings

Steps = Callable[[Pilot[None], HlrApp], Awaitable[None]]


def drive(folder: Path, steps: Steps, chosen: str = "") -> HlrApp:
    async def main() -> HlrApp:
        places = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
        app = HlrApp(Desk(places), chosen=chosen, config=Config(refresh=60.0))
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            await settle(pilot)
            await steps(pilot, app)
        app.desk.close()
        return app

    return asyncio.run(main())


async def look(pilot: Pilot[None], app: HlrApp) -> str:
    """What stands there after another look at the database."""
    assert isinstance(app.screen, LiveScreen)
    app.screen.look()
    await settle(pilot)
    return " ".join(seen(app).split())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with the experiment `small`."""
    place = tmp_path / "place"
    place.mkdir()
    document = {**DOCUMENT, "experiment": {"name": "small", "mode": "run"}}
    db, _ = make(place, document | {"methods": {"optimizers": ["AdamW"], "schedulers": ["EH"], "lr_free": []}})
    (attempt,) = begin(db)
    attempt.write([0.5, 0.4, 0.3, 0.2])
    attempt.finish(0.2)
    db.close()
    return place


def swap(new: Path, place: Path) -> None:
    """Put a copy of a database where the open one is, as mv does."""
    for name in ("hlr.db-wal", "hlr.db-shm"):
        (place / name).unlink(missing_ok=True)
    shutil.copyfile(new, place / "new.db")
    (place / "new.db").replace(place / "hlr.db")


def test_a_database_that_is_deleted_replaced_or_overwritten_while_it_is_open(place: Path, tmp_path: Path) -> None:
    small, other = tmp_path / "small.db", tmp_path / "hlr.db"
    shutil.copyfile(place / "hlr.db", small)
    make(tmp_path, {**DOCUMENT, "experiment": {"name": "small", "mode": "run"}})[0].close()

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        assert "1/3" in seen(app)
        (place / "hlr.db").unlink()
        shown = await look(pilot, app)
        assert f"{place}/hlr.db: the database is gone" in shown
        assert "1/3" in shown  # what is known stays
        swap(other, place)
        shown = await look(pilot, app)
        assert "0/9" in shown
        assert "is gone" not in shown
        await pilot.press("3")
        await settle(pilot)
        assert "Prodigy" in seen(app)
        swap(small, place)
        shown = await look(pilot, app)
        assert "Prodigy" not in shown
        assert "AdamW + EH" in shown
        os.truncate(place / "hlr.db", 5000)
        assert "hlr.db: the database is damaged" in await look(pilot, app)
        shutil.copyfile(other, place / "hlr.db")  # into the same file
        assert "Prodigy" in await look(pilot, app)
        await pilot.press("6")
        await settle(pilot)
        (place / "hlr.db").unlink()
        assert "the database is gone" in await look(pilot, app)

    drive(place, steps, "small")


def spoiled(kind: str, good: Path, path: Path) -> str:
    """Spoil a database in a way; what is to be said of it."""
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
        return "is a folder; name a file in it"
    if kind == "text":
        path.write_text("no database " * 500)
        return "this file is not a SQLite database"
    data = good.read_bytes()
    if kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
        return "the database is damaged"
    path.write_bytes(data)
    connection = sqlite3.connect(path)
    statement = {"newer": "UPDATE hlr_meta SET value = '99' WHERE key = 'schema'", "lacking": "DROP TABLE hlr_run"}
    connection.execute(statement[kind])
    connection.commit()
    connection.close()
    return {"newer": "written by a newer hlr-tui", "lacking": "this should not have happened: OperationalError"}[kind]


def test_a_file_that_cannot_be_used_is_named_until_it_is_in_order(place: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.db"
    shutil.copyfile(place / "hlr.db", good)

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        for mode in ("1", "3"):
            await pilot.press(mode)
            await settle(pilot)
            for kind in ("folder", "text", "truncated", "newer", "lacking"):
                for name in ("hlr.db-wal", "hlr.db-shm"):
                    (place / name).unlink(missing_ok=True)
                message = spoiled(kind, good, place / "hlr.db")
                shown = await look(pilot, app)
                assert message in shown, (kind, shown)
                if kind == "folder":
                    (place / "hlr.db").rmdir()
            swap(good, place)
            shown = await look(pilot, app)
            assert "hlr.db" not in shown
            assert "AdamW + EH" in shown
        log = (place / "logs" / "ui.log").read_text()
        assert "Traceback" in log
        assert "no such table: hlr_run" in log

    drive(place, steps, "small")


def test_a_lock_freezes_nothing_and_passes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "PATIENCE", 0.05)
    holder = sqlite3.connect(place / "hlr.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        assert "another process holds the database" in " ".join(seen(app).split())
        monkeypatch.setattr(desk, "PATIENCE", 60.0)
        assert isinstance(app.screen, LiveScreen)
        app.screen.look()
        await pilot.press("5")
        assert app.current_mode == "lab"
        assert any(not worker.is_finished for worker in app.workers)  # it still waits
        holder.execute("ROLLBACK")
        await pilot.press("1")
        await settle(pilot)
        assert "another process" not in seen(app)
        assert "small" in seen(app)

    drive(place, steps)


def test_a_server_that_does_not_answer_is_told_in_place(tmp_path: Path) -> None:
    async def main() -> None:
        url = "postgresql+psycopg://me:secret@127.0.0.1:1/hlr"
        places = Settings(workspace=tmp_path, storage=url, data_dir=tmp_path, plugins=())
        app = HlrApp(Desk(places), config=Config(refresh=60.0))
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            await settle(pilot)
            shown = " ".join(seen(app).split())
            assert "127.0.0.1:1/hlr: the database cannot be used" in shown
            assert "secret" not in shown

    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    asyncio.run(main())


class Broken(Widget):
    """A mistake of ours, in the app's own thread."""

    def render(self) -> RenderResult:
        raise KeyError(json.dumps("[bold]odd"))


class BrokenScreen(Screen[None]):
    def compose(self) -> object:  # type: ignore[override]
        yield Broken()


def test_a_mistake_in_drawing_ends_with_one_line_and_the_traceback_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[HlrApp] = []

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        kept.append(app)
        await app.push_screen(BrokenScreen())
        await settle(pilot)

    with pytest.raises(Exception, match="this should not have happened: KeyError"):
        drive(tmp_path, steps)
    said = capsys.readouterr()
    path = tmp_path / "logs" / "ui.log"
    assert kept[0].failure.endswith(f"its traceback is in {path}")
    assert "hlr-tui: this should not have happened: KeyError" in said.err
    assert "[bold]odd" in said.err
    assert "Traceback" not in said.out + said.err
    assert "╭" not in said.err
    assert "in render" in path.read_text()

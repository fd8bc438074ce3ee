"""The first screen under the keyboard, on real databases."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from searched_experiment import COSINE, DOCUMENT, ask, end, make, open_at
from textual.pilot import Pilot
from textual.widgets import Button
from visible import seen, settle

from core.storage.experiments import delete_experiment, set_state, take_conductor
from core.storage.processes import me
from hlr_tui.app import HlrApp
from hlr_tui.config import Config
from hlr_tui.desk import Desk
from hlr_tui.screens.confirm import ConfirmScreen
from hlr_tui.screens.experiments import ExperimentsScreen
from hlr_tui.settings import Settings
from hlr_tui.widgets.experiments_table import ExperimentsTable

Steps = Callable[[Pilot[None], HlrApp], Awaitable[None]]


def drive(folder: Path, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    async def main() -> None:
        settings = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
        app = HlrApp(Desk(settings), config=Config(refresh=60.0))
        async with app.run_test(size=size, notifications=True) as pilot:
            await settle(pilot)
            await steps(pilot, app)
        app.desk.close()

    asyncio.run(main())


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three experiments, from the oldest: complete, failed with an odd message, conducted by this process."""
    db = open_at(tmp_path)
    for name, state, error in (
        ("first", "complete", None),
        ("odd", "failed", "ValueError: \x1b[31m[red]odd[/red]"),
        ("busy", "running", None),
    ):
        document: dict[str, Any] = {**DOCUMENT, "experiment": {"name": name, "mode": "all"}}
        experiment, plan = make(db, document)
        ask(db, experiment, plan, COSINE.replace("tuned", name), 0, 0.5)
        end(db, "complete", [0.25])
        set_state(db, experiment.id, state, error)  # type: ignore[arg-type]  # one of its words
        if state == "running":
            take_conductor(db, experiment.id, *me(), lambda *_: False)
    db.close()
    return tmp_path


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
def test_every_experiment_with_its_state_and_its_best_method_newest_first(folder: Path, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        lines = seen(app).splitlines()
        rows = {line.split()[0]: line for line in lines if "0.25" in line and "/" in line}
        assert "● running" in rows["busy"]
        assert "1/28" in rows["busy"]
        assert "✗ failed" in rows["odd"]
        assert "✓ complete" in rows["first"]
        assert "100%" in rows["first"]
        table = app.screen.query_one(ExperimentsTable)
        assert [str(table.coordinate_to_cell_key((row, 0)).row_key.value) for row in range(3)] == [
            "busy",
            "odd",
            "first",
        ]
        assert not table.show_horizontal_scrollbar

    drive(folder, steps, size)


def test_details_follow_the_cursor_and_an_error_is_shown_as_it_is_written(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        assert "ValueError" not in seen(app)
        await press(pilot, "j")
        assert r"✗ ValueError: \x1b[31m[red]odd[/red]" in seen(app)

    drive(folder, steps)


def test_keys_offered_are_those_that_can_do_something(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        footer = seen(app).splitlines()[-1]
        assert "Stop" in footer
        assert "Resume" not in footer
        assert "Quit" in footer  # and everything fits 80 columns
        await press(pilot, "down")
        footer = seen(app).splitlines()[-1]
        assert "Resume" in footer
        assert "Stop" not in footer
        assert "Quit" in footer

    drive(folder, steps)


def test_typing_filters_and_escape_shows_all_again(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        table = app.screen.query_one(ExperimentsTable)
        await press(pilot, "slash", *"fail")
        assert (table.row_count, table.selected) == (1, "odd")
        await press(pilot, "enter")
        assert app.focused is table
        assert table.row_count == 1
        await press(pilot, "escape")
        assert (table.row_count, table.selected) == (3, "odd")
        await press(pilot, "slash", *"zzz")
        assert table.row_count == 0

    drive(folder, steps)


def test_enter_chooses_and_monitors(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "down", "down", "enter")
        assert (app.chosen, app.current_mode) == ("first", "monitor")
        await press(pilot, "1")
        assert app.screen.query_one(ExperimentsTable).selected == "first"

    drive(folder, steps)


def test_other_screens_show_the_experiment_that_the_cursor_was_moved_to(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "3", "1")
        assert app.chosen == ""  # nobody has chosen: the monitor follows what trains
        await press(pilot, "down", "6")
        assert app.chosen == "odd"

    drive(folder, steps)


def test_deleting_asks_and_says_what_goes(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "down", "x")
        assert isinstance(app.screen, ConfirmScreen)
        assert "Delete odd for good?" in seen(app)
        assert re.search(r"odd: 1 run with \d points", seen(app))
        assert isinstance(app.focused, Button)
        assert app.focused.id == "no"
        await press(pilot, "enter")
        assert [one.name for one in app.desk.experiments()] == ["busy", "odd", "first"]
        await press(pilot, "x", "y")
        assert [one.name for one in app.desk.experiments()] == ["busy", "first"]
        await settle(pilot)
        assert "odd is deleted" in seen(app)
        assert app.screen.query_one(ExperimentsTable).row_count == 2

    drive(folder, steps)


def test_what_runs_is_not_deleted(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "x")
        assert isinstance(app.screen, ExperimentsScreen)
        assert "s stops it" in seen(app)

    drive(folder, steps)


def test_a_duplicate_opens_in_the_form_under_a_free_name(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "d")
        assert app.current_mode == "new"
        assert "busy-2" in seen(app)

    drive(folder, steps)


def test_results_of_the_newest_experiment_are_shown_where_none_is_chosen(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "6")
        assert app.chosen == "busy"
        assert "No experiment is chosen" not in seen(app)

    drive(folder, steps)


def test_the_log_is_shown_and_cannot_drive_the_terminal(folder: Path) -> None:
    log = folder / "logs" / "odd" / "conductor.log"
    log.parent.mkdir(parents=True)
    log.write_text("began\n" * 100 + "\x1b[31m[red]it broke[/red]\n")

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "l")
        assert "not written yet" in seen(app)
        await press(pilot, "escape", "down", "l")
        assert r"\x1b[31m[red]it broke[/red]" in seen(app)  # its end, not its beginning
        await press(pilot, "escape")
        assert isinstance(app.screen, ExperimentsScreen)

    drive(folder, steps)


def test_a_command_that_fails_says_why(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "down")
        delete_experiment(app.desk.db(), app.desk.experiment("odd").id)  # by somebody else
        await press(pilot, "r")
        assert "Let odd go on?" in seen(app)
        await press(pilot, "y")
        assert 'no experiment "odd"' in " ".join(seen(app).split())
        assert "odd goes on" not in seen(app)
        assert app.screen.query_one(ExperimentsTable).row_count == 2

    drive(folder, steps)


def test_the_dashboard_is_started_and_ends_with_the_ui(folder: Path) -> None:
    pids: list[int] = []

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "w")
        assert "http://127.0.0.1:" in seen(app)
        assert "ssh -L" in seen(app) or "ssh -p" in seen(app)
        process = app.dashboard._process
        assert process is not None
        assert process.poll() is None
        pids.append(process.pid)

    drive(folder, steps)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_who_has_no_experiment_is_told_what_to_do(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        shown = seen(app)
        assert "Start the quickstart" in shown
        assert "New experiment" in shown
        assert "Quit" in shown.splitlines()[-1]

    drive(tmp_path, steps)
    assert list(tmp_path.iterdir()) == []


def test_a_quickstart_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "specs").write_text("a file where a folder should be")

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "g")
        shown = seen(app)
        # The notice breaks its lines where the path happens to end, between what frames it.
        assert "cannot be written" in re.sub(r"[^\w:./]+", " ", shown)
        assert "Starting" not in shown
        assert app.current_mode == "experiments"

    drive(tmp_path, steps, (200, 50))  # wide enough for the notice to stand beside the text


def test_a_database_that_is_none_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "hlr.db").write_text("no database at all, but long enough to look like one" * 100)

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        assert f"{tmp_path}/hlr.db" in seen(app).replace("\n", "")

    drive(tmp_path, steps, (160, 24))

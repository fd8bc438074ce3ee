"""The search screen under the keyboard, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from searched_experiment import DOCUMENT, NAME, make, one_of_each, open_at
from textual.pilot import Pilot
from textual.widgets import Static

import hlr_tui.app
from core.storage.experiments import get_experiment
from core.storage.points import PointWriter
from core.storage.runs import runs_of
from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.screens.new import NewScreen
from hlr_tui.screens.search import SearchScreen
from hlr_tui.screens.trial import TrialScreen
from hlr_tui.settings import Settings
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.long_table import LongTable
from hlr_tui.widgets.row_table import RowTable

Steps = Callable[[Pilot[None], SearchScreen], Awaitable[None]]


class SearchApp(HlrApp):
    DEFAULT_MODE = "search"
    CSS_PATH = Path(hlr_tui.app.__file__).with_name("hlr_tui.tcss")  # Textual looks beside the subclass


async def settle(pilot: Pilot[None]) -> None:
    """Until what was fetched is shown."""
    for _ in range(2):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


def drive(folder: Path, steps: Steps, *, chosen: str = NAME, size: tuple[int, int] = (80, 24)) -> None:
    async def main() -> None:
        settings = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
        desk = Desk(settings)
        app = SearchApp(desk, chosen=chosen)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            screen = app.screen
            assert isinstance(screen, SearchScreen)
            await steps(pilot, screen)
        desk.close()

    asyncio.run(main())


def searched(folder: Path) -> None:
    db = open_at(folder)
    one_of_each(db)
    db.close()


def end_of_training(folder: Path) -> None:
    """Trial 5 ends."""
    db = open_at(folder)
    (run,) = runs_of(db, get_experiment(db, NAME).id, states=["running"])
    PointWriter(db, run.id, run.attempt).finish("complete", 0.25, {"val_loss": 0.25}, epoch=20)
    db.close()


def text(screen: SearchScreen | TrialScreen, selector: str) -> str:
    return str(screen.query_one(selector, Static).visual)


def chart(screen: SearchScreen, key: str) -> Chart:
    (found,) = [each for each in screen.query(Chart) if f"by {key}" in each.title]
    return found


def shown(screen: SearchScreen) -> list[str]:
    return [each.title.partition("by ")[2].split()[0] for each in screen.query(Chart) if each.display]


def rows(screen: SearchScreen) -> list[list[str]]:
    table = screen.query_one("#trials", LongTable)
    return [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]


def test_trials_charts_and_the_warning_stand_at_first_sight(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        assert "7 of 8 trials" in text(screen, "#heading")
        assert "best 0.2, trial 4" in text(screen, "#heading")
        # Trial 4 has the highest rate of the range.
        assert "best lr 0.05 at the upper end of 1e-4 … 0.05: w goes to 0.5" in text(screen, "#warnings")
        assert [row[2] for row in rows(screen)][:5] == ["complete", "pruned", "diverged", "failed", "complete, best"]
        assert {"best", "complete", "pruned", "diverged", "failed", "running"} <= chart(screen, "trial").curves.keys()
        assert chart(screen, "trial").is_on_screen
        assert screen.query_one("#trials").has_focus
        await press(pilot, "v")
        assert chart(screen, "lr").warned, "and at the edge of its chart"

    drive(tmp_path, steps)


def test_a_narrow_terminal_shows_one_chart_after_the_other(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        assert shown(screen) == ["trial"]
        seen = []
        for _ in range(3):
            await press(pilot, "v")
            seen += shown(screen)
        assert seen == ["lr", "infimum_lr", "trial"]

    drive(tmp_path, steps)


def test_a_wide_terminal_shows_them_all_with_the_studies(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        assert all(each.display and each.size.height > 3 for each in screen.query(Chart))
        studies = screen.query_one("#studies", RowTable)
        assert studies.display
        assert [str(cell) for cell in studies.get_row_at(0)] == ["★!", "AdamW + C", "7/8", "0.2"]
        assert studies.row_count == 2
        ticks = chart(screen, "lr").x_ticks
        assert ticks is not None
        assert [label for _, label in ticks] == ["1e-4", "0.001", "0.01", "0.05"], (
            "a log range is labelled in its own numbers"
        )

    drive(tmp_path, steps, size=(160, 45))


def test_the_other_study_comes_by_key(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        await press(pilot, "right_square_bracket")
        assert "AdamW + EH (2 of 2)" in text(screen, "#heading")
        assert rows(screen) == []
        assert chart(screen, "upper_bound").curves == {}
        await press(pilot, "left_square_bracket")
        assert len(rows(screen)) == 7

    drive(tmp_path, steps)


def test_enter_opens_the_curves_with_a_guess(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        await press(pilot, *["down"] * 5, "enter")
        opened = pilot.app.screen
        assert isinstance(opened, TrialScreen)
        assert "trial 5: running" in text(opened, "#about")
        assert "guess 0.3" in text(opened, "#about")
        losses = opened.query_one("#losses", Chart).curves
        assert {each.label for each in losses.values()} == {"train_loss", "val_loss", "guess of val_loss"}
        (guess,) = [each for each in losses.values() if each.label.startswith("guess")]
        assert (guess.look, guess.xs[0], guess.xs[-1]) == ("dashed", 10, 20)
        assert [each.label for each in opened.query_one("#rates", Chart).curves.values()] == ["lr"]
        end_of_training(tmp_path)
        opened.look()
        await settle(pilot)
        assert "trial 5: complete, objective 0.25" in text(opened, "#about")
        assert not [each for each in losses.values() if each.label.startswith("guess")]
        await press(pilot, "p", "p")
        assert "trial 3: failed" in text(opened, "#about")
        assert "\\x1b[31m memory" in text(opened, "#about"), "shown as it is written, and whole"
        assert "second line" in text(opened, "#about")
        assert not opened.query_one("#losses", Chart).curves
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    drive(tmp_path, steps)


def test_keys_sort_find_the_best_and_toggle_the_log_axis(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        table = screen.query_one("#trials", LongTable)
        await press(pilot, "b")
        assert table.key_at_cursor == "4"
        await press(pilot, "s")
        assert [row[0] for row in rows(screen)][:2] == ["4", "0"]
        assert table.key_at_cursor == "4"
        assert chart(screen, "trial").cursor == 4
        assert {each.log_y for each in screen.query(Chart)} == {False}
        await press(pilot, "l")
        assert {each.log_y for each in screen.query(Chart)} == {True}

    drive(tmp_path, steps)


def test_w_opens_the_form_on_a_duplicate_that_searches_further(tmp_path: Path) -> None:
    searched(tmp_path)

    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        await press(pilot, "w")
        await settle(pilot)
        form = pilot.app.screen
        assert isinstance(form, NewScreen)
        assert form.state is not None
        assert form.state.values["optimize.search.lr"] == "1e-4 … 0.5 log"
        assert form.state.values["experiment.name"] == f"{NAME}-2"

    drive(tmp_path, steps)


def test_what_is_missing_is_said_in_place(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: SearchScreen) -> None:
        async def said(chosen: str) -> str:
            screen.hlr.chosen = chosen
            screen.look()
            await settle(pilot)
            await press(pilot, "v", "s", "l", "b", "o", "right_square_bracket")
            assert not screen.query_one("#body").display
            return text(screen, "#nothing")

        assert "press 2" in await said("")
        db = open_at(tmp_path)
        make(db)
        make(db, {**DOCUMENT, "experiment": {"name": "plain", "mode": "compare"}})
        db.close()
        assert "press 1" in await said("")
        assert "has no trial yet" in await said(NAME)
        assert "plain has no search (its mode is compare)" in await said("plain")
        await said("gone")
        assert 'no experiment "gone"' in text(screen, "#problem")

    drive(tmp_path, steps, chosen="")

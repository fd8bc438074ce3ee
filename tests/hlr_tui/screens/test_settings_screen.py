"""Settings, help and the user's own keys: what is changed holds at once and the next time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Input
from visible import seen, settle

from hlr_tui.app import HlrApp
from hlr_tui.config import Config, load_config
from hlr_tui.desk import Desk
from hlr_tui.screens.help import HelpScreen
from hlr_tui.settings import Settings

Steps = Callable[[Pilot[None], HlrApp], Awaitable[None]]


def drive(folder: Path, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    """Drive an app that keeps its settings in `folder`, as `hlr-tui` starts it."""
    path = folder / "config.toml"
    config, problems = load_config(path)

    async def main() -> None:
        places = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
        app = HlrApp(Desk(places), config=config, config_file=path, problems=problems)
        async with app.run_test(size=size, notifications=True) as pilot:
            await settle(pilot)
            await steps(pilot, app)
            await settle(pilot)

    asyncio.run(main())


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


def test_a_theme_is_tried_and_kept(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "f2", "down")
        assert app.theme == "hlr-light"
        await press(pilot, "escape")
        assert app.theme == "hlr-dark"
        assert not (tmp_path / "config.toml").exists()
        await press(pilot, "f2", "down", "enter", "escape")
        assert app.theme == "hlr-light"

    drive(tmp_path, steps)
    assert load_config(tmp_path / "config.toml") == (Config(theme="hlr-light"), [])

    async def next_time(pilot: Pilot[None], app: HlrApp) -> None:
        assert app.theme == "hlr-light"

    drive(tmp_path, next_time)


def test_a_theme_of_the_command_palette_is_kept(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        app.theme = "nord"

    drive(tmp_path, steps)
    assert load_config(tmp_path / "config.toml")[0].theme == "nord"


def test_the_period_is_checked_and_kept(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "f2", "tab")
        app.screen.query_one("#refresh", Input).value = ""
        await press(pilot, *"0.05", "enter")
        assert "refresh = 0.05: must be" in seen(app)
        assert app.config.refresh == 1.0
        app.screen.query_one("#refresh", Input).value = "2.5"
        await press(pilot, "enter", "escape")
        assert app.config.refresh == 2.5

    drive(tmp_path, steps)
    assert load_config(tmp_path / "config.toml")[0].refresh == 2.5


def test_bad_settings_are_named_and_the_app_starts(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('theme = "nrd"\n[keys]\n"experiments.newe" = "N"\n')

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        shown = " ".join(seen(app).replace("▌", "").split())
        assert 'theme = "nrd": must be one of' in shown
        assert 'keys.experiments.newe = "N": unknown action' in shown
        assert "Start the quickstart" in shown

    drive(tmp_path, steps, (200, 50))


def test_a_key_of_ones_own_works_in_place_of_the_declared_one(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[keys]\n"everywhere.help" = "f7"\n"everywhere.lab" = "L"\n')

    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        assert "L Lab" in seen(app).splitlines()[0]
        await press(pilot, "question_mark")
        assert not isinstance(app.screen, HelpScreen)
        await press(pilot, "5")
        assert app.current_mode == "experiments"
        await press(pilot, "f7")
        assert isinstance(app.screen, HelpScreen)
        assert re.search(r"f7 \* +Help +everywhere\.help", seen(app))
        assert re.search(r"L \* +Lab +everywhere\.lab", seen(app))
        await press(pilot, "escape", "L")
        assert app.current_mode == "lab"

    drive(tmp_path, steps, (100, 200))


def test_help_lists_every_screen_the_present_one_first(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "question_mark")
        shown = seen(app)
        assert "Experiments (this screen)" in shown
        for heading in ("Everywhere", "Monitor", "Search", "Lab", "Results", "New"):
            assert any(line.strip(" │").startswith(heading) for line in shown.splitlines()), heading
        assert "experiments.duplicate" in shown
        await press(pilot, "escape")
        assert not isinstance(app.screen, HelpScreen)

    drive(tmp_path, steps, (100, 200))


def test_help_scrolls_by_the_keyboard(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "question_mark", "pagedown", "j")
        assert app.screen.query_one(VerticalScroll).scroll_target_y > 5
        assert "Experiments (this screen)" not in seen(app)

    drive(tmp_path, steps)


@pytest.mark.parametrize("keys", [("ctrl+c",)])
def test_ctrl_c_says_how_to_leave(keys: tuple[str, ...], tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, *keys)
        assert "q leaves; experiments go on" in seen(app)

    drive(tmp_path, steps)


def test_the_palette_finds_screens_and_actions(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: HlrApp) -> None:
        await press(pilot, "ctrl+p", *"lab")
        await press(pilot, "enter")
        assert app.current_mode == "lab"

    drive(tmp_path, steps)

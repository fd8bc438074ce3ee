"""The lab under the keyboard, in a terminal of Textual's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.forms.state import write
from hlr_tui.screens.lab import LabScreen
from hlr_tui.settings import Settings
from hlr_tui.widgets.chart import Chart

Steps = Callable[[Pilot[None], LabScreen], Awaitable[None]]


def drive(folder: Path, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    """Open the lab in an empty workspace and take some steps there."""

    async def main() -> None:
        settings = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
        app = HlrApp(Desk(settings))
        async with app.run_test(size=size) as pilot:
            await press(pilot, "5")
            screen = app.screen
            assert isinstance(screen, LabScreen)
            await steps(pilot, screen)

    asyncio.run(main())


def text_of(screen: LabScreen, selector: str) -> str:
    return str(screen.query_one(selector, Static).visual)


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def go_to(pilot: Pilot[None], screen: LabScreen, name: str) -> None:
    """Highlight a scheduler in the list."""
    listed = screen.query_one("#schedulers", OptionList)
    listed.highlighted = listed.get_option_index(name)
    await pilot.pause()


def chart(screen: LabScreen, title: str = "learning rate η") -> Chart:
    return next(one for one in screen.query(Chart) if one.display and one.title == title)


def test_the_first_look_compares_three_schedules_and_keys_draw_filter_and_pick(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: LabScreen) -> None:
        wanted = {f"{code} {epochs}" for code in ("C", "H", "EH") for epochs in (50, 200)}
        assert set(chart(screen).curves) == wanted
        table = text_of(screen, "#table").splitlines()
        assert len(table) == 1 + len(wanted)
        assert table[1].split() == ["A", "C", "200", "1e-6", "0.005", "50", "%"]
        assert chart(screen).region.height >= 8
        await press(pilot, "c")
        assert pilot.app.clipboard == "hlr-tui preview C H EH --epochs 50,200 --lr 0.01"

        await press(pilot, "slash", *"warm", "enter")
        assert screen.current is not None
        assert screen.current.code == "WH"
        await press(pilot, "space")
        assert {"WH 50", "WH 200"} <= set(chart(screen).curves)
        await press(pilot, "a")  # the three with a warm-up, and none of the others
        assert [info.code for info in screen.drawn] == ["C", "H", "EH", "WH", "WEH", "WC"]
        await press(pilot, "a", "escape")
        assert [info.code for info in screen.drawn] == ["C", "H", "EH"]

        await go_to(pilot, screen, "cosine")
        await press(pilot, "l", "o")
        assert chart(screen).log_y
        assert {curve.label for curve in chart(screen).shown()} == {"C 50", "C 200"}
        await press(pilot, "l", "o")
        assert not chart(screen).log_y
        assert len(chart(screen).shown()) == 6
        await press(pilot, "a", "a")
        assert not screen.drawn
        assert screen.query_one("#nothing").display
        await press(pilot, "n")
        assert pilot.app.current_mode == "lab"

    drive(tmp_path, steps)


def test_arrows_move_a_parameter_the_curve_follows_and_a_new_experiment_takes_it(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: LabScreen) -> None:
        await go_to(pilot, screen, "exp_hyperbolic")
        before = list(chart(screen).curves["EH 200"].ys)
        await press(pilot, "enter", "right", "shift+right")
        assert screen.bench.given == {"exp_hyperbolic": {"upper_bound": 275}}
        after = list(chart(screen).curves["EH 200"].ys)
        assert after[-1] > before[-1]  # the longer its bound, the higher a run ends
        await press(pilot, "backspace")
        assert list(chart(screen).curves["EH 200"].ys) == before

        await press(pilot, "right", "n")  # and the choice goes to a new experiment
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pilot.app.current_mode == "new"
        document: dict[str, Any] = write(getattr(pilot.app.screen, "state"))
        assert document["methods"]["schedulers"] == ["C", "H", "EH"]
        assert document["methods"]["params"]["EH"] == {"upper_bound": 255}
        assert document["compare"]["budgets"] == [50, 200]

    drive(tmp_path, steps)


def test_the_peak_rate_and_the_budgets_are_dials_too(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: LabScreen) -> None:
        await press(pilot, "enter", "down", "right")
        assert screen.bench.run["lr"] == 0.012
        assert chart(screen).curves["C 200"].ys[0] == 0.012
        await press(pilot, "down", "down", "enter", *"20,80", "enter")
        assert set(chart(screen).curves) == {f"{code} {epochs}" for code in ("C", "H", "EH") for epochs in (20, 80)}
        assert chart(screen).x_range == (0, 80)

    drive(tmp_path, steps)


def test_a_terminal_with_room_has_more_charts_one_cursor_and_says_what_is_refused(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: LabScreen) -> None:
        chart(screen).focus()
        await press(pilot, *["right"] * 5)
        cursor = chart(screen).cursor
        assert cursor is not None
        assert chart(screen, "decay rate -dη/dt").cursor == cursor
        head, first, *_ = text_of(screen, "#table").splitlines()
        assert f"η at {cursor:g}" in head
        line = screen.bench.lines(screen.drawn[0])[-1]
        assert f"{line.at(cursor):.3g}" in first.split()

        for size, count in [((120, 36), 3), ((200, 50), 4), ((80, 24), 1)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            charts = [one for one in screen.query(Chart) if one.display]
            assert len(charts) == count
            assert all(one.region.width >= 30 and one.region.height >= 8 for one in charts)

        await pilot.resize_terminal(120, 36)
        screen.query_one("#schedulers").focus()
        await pilot.pause()
        await go_to(pilot, screen, "hyperbolic")
        await press(pilot, "enter", "enter", *"100", "enter")
        dial = screen.query_one("#dials", OptionList).get_option("hyperbolic upper_bound")
        assert "must be >= 200, the number of epochs of the run" in str(dial.prompt)
        assert "H 200" not in chart(screen).curves
        assert "H 50" in chart(screen).curves
        await press(pilot, "enter", *"soon", "enter")
        assert "must be a whole number >= 1" in text_of(screen, "#about")
        assert screen.bench.given["hyperbolic"]["upper_bound"] == 100
        await press(pilot, "escape")
        assert pilot.app.focused is screen.query_one("#dials")

    drive(tmp_path, steps, (120, 36))


def test_one_key_goes_through_the_charts_and_momentum_is_one_where_it_moves(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: LabScreen) -> None:
        async def titles() -> list[str]:
            seen = []
            for _ in range(5):
                (shown,) = (one for one in screen.query(Chart) if one.display)
                seen.append(shown.title)
                await press(pilot, "m")
            return seen

        four = ["learning rate η", "decay rate -dη/dt", "LR budget ∫η dt", "share of the LR budget spent"]
        assert await titles() == [*four, four[0]]
        await press(pilot, "slash", *"triang", "enter", "space")
        assert sorted(await titles()) == sorted([*four, "momentum"])
        while not (found := [one for one in screen.query(Chart) if one.title == "momentum"]):
            await press(pilot, "m")
        assert found[0].curves.keys() == {"CY 50", "CY 200"}

    drive(tmp_path, steps)

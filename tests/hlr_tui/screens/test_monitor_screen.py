"""The monitor as its user sees it, on experiments that are trained by hand."""

from __future__ import annotations

import asyncio
import math
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static
from visible import seen
from watched_experiment import COSINE, DOCUMENT, NAME, PRODIGY, SEARCH, begin, desk_at, make

from core.storage.experiments import create_experiment, get_experiment, set_state
from core.storage.runs import requeue
from core.storage.tables import experiment as experiments
from core.storage.tables import worker as workers
from core.storage.workers import register, retire
from hlr_tui.app import HlrApp
from hlr_tui.screens.monitor import MonitorScreen
from hlr_tui.screens.run import RunScreen

SMALL, LARGE = (80, 24), (200, 50)

Script = Callable[[Pilot[None], MonitorScreen], Awaitable[None]]


def watch(workspace: Path, script: Script, size: tuple[int, int] = SMALL, chosen: str = NAME) -> None:
    """Open the monitor on the workspace, and do as the script says."""

    async def play() -> None:
        desk = desk_at(workspace)
        app = HlrApp(desk, chosen=chosen)
        async with app.run_test(size=size) as pilot:
            await app.action_go("monitor")
            await settle(pilot)
            assert isinstance(app.screen, MonitorScreen)
            await script(pilot, app.screen)
        desk.close()

    asyncio.run(play())


async def settle(pilot: Pilot[None]) -> None:
    """Until what the workers found is drawn."""
    for _ in range(2):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def rows(screen: MonitorScreen) -> list[str]:
    table = screen.table
    return [" ".join(str(cell) for cell in table.get_row_at(number)) for number in range(table.row_count)]


def heads(screen: MonitorScreen) -> list[str]:
    return [str(column.label).strip() for column in screen.table.ordered_columns]


def text(screen: MonitorScreen, name: str) -> str:
    widget = screen.query_one(name, Static)
    return str(widget.visual) if widget.display else ""


def curve(screen: MonitorScreen, chart: int, key: str) -> list[float]:
    return list(screen.wall.charts[chart].curves[key].ys)


def test_methods_are_drawn_as_means_over_seeds_and_grow_with_the_runs(tmp_path: Path) -> None:
    db, _ = make(tmp_path)
    first, _, third = begin(db, 3)  # the first seed of each method
    first.write([1.0, 0.5])
    third.write([2.0], effective_lr=0.25)

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert [line.split()[1:5] for line in rows(screen)] == [
            ["●", "running", "AdamW", "+"],
            ["●", "running", "AdamW", "+"],
            ["●", "running", "Prodigy", "0/3"],
        ]
        assert text(screen, "#headline").startswith("watched  running · 8 %")
        assert curve(screen, 0, COSINE) == [1.0, 0.5]
        assert curve(screen, 1, PRODIGY) == [0.25]  # the rate that acts, not the nominal one
        first.write([0.25], after=2)
        screen.look()
        await settle(pilot)
        assert curve(screen, 0, COSINE) == [1.0, 0.5, 0.25]
        first.write([0.125], after=3)
        first.finish()
        other = next(one for one in begin(db, 3) if one.run.scheduler == "C")
        other.write([3.0, 1.5])
        screen.look()
        await settle(pilot)
        assert curve(screen, 0, COSINE) == [2.0, 1.0, 0.25, 0.125]
        assert "1/3" in rows(screen)[0]

    watch(tmp_path, script)
    db.close()


def test_a_method_opens_into_its_runs_and_a_run_into_its_log(tmp_path: Path) -> None:
    db, _ = make(tmp_path)
    log = tmp_path / "worker.log"
    log.write_text("epoch 1 \x1b[31m[bold]done\n")
    bad = begin(db, log=str(log))[0]
    bad.write([1.0, math.nan])
    bad.diverge()

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        await press(pilot, "enter")
        assert len(rows(screen)) == 3
        assert rows(screen)[0].split()[:5] == ["A", "↯", "diverged", "AdamW", "+"]
        assert text(screen, "#view").startswith("runs of AdamW + C · run · 4 epochs")
        await press(pilot, "enter")
        modal = pilot.app.screen
        assert isinstance(modal, RunScreen)
        assert "epoch 1 \\x1b[31m[bold]done" in str(modal.query_one("#lines", Static).visual)
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is screen
        assert [line.split()[3] for line in rows(screen)][-1] == "Prodigy"

    watch(tmp_path, script)
    db.close()


def test_runs_can_be_filtered_hidden_shown_alone_and_pinned(tmp_path: Path) -> None:
    db, _ = make(tmp_path)
    for attempt in begin(db, 3):
        attempt.write([1.0, 0.5])

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        chart = screen.wall.charts[0]
        await press(pilot, "h")
        assert set(chart.hidden) == {COSINE}
        await press(pilot, "down", "down", "o")
        assert [one.label for one in chart.shown()] == ["Prodigy"]
        await press(pilot, "a", "p")
        assert len(chart.shown()) == 3
        assert "Prodigy" in rows(screen)[0]
        await press(pilot, "v")
        assert len(rows(screen)) == 9
        await pilot.resize_terminal(50, 24)
        await settle(pilot)
        assert sum(column.get_render_width(screen.table) for column in screen.table.ordered_columns) <= 50
        assert {"state", "method", "epoch", "val"} <= set(heads(screen))
        await press(pilot, "slash")
        await press(pilot, "e", "h")
        assert ["EH" in line for line in rows(screen)] == [True] * 3
        assert len(chart.curves) == 1  # one of them has begun
        await press(pilot, "escape")
        assert len(rows(screen)) == 9

    watch(tmp_path, script)
    db.close()


def test_one_cursor_for_every_chart_and_its_values_in_the_table(tmp_path: Path) -> None:
    db, _ = make(tmp_path)
    begin(db)[0].write([0.75, 0.5, 0.25], val_accuracy=0.9)

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert [chart.display for chart in screen.wall.charts] == [True] * 4
        assert screen.wall.charts[3].title == "val accuracy"
        assert "0.25" in rows(screen)[0]
        await press(pilot, "right", "right")
        assert {chart.cursor for chart in screen.wall.charts} == {2.0}
        assert "0.5 " in rows(screen)[0]
        assert "0.25 " in rows(screen)[0]  # the training loss is half of it
        assert text(screen, "#view").endswith("values at epoch 2")
        await press(pilot, "shift+tab", "right")
        assert {chart.cursor for chart in screen.wall.charts} == {3.0}
        await press(pilot, "escape")
        assert {chart.cursor for chart in screen.wall.charts} == {None}

    watch(tmp_path, script, LARGE)
    db.close()


def test_charts_take_other_metrics_scales_and_smoothing(tmp_path: Path) -> None:
    db, _ = make(tmp_path)
    begin(db)[0].write([0.75, 0.5], grad_norm=3.0, val_accuracy=0.9)

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        wall = screen.wall
        assert [chart.title for chart in wall.charts if chart.display] == ["validation loss", "learning rate"]
        await press(pilot, "m", "m")
        assert curve(screen, 0, COSINE) == [0.9, 0.9]
        assert "accuracy" in heads(screen)
        await press(pilot, "m")
        assert curve(screen, 0, COSINE) == [3.0, 3.0]
        before = wall.charts[0].log_y
        await press(pilot, "l", "greater_than_sign", "greater_than_sign", "less_than_sign")
        assert wall.charts[0].log_y is not before
        assert wall.charts[0].smoothing == pytest.approx(0.1)

    watch(tmp_path, script)
    db.close()


def test_a_search_is_shown_by_its_trials(tmp_path: Path) -> None:
    db, _ = make(tmp_path, SEARCH)
    for attempt in begin(db, 4):
        attempt.write([1.0])

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert [screen.table.get_row_at(row)[heads(screen).index("trial")].plain.strip() for row in range(3)] == [
            "1",
            "0",
            "0",
        ]  # the newest in training
        await press(pilot, "enter")
        assert len(rows(screen)) == 3  # the trials of one method

    watch(tmp_path, script, LARGE)
    db.close()


def test_every_budget_can_be_looked_at(tmp_path: Path) -> None:
    compare = DOCUMENT | {
        "experiment": {"name": NAME, "mode": "compare"},
        "compare": {"budgets": [2, 4], "seeds": 1},
    }
    db, _ = make(tmp_path, compare)
    begin(db)[0].write([1.0])

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        shown = [text(screen, "#view")]
        for _ in range(3):
            await press(pilot, "b")
            shown.append(text(screen, "#view"))
        assert ["2 epochs" in view for view in shown] == [True, True, False, True]
        assert screen.wall.charts[0].x_range == (1.0, 2.0)

    watch(tmp_path, script)
    db.close()


def test_without_a_choice_the_newest_running_experiment_is_shown(tmp_path: Path) -> None:
    db, experiment = make(tmp_path)
    begin(db)[0].write([1.0])
    done = create_experiment(db, "done", "run", experiment.spec)
    set_state(db, done.id, "complete")

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert text(screen, "#headline").startswith("watched (newest running)")
        set_state(db, experiment.id, "stopped")
        screen.look()
        await settle(pilot)
        assert text(screen, "#headline").startswith("done (newest)")
        assert "has no runs" in text(screen, "#idle")

    watch(tmp_path, script, chosen="")
    db.close()


def test_where_nothing_is_there_it_says_what_to_do(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert text(screen, "#idle").startswith("There is no experiment to watch yet.")
        await press(pilot, "v", "m", "b", "o", "h", "enter", "s", "r", "right")  # nothing to act on
        assert text(screen, "#idle").startswith("There is no experiment to watch yet.")

    watch(tmp_path, script, chosen="")


def test_an_experiment_that_is_gone_is_told_in_place(tmp_path: Path) -> None:
    db, _ = make(tmp_path)

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert 'no experiment "wathced"' in text(screen, "#problem")
        assert 'did you mean "watched"?' in text(screen, "#problem")

    watch(tmp_path, script, chosen="wathced")
    db.close()


def test_who_trains_stands_beside_the_charts_and_stopping_asks_first(tmp_path: Path) -> None:
    db, experiment = make(tmp_path)
    register(db, experiment.id, "cpu", worker_id="w1")
    begin(db)[0].write([1.0, 0.5])

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        assert not screen.wall.crew.display  # 80 columns hold two charts
        await press(pilot, "w")
        shown = seen(pilot.app)
        assert "1 worker " in shown
        assert re.search(r"w1 +cpu +AdamW \+ C seed 1", shown)
        assert screen.wall.metrics == ("val_loss",)
        await press(pilot, "s")
        assert "Stop watched?" in seen(pilot.app)
        assert "1 run in training writes a checkpoint" in seen(pilot.app)
        await press(pilot, "enter")  # the focus is on the no
        assert get_experiment(db, NAME).state == "running"
        assert "Resume" not in seen(pilot.app)
        await press(pilot, "s")
        set_state(db, experiment.id, "complete")  # while the question stands
        await press(pilot, "y")
        said = [notification.message for notification in pilot.app._notifications]  # Textual has no public name for it
        assert said[-1] == "watched is not running, it is complete"
        await press(pilot, "s", "r")
        assert isinstance(pilot.app.screen, MonitorScreen)  # nothing is left to do, and nothing asked
        await press(pilot, "w")
        assert not screen.wall.crew.display
        assert len(screen.wall.metrics) == 2

    watch(tmp_path, script)
    db.close()


def test_a_worker_that_died_is_told_until_another_one_takes_its_run_up(tmp_path: Path) -> None:
    db, experiment = make(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    for name in ("w1", "w2"):
        register(db, experiment.id, "cpu", worker_id=name)
    attempt = begin(db)[0]
    attempt.write([1.0, 0.5])
    note = "a worker died while it trained AdamW + C seed 1 (epoch 2): its run waits for another one"

    async def script(pilot: Pilot[None], screen: MonitorScreen) -> None:
        async def shown() -> str:
            pilot.app.screen.look()  # type: ignore[attr-defined]
            await settle(pilot)
            return " ".join(seen(pilot.app).split())

        assert "died" not in await shown()
        with db.write() as connection:  # as kill -9 leaves it
            connection.execute(workers.update().where(workers.c.id == "w1").values(pid=process.pid))
        assert note in await shown()
        retire(db, "w1")
        requeue(db, attempt.run.id, attempt.run.attempt, "its worker ended without finishing it")
        assert note in await shown()
        await press(pilot, "1")
        assert note in await shown()
        await press(pilot, "3")
        begin(db, worker="w2")
        assert "died" not in await shown()
        await press(pilot, "enter", "enter")
        assert "a worker died on it" in seen(pilot.app)
        await press(pilot, "escape")
        with db.write() as connection:
            connection.execute(experiments.update().values(conductor_pid=process.pid))
        assert "its conductor is gone: press r to go on" in await shown()
        await press(pilot, "r")
        assert "Let watched go on?" in seen(pilot.app)

    watch(tmp_path, script, (120, 30))
    db.close()

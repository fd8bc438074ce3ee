"""The results screen under the keyboard, on a real database."""

from __future__ import annotations

import asyncio
import csv
import re
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from searched_experiment import COSINE, DOCUMENT, NAME, ask, compare, end, make, open_at
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static, TabbedContent
from visible import seen

import hlr_tui.app
from core.analysis.importing import read_imports, store_imports
from core.storage.runs import runs_of
from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.screens.export import ExportScreen
from hlr_tui.screens.method import MethodScreen
from hlr_tui.screens.notice import NoticeScreen
from hlr_tui.screens.results import ResultsScreen
from hlr_tui.settings import Settings
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.row_table import RowTable

Steps = Callable[[Pilot[None], ResultsScreen], Awaitable[None]]


class ResultsApp(HlrApp):
    DEFAULT_MODE = "results"
    CSS_PATH = Path(hlr_tui.app.__file__).with_name("hlr_tui.tcss")  # Textual looks beside the subclass


async def settle(pilot: Pilot[None]) -> None:
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
        app = ResultsApp(desk, chosen=chosen)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            screen = app.screen
            assert isinstance(screen, ResultsScreen)
            await steps(pilot, screen)
        desk.close()

    asyncio.run(main())


LOSSES = {("C", 20): (0.20, 0.22, 0.24), ("EH", 20): (0.23, 0.25, 0.27), ("C", 40): (0.2, 0.2, 0.21)}
FINAL = ("val_loss", "2", "C")
LOSSES[("EH", 40)] = (0.1, 0.11)  # and one that fails


def compared(folder: Path) -> None:
    """One trial of the cosine's search, and a comparison in which EH wins at 40 epochs."""
    db = open_at(folder)
    experiment, plan = make(db)
    ask(db, experiment, plan, COSINE, 0, 1.0)
    end(db, "complete", [0.5])
    compare(db, experiment, plan)
    left = {key: list(values) for key, values in LOSSES.items()}
    for run in runs_of(db, experiment.id, stage="compare"):
        values = left[(run.scheduler, run.budget)]
        if values:
            end(db, "complete", [1.0, values.pop(0)])
        else:
            end(db, "failed", [], "RuntimeError: [bold]no\x1b[31m memory\nsecond line")
    db.close()


def text(screen: Any, selector: str) -> str:
    return str(screen.query_one(selector, Static).visual)


def rows(screen: ResultsScreen, selector: str = "#methods") -> list[list[str]]:
    table = screen.query_one(selector, RowTable)
    return [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]


def test_the_ranking_agrees_with_the_runs(tmp_path: Path) -> None:
    compared(tmp_path)

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        first, second = rows(screen)
        assert first[1:5] == ["1", "AdamW + EH", "best", "2"]
        assert second[1:5] == ["2", "AdamW + C", "", "3"]
        for row, code in ((first, "EH"), (second, "C")):
            for cell, budget in zip(row[5:], (40, 20), strict=False):
                mean, _, std = cell.partition(" ± ")
                assert float(mean) == pytest.approx(statistics.fmean(LOSSES[(code, budget)]), rel=0.01)
                assert float(std) == pytest.approx(statistics.stdev(LOSSES[(code, budget)]), rel=0.05)
        assert first[-1] == "1 of 6"
        curves = screen.query_one("#budgets", Chart).curves
        assert curves["AdamW + C"].xs == [20, 40]
        assert [label for _, label in screen.query_one("#budgets", Chart).x_ticks or ()] == ["20", "40"]
        low, high = screen.query_one("#budgets", Chart).y_limits or (0, 0)
        assert 0.08 < low < 0.1 < 0.27 < high < 0.3, "as tight as means and bars allow"
        assert curves["AdamW + C"].ys == pytest.approx([0.22, statistics.fmean((0.2, 0.2, 0.21))])

    drive(tmp_path, steps, size=(120, 36))


def test_s_and_t_rank_by_another_budget_and_metric(tmp_path: Path) -> None:
    compared(tmp_path)

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "s")
        # 0.22 ± 0.02 and 0.25 ± 0.02 meet.
        assert [row[1:5] for row in rows(screen)] == [
            ["1", "AdamW + C", "best", "3"],
            ["2", "AdamW + EH", "level", "3"],
        ]
        await press(pilot, "s")
        assert [row[2] for row in rows(screen)] == ["AdamW + C", "AdamW + EH"]
        assert "method ↑" in [str(column.label) for column in screen.query_one("#methods", RowTable).ordered_columns]
        await press(pilot, "s")
        assert "val_loss" in text(screen, "#legend")
        assert "lower is better" in text(screen, "#legend")
        await press(pilot, "t")
        assert "val_accuracy" in text(screen, "#legend")
        assert "higher is better" in text(screen, "#legend")
        assert rows(screen)[0][5] == "89.5 ± 0.7 %"
        await press(pilot, "t")
        assert "val_loss" in text(screen, "#legend")

    drive(tmp_path, steps)


def test_the_row_under_the_cursor_is_the_curve_on_top_and_c_copies_a_command(tmp_path: Path) -> None:
    compared(tmp_path)

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        chart = screen.query_one("#budgets", Chart)
        assert chart.pinned == "AdamW + EH"
        await press(pilot, "down")
        assert chart.pinned == "AdamW + C"
        interval = chart.curves["AdamW + C bars"]
        other = chart.curves["AdamW + EH bars"]
        assert interval.look == "bars"
        assert other.xs[0] == other.xs[1] < 20 < interval.xs[0] == interval.xs[1] < 22, "side by side"
        assert interval.ys[:2] == pytest.approx([0.2, 0.24])
        await press(pilot, "c")
        assert pilot.app.clipboard.endswith(f"show {NAME} --workspace {tmp_path}")

    drive(tmp_path, steps)


def test_best_trials_and_failures_are_a_key_away(tmp_path: Path) -> None:
    compared(tmp_path)

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "b")
        assert screen.query_one("#tabs", TabbedContent).active == "best"
        assert screen.query_one("#best-trials").has_focus
        (best,) = rows(screen, "#best-trials")
        assert best[:4] == [COSINE, "1", "0", "0.5"]
        assert "lr 0.05" in best[4]
        await press(pilot, "f")
        (failure,) = rows(screen, "#failed")
        assert failure[2] == "RuntimeError: [bold]no\\x1b[31m memory second line"
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, NoticeScreen)
        assert "log: /logs/w.log" in text(pilot.app.screen, "#text")
        await press(pilot, "escape")
        await press(pilot, "r")
        assert screen.query_one("#methods").has_focus

    drive(tmp_path, steps)


def test_enter_on_a_method_tells_every_seed_its_parameters_and_what_was_lost(tmp_path: Path) -> None:
    compared(tmp_path)

    async def narrow(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, MethodScreen)
        shown = seen(pilot.app)
        assert re.search(r"seed +40 epochs +20 epochs", shown)
        assert re.search(r"1 +0\.1 +0\.23", shown)
        assert re.search(r"3 +failed +0\.27", shown)
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    async def wide(pilot: Pilot[None], screen: ResultsScreen) -> None:
        shown = seen(pilot.app)
        assert "40 epochs, seed 3: failed: RuntimeError: [bold]no\\x1b[31m memory" in shown
        assert "press 1, then d" in shown
        await press(pilot, "down")
        shown = seen(pilot.app)
        assert re.search(r"1 +0\.2 +0\.2", shown)
        assert re.search(r"objective 0\.5\b(?s:.{0,150})lr +0\.05", shown), "of the best trial"
        assert re.search(r"trials +1", shown)
        assert re.search(r"epochs +1 of 20", shown)
        spec = tmp_path / "specs" / f"{NAME}.toml"
        spec.parent.mkdir()
        spec.write_text("")
        screen.look()
        await settle(pilot)
        shown = seen(pilot.app)
        assert "--batch" in shown
        assert "press 1, then d" not in shown

    drive(tmp_path, narrow)
    drive(tmp_path, wide, size=(200, 50))


def test_what_diverged_stands_among_the_failures_with_its_rate(tmp_path: Path) -> None:
    db = open_at(tmp_path)
    experiment, plan = make(db)
    ask(db, experiment, plan, COSINE, 0, 1.0)
    end(db, "diverged", [2.0, 3.0])
    db.close()

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "f")
        assert rows(screen, "#failed")[0][2] == "diverged after 2 of 20 epochs at lr 0.05 (trial 0)"

    drive(tmp_path, steps)


def test_an_export_is_written_by_the_command(tmp_path: Path) -> None:
    compared(tmp_path)
    target = tmp_path / "points.csv"

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "e")
        asked = pilot.app.screen
        assert isinstance(asked, ExportScreen)
        asked.query_one("#path", Input).value = str(tmp_path / "nowhere" / "points.csv")
        await press(pilot, "tab", "enter")
        assert "there is no folder" in text(asked, "#hint")
        asked.query_one("#path", Input).value = str(target)
        await press(pilot, "enter")
        assert pilot.app.screen is screen

    drive(tmp_path, steps)
    with target.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["stage"], row["budget"]) == ("compare", "20")]
    values = [float(row["value"]) for row in rows if (row["metric"], row["step"], row["scheduler"]) == FINAL]
    assert sorted(values) == sorted(LOSSES[("C", 20)])


def test_another_format_names_another_path_and_escape_writes_nothing(tmp_path: Path) -> None:
    compared(tmp_path)

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        await press(pilot, "e")
        asked = pilot.app.screen
        assert asked.query_one("#path", Input).value == f"{NAME}.csv"
        asked.query_one("#format", Select).value = "latex"
        await settle(pilot)
        assert asked.query_one("#path", Input).value == f"{NAME}.tex"
        asked.query_one("#path", Input).value = str(tmp_path / "hlr.db")
        await settle(pilot)
        assert "is replaced" in text(asked, "#hint")
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    drive(tmp_path, steps)


def test_imported_curves_are_ranked_with_their_bounds(tmp_path: Path) -> None:
    for code, last in (("C", 0.2), ("EH", 0.1)):
        head = f"epoch,{code}50_val_loss,{code}50_val_loss_min,{code}50_val_loss_max\n"
        lines = [f"{epoch},{last},{last - 0.04},{last + 0.07}\n" for epoch in range(1, 51)]
        (tmp_path / f"Result_OSC_LSTM-{code}.csv").write_text(head + "".join(lines))
    db = open_at(tmp_path)
    store_imports(db, read_imports(sorted(tmp_path.glob("*.csv"))))
    db.close()

    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        assert [row[2:] for row in rows(screen)] == [
            ["EH", "best", "?", "0.1 (0.06 … 0.17)"],
            ["C", "level", "?", "0.2 (0.16 … 0.27)"],
        ]
        assert "lowest" in text(screen, "#legend")

    drive(tmp_path, steps, chosen="OSC_LSTM")


def test_what_is_missing_is_said_in_place(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: ResultsScreen) -> None:
        async def said(chosen: str, selector: str = "#nothing") -> str:
            screen.hlr.chosen = chosen
            screen.look()
            await settle(pilot)
            await press(pilot, "s", "t", "r", "l")
            return text(screen, selector)

        assert "press 2" in await said("")
        db = open_at(tmp_path)
        experiment, plan = make(db)
        assert "press 1" in await said("")
        make(db, {**DOCUMENT, "experiment": {"name": "plain", "mode": "compare"}})
        assert "Nothing has ended yet. The ranking" in await said("plain")
        assert "Nothing has ended yet. The best trials" in await said(NAME)
        ask(db, experiment, plan, COSINE, 0, 1.0)
        end(db, "complete", [0.5])
        assert "once the search is over" in await said(NAME, "#legend")
        db.close()

    drive(tmp_path, steps, chosen="")

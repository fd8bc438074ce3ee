"""The table that draws its own rows: what they look like, and which of them it draws."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult

from hlr_tui.widgets.quick_table import QuickTable

ROWS = 30


class Counting(QuickTable):
    """Notes which rows it makes; -1 is the heading."""

    made: list[int]

    def _row(self, row: int, *args: Any) -> Any:
        self.made.append(row)
        return super()._row(row, *args)


class Shown(App[None]):
    CSS = "QuickTable { height: 10; }"

    def compose(self) -> ComposeResult:
        table = Counting(id="table")
        table.made = []
        yield table

    def on_mount(self) -> None:
        table = self.query_one(Counting)
        table.add_column("method", key="method", width=10)
        table.add_column("loss", key="loss", width=8)
        for number in range(ROWS):
            table.add_row(Text(f"row {number}"), Text("0.5", style="red"), key=str(number))
        table.focus()


def lines(app: Shown) -> list[str]:
    """The table on the screen, line by line, without the scroll bar at its right."""
    return [strip.text[:30].rstrip() for strip in app.screen._compositor.render_strips()[:10]]


def grounds(app: Shown, y: int) -> set[Any]:
    """The background colours of what a line says."""
    strip = app.screen._compositor.render_strips()[y]
    return {segment.style.bgcolor for segment in strip if segment.style is not None and segment.text.strip(" ▁▂▃▄▅▆▇█")}


def test_only_rows_that_changed_are_made_and_the_cursor_stays_seen_on_them() -> None:
    async def play() -> None:
        app = Shown()
        async with app.run_test(size=(40, 12)) as pilot:
            await pilot.pause()
            table = app.query_one(Counting)
            assert lines(app)[:2] == [" method      loss", " row 0       0.5"]
            under, other = grounds(app, 1), grounds(app, 2)
            assert len(under) == 1
            assert under != other

            table.made.clear()
            table.update_cell("0", "loss", Text("0.25"))
            table.update_cell("4", "loss", Text("0.125 and more"))
            await pilot.pause()
            assert lines(app)[1] == " row 0       0.25"
            assert lines(app)[5] == " row 4       0.125 an"
            assert grounds(app, 1) == under
            assert sorted(set(table.made)) == [0, 4]

            table.made.clear()
            await pilot.press("down")
            await pilot.pause()
            assert grounds(app, 1) == other
            assert grounds(app, 2) == under
            assert sorted(set(table.made)) == [0, 1]

            table.made.clear()
            for _ in range(9):
                await pilot.press("down")
            await pilot.pause()
            shown = lines(app)
            assert shown[0] == " method      loss"
            assert shown[-1] == " row 10      0.5"
            assert shown[1] == f" row {10 - len(shown) + 2}       0.5"
            assert grounds(app, 9) == under
            assert grounds(app, 1) == other

            table.made.clear()
            table.update_cell("10", "loss", Text("1.5"))
            table.update_cell("29", "loss", Text("2.5"))  # out of sight
            await pilot.pause()
            assert lines(app)[-1] == " row 10      1.5"
            assert sorted(set(table.made)) == [10]

    asyncio.run(play())

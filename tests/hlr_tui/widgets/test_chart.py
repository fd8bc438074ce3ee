from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from hlr_tui.plot import MARKERS
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.chart.lines import Lines

XS = list(range(101))


def decay(start: float) -> list[float]:
    return [start * math.exp(-x / 30) + 0.05 for x in XS]


class Shown(App[None]):
    def __init__(self, charts: int = 1, **options: Any) -> None:
        super().__init__()
        self.options, self.count = options, charts
        self.heard: list[float | None] = []

    def compose(self) -> ComposeResult:
        for number in range(self.count):
            yield Chart("Loss", id=f"chart-{number}", **self.options)

    def on_chart_cursor_moved(self, message: Chart.CursorMoved) -> None:
        self.heard.append(message.x)


def shown(
    check: Callable[[Chart, Pilot[None]], Coroutine[Any, Any, None]],
    size: tuple[int, int] = (60, 20),
    **options: Any,
) -> None:
    """Run `check` on a chart that fills a terminal."""

    async def run() -> None:
        async with Shown(**options).run_test(size=size) as pilot:
            await pilot.pause()
            await check(pilot.app.query_one("#chart-0", Chart), pilot)

    asyncio.run(run())


def screen(chart: Chart) -> list[str]:
    """What stands on the screen where the chart is."""
    chart.redraw()
    rows = [[" "] * chart.size.width for _ in range(chart.size.height)]
    for part in chart.query(Lines):
        if part.display and part.size:
            for y in range(part.size.height):
                text = part.render_line(y).text
                x = part.region.x - chart.region.x
                rows[part.region.y - chart.region.y + y][x : x + len(text)] = text
    return ["".join(row) for row in rows]


async def settled(chart: Chart, pilot: Pilot[None]) -> list[str]:
    """The same after a layout that the drawing asked for."""
    chart.redraw()
    await pilot.pause()
    return screen(chart)


def test_the_dots_of_a_rising_line_stand_where_its_values_are() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.y_limits = (0, 1)
        chart.put("a", label="one", xs=[0, 1], ys=[0.0, 1.0])
        rows = await settled(chart, pilot)
        plot = [row[row.index("│") + 1 if "│" in row else row.index("┤") + 1 :].rstrip() for row in rows[1:-2]]
        ends = [len(row) for row in plot]
        assert ends == sorted(ends, reverse=True)
        assert ends[0] >= 50
        assert ends[-1] <= 5
        assert rows[0].split() == ["▸", "Loss", "one", "1"]  # focused; a single curve needs no legend
        assert [word for word in rows[-1].split() if word != "epoch"] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        assert "epoch" in rows[-1]

    shown(check)


def test_a_chart_that_grew_looks_like_one_that_was_drawn_at_once() -> None:
    ys = [decay(1.0 + k) for k in range(4)]
    ys[2][60:] = [math.nan] * 41
    ys[3][30:40] = [math.nan] * 10
    ys.append([0.3] * 101)
    looks = ["line", "dashed", "line", "points", "line"]

    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        other = pilot.app.query_one("#chart-1", Chart)
        for each in (chart, other):
            each.x_range, each.y_limits, each.smoothing = (0, 120), (0.05, 5), 0.6
        for end in (1, 20, 21, 50, 60, 61, 101):
            for k, look in enumerate(looks):
                key, last = f"{k}", min(end, 101)
                if key in chart.curves and k != 1:
                    start = len(chart.curves[key].xs)
                    chart.extend(key, XS[start:last], ys[k][start:last])
                else:  # the second is given anew each time
                    chart.put(key, label=key, xs=XS[:last], ys=ys[k][:last], colour=k, marker=MARKERS[k], style=look)  # type: ignore[arg-type]  # one of three words
            chart.redraw()
            await pilot.pause()
        for k, look in enumerate(looks):
            other.put(f"{k}", label=f"{k}", xs=XS, ys=ys[k], colour=k, marker=MARKERS[k], style=look)  # type: ignore[arg-type]  # one of three words
        plots = [[row[:-30] for row in (await settled(each, pilot))[1:]] for each in (chart, other)]
        assert plots[0] == plots[1]
        for letter in "ABCD\N{MULTIPLICATION SIGN}":
            assert any(letter in row for row in plots[0])

    for log in (False, True):
        shown(check, (90, 44), charts=2, log_y=log)


def test_a_new_point_touches_only_the_cells_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Widget, int]] = []
    refresh = Lines.refresh

    def spied(self: Lines, *regions: Any, **options: Any) -> Any:
        asked.extend((self, region.width * region.height) for region in regions or [self.region])
        return refresh(self, *regions, **options)

    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.x_range = (0, 100)
        for k in range(8):
            chart.put(str(k), label=f"run {k}", xs=XS[:50], ys=decay(1 + k)[:50], colour=k, marker=MARKERS[k])
        await settled(chart, pilot)
        monkeypatch.setattr(Lines, "refresh", spied)
        chart.redraw()
        assert asked == []
        for k in range(8):
            chart.extend(str(k), [50], [decay(1 + k)[50]])
        chart.redraw()
        assert 0 < sum(cells for _, cells in asked) <= 8 * 2 * 8  # each letter moves: two cells, in one or two tiles

    shown(check, (120, 40))


def test_the_cursor_goes_from_point_to_point_and_reads_values() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Shown)
        chart.put("a", label="first", xs=[0, 10, 20], ys=[1.0, 2.0, 3.0])
        chart.put("b", label="second", xs=[0, 15], ys=[5.0, math.nan], colour=1, marker="B")
        await pilot.press("right", "right", "right")
        assert app.heard == [0, 10, 15]
        assert chart.cursor == 15
        values = chart.values_at(15)
        assert values["a"] == 3.0
        assert math.isnan(values["b"])
        rows = await settled(chart, pilot)
        assert "epoch 15" in rows[0]
        assert rows[-1].split() == ["A", "first", "3", "B", "second", "\N{MULTIPLICATION SIGN}"]
        await pilot.press("right")
        assert chart.values_at(20) == {"a": 3.0}
        assert (await settled(chart, pilot))[-1].split() == ["A", "first", "3", "B", "second"]
        await pilot.press("home")
        assert app.heard[-1] is None
        chart.cursor = 10
        await pilot.pause()
        assert app.heard[-1] is None  # a screen that syncs charts does not hear itself
        assert any("│" in row[10:] for row in (await settled(chart, pilot))[1:-3])

    shown(check)


def test_zoom_pan_and_reset() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.x_range = (0, 100)
        chart.put("a", label="one", xs=XS, ys=decay(1))
        await pilot.press("plus", "plus")
        assert chart.window() == (37.5, 62.5)
        assert "zoomed" in (await settled(chart, pilot))[0]
        await pilot.press("shift+left")
        assert chart.window() == (31.25, 56.25)
        await pilot.press(*["shift+right"] * 8)
        assert chart.window() == (75, 100)
        await pilot.press("right", "minus")
        assert chart.cursor == 75
        assert chart.window() == (50, 100)  # about the cursor, but not beyond the end
        await pilot.press("0")
        assert chart.window() == (0, 100)
        assert chart.cursor is None

    shown(check)


def test_a_cursor_that_leaves_a_zoomed_view_takes_it_along() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.put("a", label="one", xs=[0, 1, 50, 100], ys=[1.0, 1.0, 1.0, 1.0])
        chart.zoomed = (0.0, 10.0)
        await pilot.press("left", "right")
        assert chart.cursor == 50
        assert chart.window() == (45, 55)

    shown(check)


def test_hidden_and_solo_curves_are_not_drawn_and_the_pinned_one_is_on_top() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        for k in range(3):
            chart.put(str(k), label=f"run {k}", xs=XS, ys=decay(1), colour=k, marker=MARKERS[k])
        await settled(chart, pilot)

        def letters() -> set[str]:
            return {letter for row in screen(chart)[1:-4] for letter in row} & set("ABC")

        assert letters() == {"A", "B", "C"}
        chart.hidden.add("1")
        assert letters() == {"A", "C"}
        chart.hidden = {"0"}
        assert letters() == {"B", "C"}
        chart.solo = "1"
        assert letters() == {"B"} or letters() == set()  # alone it needs no letter
        assert [curve.label for curve in chart.shown()] == ["run 1"]
        chart.solo = None
        chart.hidden = set()
        chart.pinned = "0"
        assert chart.shown()[-1].label == "run 0"
        legend = "".join(screen(chart)[-2:]).split()
        assert legend[:3] == ["A", "run", "0"]

    shown(check)


def test_without_a_horizon_the_axis_follows_with_room_to_spare() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.put("a", label="one", xs=XS, ys=decay(1))
        assert chart.window() == (0, 100)
        chart.extend("a", [101], [0.5])
        wide = chart.window()
        assert wide[1] > 110
        chart.extend("a", [102], [0.5])
        assert chart.window() == wide

    shown(check)


@pytest.mark.parametrize(
    ("ys", "log", "hidden", "said"),
    [
        ([], False, set(), "no points yet"),
        ([1.0, 2.0], False, {"a"}, "all curves are hidden"),
        ([0.0, -1.0], True, set(), "no positive values here"),
        ([math.nan, math.nan], False, set(), "no values here"),
    ],
)
def test_an_empty_chart_says_why(ys: list[float], log: bool, hidden: set[str], said: str) -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.log_y = log
        chart.put("a", label="one", xs=range(len(ys)), ys=ys)
        chart.hidden = hidden
        assert any(said in row for row in await settled(chart, pilot))

    shown(check)


def test_text_from_outside_stays_text() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        for k, label in enumerate(["[bold]x[/bold]", "\x1b[2Jgone\nnext"]):
            chart.put(str(k), label=label, xs=XS, ys=decay(1), colour=k, marker=MARKERS[k])
        chart.mark(50, "[red]\x07")
        text = "\n".join(await settled(chart, pilot))
        assert "[bold]x[/bold]" in text
        assert "\\x1b[2Jgone next" in text
        assert "[red]\\x07" in text
        assert "\x1b" not in text

    shown(check, (110, 20))


def test_ascii_alone_where_asked_for() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        for k in range(2):
            ys = decay(1 + k)
            ys[70:] = [math.nan] * 31
            band = {"low": [y - 0.1 for y in ys], "high": [y + 0.1 for y in ys]}
            chart.put(str(k), label="m" * 80, xs=XS, ys=ys, colour=k, marker=MARKERS[k], **band)  # type: ignore[arg-type]  # lists
        chart.mark(20, "stage")
        chart.cursor = 30
        text = "".join(await settled(chart, pilot))
        assert text.isascii()
        assert all(part in text for part in ("aaa", "bbb", "x", "....", "|", ":stage"))

    shown(check, (100, 24), ascii=True)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (12, 5), (20, 6), (40, 8), (80, 10), (80, 24), (200, 50)])
def test_every_size_is_filled_and_nothing_sticks_out(size: tuple[int, int]) -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        for k in range(20):
            chart.put(str(k), label=f"run 界 {k}", xs=XS, ys=decay(1 + k), colour=k, marker=MARKERS[k])
        chart.cursor = 50
        chart.redraw()
        await pilot.pause()
        for part in chart.query(Lines):
            if part.display and part.size and size > (12, 4):  # below that the chart is cut off itself
                assert chart.region.contains_region(part.region)
                assert all(part.render_line(y).cell_length <= part.size.width for y in range(part.size.height))

    shown(check, size)


def test_a_click_moves_the_cursor_to_the_nearest_point() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        chart.put("a", label="one", xs=[0, 50, 100], ys=[1.0, 2.0, 3.0])
        await settled(chart, pilot)
        await pilot.click(chart, offset=(32, 8))
        assert chart.cursor == 50
        chart.put("a", label="one", xs=XS, ys=decay(1))
        await pilot.click(chart, offset=(40, 8))
        assert screen(chart)[4][40] == "│"
        await pilot.click(chart, offset=(0, 8))  # on the axis
        assert screen(chart)[4][40] == "│"

    shown(check)


def test_a_series_whose_lists_differ_in_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 xs, 1 ys"):
        Chart().put("a", label="", xs=[0, 1], ys=[0.0])


def test_a_series_that_is_replaced_looks_like_a_new_one() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        other = pilot.app.query_one("#chart-1", Chart)
        chart.y_limits = other.y_limits = (0, 4)
        chart.put("a", label="one", xs=XS[:50], ys=decay(1)[:50])
        chart.redraw()
        ys = [1.0, *decay(3)[1:]]
        for each in (chart, other):
            each.put("a", label="one", xs=XS, ys=ys)
        rows = [await settled(each, pilot) for each in (chart, other)]
        assert rows[0][1:] == rows[1][1:]

    shown(check, (60, 40), charts=2)


def test_a_dashed_line_has_gaps_and_a_scatter_no_lines() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        def dots() -> int:
            return sum("\u2801" <= letter <= "\u28ff" for row in screen(chart) for letter in row)

        chart.put("a", label="one", xs=[0, 100], ys=[1.0, 1.0])
        await settled(chart, pilot)
        whole = dots()
        chart.put("a", label="one", xs=[0, 100], ys=[1.0, 1.0], style="dashed")
        assert 0.5 * whole < dots() < 0.8 * whole  # of three cells one is empty
        chart.put("a", label="one", xs=[0, 50, 100], ys=[1.0, 1.0, 1.0], style="points", marker="Z")
        assert sum(row.count("Z") for row in screen(chart)) == 3
        assert dots() == 0

    shown(check)


def test_the_cursor_stands_on_points_where_several_share_a_cell() -> None:
    async def check(chart: Chart, pilot: Pilot[None]) -> None:
        xs = [7 * n for n in range(500)]
        chart.put("a", label="one", xs=xs, ys=[1.0 + n for n in range(500)])
        await settled(chart, pilot)
        await pilot.press(*["right"] * 5)
        assert chart.cursor in xs
        assert chart.cursor > 5 * 7 * 5  # by cells, not by points

    shown(check)

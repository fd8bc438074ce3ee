"""Up to four charts of the same lines, with one cursor for all, and who trains them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Grid

from hlr_tui.monitor.curves import Trace
from hlr_tui.monitor.lines import Line
from hlr_tui.monitor.watch import RATE, Look
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.crew_panel import CrewPanel
from hlr_tui.widgets.lines_table import Marked

FIRST = ("val_loss", RATE, "train_loss")
"""The metrics of the charts in the order in which they get room; the last chart takes one more, where there is one."""

MOST_CHARTS = 4
LEAST_WIDTH, LEAST_HEIGHT = 34, 8
ROW_OF_FOUR = 144
"""So wide a wall that is too low for two rows has all charts in one."""

TITLES = {"val_loss": "validation loss", "train_loss": "training loss", RATE: "learning rate"}

_Drawn = tuple[object, ...]


class ChartWall(Grid):
    """As many charts as there is room for, fed with what has changed."""

    DEFAULT_CSS = """
    ChartWall { height: 1fr; grid-gutter: 0 1; }
    ChartWall Chart { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.charts = [Chart(log_y=number in (0, 2), id=f"chart-{number}") for number in range(MOST_CHARTS)]
        for chart in self.charts:
            chart.legend = False  # the table is the legend of all of them
        self._metrics = [*FIRST, ""]
        self._drawn: list[dict[str, _Drawn]] = [{} for _ in self.charts]
        self._room = 2
        self.crew = CrewPanel(id="crew")
        self._crew_wanted: bool | None = None
        self.smoothing = 0.0
        self.at: float | None = None
        """Epoch of the cursor."""

    def compose(self) -> ComposeResult:
        yield from self.charts
        yield self.crew

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of the charts on the screen."""
        return tuple(metric for metric in self._metrics[: self._charts] if metric)

    @property
    def shows_crew(self) -> bool:
        """Who trains stands where the last chart would: where the user wants it, or no chart needs the place."""
        if self._crew_wanted is None:
            return self._room > len([metric for metric in self._metrics if metric])
        return self._crew_wanted

    @property
    def _charts(self) -> int:
        """How many charts there is room for."""
        return self._room - self.shows_crew

    def toggle_crew(self) -> None:
        """Show who trains in place of the last chart, or no longer."""
        self._crew_wanted = not self.shows_crew
        self._arrange()

    def on_resize(self, event: events.Resize) -> None:
        columns = max(1, min(2, event.size.width // LEAST_WIDTH))
        rows = max(1, min(2, event.size.height // LEAST_HEIGHT))
        if event.size.width >= ROW_OF_FOUR and rows == 1:
            columns = MOST_CHARTS
        if (columns, columns * rows) != (self.styles.grid_size_columns, self._room):
            self.styles.grid_size_columns = columns
            self._room = columns * rows
            self._arrange()

    def _arrange(self) -> None:
        self.crew.display = self.shows_crew
        for number, chart in enumerate(self.charts):
            chart.display = number < self._charts and bool(self._metrics[number])
            chart.title = TITLES.get(self._metrics[number], self._metrics[number].replace("_", " "))

    def put(self, look: Look, marked: Marked, highlighted: str | None) -> None:
        """Draw a look."""
        if self._metrics[-1] not in look.metrics:
            self._metrics[-1] = next((metric for metric in look.metrics if metric not in self._metrics), "")
            self._arrange()
        for number, chart in enumerate(self.charts):
            if chart.display:
                chart.x_range = None if look.slice is None else (1.0, float(max(2, look.slice.budget)))
                self._feed(chart, self._drawn[number], look.lines, look.traces.get(self._metrics[number], {}))
        self.mark(marked, highlighted)
        for chart in self.charts:
            chart.draw_if_asked()  # with the table: a second frame costs as much as the first one

    def mark(self, marked: Marked, highlighted: str | None) -> None:
        """Leave out what is hidden; the pinned line, or else the highlighted one, is drawn on top."""
        for chart, drawn in zip(self.charts, self._drawn, strict=True):
            hidden = set(marked.hidden)
            if hidden != chart.hidden:
                chart.hidden = hidden
            chart.solo = marked.solo
            top = marked.pinned or highlighted
            chart.pinned = top if top in drawn else None

    def _feed(self, chart: Chart, drawn: dict[str, _Drawn], lines: Sequence[Line], traces: Mapping[str, Trace]) -> None:
        """Give a chart what it lacks: new points where a curve only grew, the whole curve otherwise."""
        shown: Collection[str] = [line.key for line in lines if line.key in traces]
        for key in set(drawn).difference(shown):
            chart.drop(key)
            del drawn[key]
        for line in lines:
            trace = traces.get(line.key)
            if trace is None or line.number is None:
                continue
            now = (trace.version, line.number, line.label, trace.count)
            before = drawn.get(line.key)
            if before == now:
                continue
            count = trace.count
            if before is not None and before[:-1] == now[:-1] and isinstance(before[-1], int):
                chart.extend(line.key, trace.xs[before[-1] : count], trace.ys[before[-1] : count])
            else:
                chart.put(
                    line.key,
                    label=line.label,
                    xs=trace.xs[:count],
                    ys=trace.ys[:count],
                    colour=line.number,
                    marker=line.letter,
                    low=trace.low,
                    high=trace.high,
                )
            drawn[line.key] = now

    @property
    def _target(self) -> int:
        """The chart that keys mean: the one in focus, or the last on the screen that is not the rate's."""
        for number, chart in enumerate(self.charts):
            if chart.has_focus:
                return number
        shown = [n for n, chart in enumerate(self.charts) if chart.display and self._metrics[n] != RATE]
        return shown[-1] if shown else 0

    def next_metric(self, offered: Sequence[str]) -> str:
        """Show another metric in one chart; its name, "" where there is no other."""
        number = self._target
        others = [metric for metric in offered if metric not in self.metrics]
        if not others:
            return ""
        now = self._metrics[number]
        places = {metric: place for place, metric in enumerate(offered)}
        later = [metric for metric in others if places[metric] > places.get(now, -1)]
        self._metrics[number] = (later or others)[0]
        self.charts[number].clear()
        self._drawn[number].clear()
        self.charts[number].log_y = self._metrics[number].endswith("loss")
        self._arrange()
        return self._metrics[number]

    def toggle_log(self) -> None:
        """The axis of the chart in focus, or else those of all."""
        focused = [chart for chart in self.charts if chart.has_focus]
        to = not (focused or self.charts)[0].log_y
        for chart in focused or self.charts:
            chart.log_y = to

    def smooth(self, by: float) -> None:
        """More or less smoothing, in all charts."""
        self.smoothing = min(0.9, max(0.0, round(self.smoothing + by, 1)))
        for chart in self.charts:
            chart.smoothing = self.smoothing

    def set_cursor(self, x: float | None) -> None:
        """Move the cursor of every chart."""
        self.at = x
        for chart in self.charts:
            if chart.cursor != x:
                chart.cursor = x

    def step(self, direction: int) -> None:
        """Move the cursor by a point."""
        self.charts[0].action_step(direction)

    @on(Chart.CursorMoved)
    def _follow_cursor(self, event: Chart.CursorMoved) -> None:
        self.set_cursor(event.x)

    def clear(self) -> None:
        """Draw nothing."""
        for chart, drawn in zip(self.charts, self._drawn, strict=True):
            chart.clear()
            drawn.clear()

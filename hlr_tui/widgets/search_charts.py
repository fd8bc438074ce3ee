"""The charts of a search: the objective by trial, and by each parameter, as many at once as there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.containers import Container
from textual.events import Resize

from hlr_tui.output import number_text
from hlr_tui.search_view.edges import Edge
from hlr_tui.search_view.points import (
    OBJECTIVE,
    Plots,
    Series,
    is_log,
    parameter_range,
    parameter_ticks,
    placing,
    plots_of,
    trial_range,
)
from hlr_tui.search_view.trials import Study, Trial
from hlr_tui.widgets.chart import Chart

NARROWEST, LOWEST = 26, 8
"""Cells and lines that a chart needs to tell something."""

FULL = 64
"""Cells for which one chart in a low row may ask."""


class SearchCharts(Container):
    """Charts of one study, which share the axis of the objective.

    Attributes:
        charts: by parameter, the objective by trial first.
        log_y: the axis is logarithmic; None leaves it to the values.
    """

    DEFAULT_CSS = """
    SearchCharts { layout: grid; grid-gutter: 0 1; height: 1fr; }
    SearchCharts Chart { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.charts: dict[str, Chart] = {}
        self.log_y: bool | None = None
        self._first = OBJECTIVE
        self._drawn: dict[str, dict[str, Series]] = {}
        self._plots: Plots | None = None
        self._edges: dict[str, Edge] = {}
        self._stale: set[str] = set()

    @property
    def _study(self) -> Study | None:
        return None if self._plots is None else self._plots.study

    @property
    def is_log(self) -> bool:
        """The axis of the objective is logarithmic now."""
        return any(chart.log_y for chart in self.charts.values())

    def prepare(self, study: Study) -> Plots:
        """What `put` will draw; may be called in a thread."""
        plots = self._plots
        return plots if plots is not None and self._fits(plots, study) else plots_of(study, self.log_y)

    def _fits(self, plots: Plots, study: Study) -> bool:
        return plots.study is study and plots.log == self.log_y

    def put(self, study: Study, edges: Sequence[Edge], plots: Plots | None = None) -> None:
        """Draw a study; what has not changed is left alone, and what is out of sight is drawn when it comes into sight.

        Args:
            plots: what `prepare` has made of it.
        """
        if self._plots is not None and self._fits(self._plots, study):
            return
        self._plots = plots if plots is not None and self._fits(plots, study) else plots_of(study, self.log_y)
        self._edges = {edge.name: edge for edge in edges}
        wanted = [OBJECTIVE, *study.parameters]
        self._stale = set(wanted)
        if list(self.charts) != wanted:
            self._make(wanted)
        self._draw_shown()

    def _draw_shown(self) -> None:
        plots = self._plots
        if plots is None:
            return
        axis = plots.axis
        for key, chart in self.charts.items():
            chart.log_y = axis is not None and axis.log
            if key not in self._stale or not chart.display:
                continue
            self._stale.discard(key)
            if self._edges and plots.axis is not None:  # the word at the edge stands above what is off the axis
                axis = plots.axis.raised(1 / max(4, chart.size.height - 4))
            chart.y_limits = None if axis is None else (axis.low, axis.high)
            self._draw(key, chart, plots.series[key])
            if key == OBJECTIVE:
                chart.x_range = trial_range(plots.study)
            else:
                self._fit(plots.study, key, chart, self._edges.get(key))

    def _draw(self, key: str, chart: Chart, series: Sequence[Series]) -> None:
        drawn = self._drawn.setdefault(key, {})
        new = {each.key: each for each in series}
        for gone in drawn.keys() - new.keys():
            chart.drop(gone)
        for name, each in new.items():
            if drawn.get(name) != each:
                chart.put(
                    name, label=each.label, xs=each.xs, ys=each.ys, colour=each.colour, marker=each.marker,
                    style=each.style,
                )  # fmt: skip
        chart.pinned = "best" if "best" in new else None
        self._drawn[key] = new

    @staticmethod
    def _fit(study: Study, name: str, chart: Chart, edge: Edge | None) -> None:
        """The axis of a parameter, and a line at the end where the best trial sits."""
        log = is_log(study, name)
        chart.x_range = ends = parameter_range(study, name)
        chart.title = f"by {name} (log)" if log else f"by {name}"
        chart.x_text = (lambda x: number_text(10**x, 3)) if log else None
        ticks = parameter_ticks(study, name, ends) if ends is not None else None
        if ticks != chart.x_ticks:
            chart.x_ticks = ticks
        marks: Mapping[float, str] = {}
        if edge is not None and ends is not None:
            marks = {ends[edge.upper]: "edge: w" if edge.wider is not None else "legal end"}
        for x in chart.marks.keys() - marks.keys():
            chart.unmark(x)
        for x, text in marks.items():
            chart.mark(x, text, warn=True)

    def _make(self, wanted: Sequence[str]) -> None:
        self.remove_children()
        self.charts, self._drawn = {}, {}
        for key in wanted:
            chart = Chart("objective by trial", x_label="trial") if key == OBJECTIVE else Chart(f"by {key}", x_label="")
            chart.legend = key == OBJECTIVE
            self.charts[key] = chart
        if self._first not in self.charts:
            self._first = OBJECTIVE
        self.mount(*self.charts.values())
        self._lay_out()

    # -- layout -------------------------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """The objective over the whole width and the parameters below it; in one row where it is low."""
        width, height = self.size
        parameters = [key for key in self.charts if key != OBJECTIVE]
        number = max(1, len(parameters))
        if height < 2 * LOWEST or (number == 1 and width >= 2 * FULL):
            across = max(1, min(len(self.charts), width // (FULL if height < 2 * LOWEST else NARROWEST)))
            shown, span = self._window(list(self.charts), across), 1
        else:
            fit = max(1, width // NARROWEST)
            rows = min(-(-number // fit), max(1, height // (LOWEST + 1) - 1))
            across = span = min(number, -(-number // rows), fit)
            shown = [OBJECTIVE, *self._window(parameters, across * rows)]
        for key, chart in self.charts.items():
            chart.display = key in shown
        self.styles.grid_size_columns = across
        if OBJECTIVE in self.charts:
            self.charts[OBJECTIVE].styles.column_span = span
        self._draw_shown()

    def _window(self, keys: Sequence[str], most: int) -> Sequence[str]:
        """As many neighbours as there is room for, with the chosen one among them."""
        if len(keys) <= most or self._first not in keys:
            return keys[:most]
        start = min(keys.index(self._first), len(keys) - most)
        return keys[start : start + most]

    def next(self) -> Chart | None:
        """Bring the next chart into sight; returns it."""
        if not self.charts:
            return None
        keys = list(self.charts)
        self._first = keys[(keys.index(self._first) + 1) % len(keys)]
        self._lay_out()
        return self.charts[self._first]

    # -- the trial under the cursor -----------------------------------------------------------------------------------

    def point_at(self, trial: Trial) -> None:
        """Put the cursors of all charts on a trial, but for the one that the user moves."""
        for key, chart in self.charts.items():
            if not chart.has_focus:
                chart.cursor = self._place(key, trial)

    def trial_at(self, chart: Chart, x: float) -> Trial | None:
        """The trial at a place on the x axis of a chart."""
        if self._study is None:
            return None
        key = next((key for key, each in self.charts.items() if each is chart), None)
        return next((t for t in self._study.trials if key is not None and self._place(key, t) == x), None)

    def _place(self, key: str, trial: Trial) -> float | None:
        if key == OBJECTIVE:
            return float(trial.number)
        return None if self._study is None else placing(self._study, key)(trial)

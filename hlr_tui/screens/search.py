"""Search: the trials of each study, what the objective owes to each parameter, and where the best one lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import DataTable, Static

from hlr_tui.axis import decade_ticks
from hlr_tui.keys import Key, declare
from hlr_tui.output import number_text
from hlr_tui.screens.live import LiveScreen
from hlr_tui.search_view.edges import edge_warnings
from hlr_tui.search_view.points import Series, is_log, objective_series, parameter_range, parameter_series, wants_log
from hlr_tui.search_view.reading import SearchReader
from hlr_tui.search_view.rows import SORTS, STUDY_HEADS, study_rows, trial_heads, trial_rows
from hlr_tui.search_view.trials import Search, Study, summary
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.row_table import RowTable

OBJECTIVE = "objective"
"""Key of the chart of the objective against the number of the trial; the others go by their parameter."""


WIDE = 110
"""Columns from which the list of studies and all charts are in sight."""

TALL = 40
"""Lines from which charts of parameters may stand in several rows."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to show, and what to do about it."""

    message: str


class SearchScreen(LiveScreen):
    """The searches of the chosen experiment."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("search.open", "o,enter", "open_trial", "Curves"),
            Key("search.next_study", "right_square_bracket", "study(1)", "Next study"),
            Key("search.previous_study", "left_square_bracket", "study(-1)", "Previous study", footer=False),
            Key("search.chart", "v", "next_chart", "Next chart"),
            Key("search.log", "l", "toggle_log", "Log axis"),
            Key("search.sort", "s", "sort", "Sort"),
            Key("search.best", "b", "best", "Best trial"),
        )
    ]

    CSS = """
    SearchScreen #heading, SearchScreen #warnings { height: auto; padding: 0 1; }
    SearchScreen #heading { text-style: bold; max-height: 2; }
    SearchScreen #warnings { color: $text-warning; max-height: 3; }
    SearchScreen #nothing { padding: 1 2; color: $text-muted; }
    SearchScreen #studies { width: 34; height: 1fr; margin-right: 1; }
    SearchScreen #charts { layout: grid; grid-gutter: 0 1; height: 3fr; }
    SearchScreen #trials { height: 2fr; }
    SearchScreen #charts Chart { height: 1fr; width: 1fr; }
    SearchScreen.-narrow #studies { display: none; }
    SearchScreen.-narrow #charts { grid-size: 1; }
    SearchScreen.-narrow #charts Chart { display: none; }
    SearchScreen.-narrow #charts Chart.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self._reader = SearchReader()
        self._found: Search | None = None
        self._study = ""
        self._chart = OBJECTIVE
        self._charts: dict[str, Chart] = {}
        self._drawn: dict[str, dict[str, Series]] = {}
        self._log_y: bool | None = None
        self._sort = 0

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="nothing", markup=False)
        with Horizontal(id="body"):
            yield RowTable(id="studies")
            with Vertical(id="main"):
                yield Container(id="charts")
                yield Static(id="warnings", markup=False)
                yield RowTable(id="trials")

    def on_mount(self) -> None:
        self.query_one("#body").display = False
        self.query_one("#trials").focus()

    def fetch(self) -> Search | Nothing:
        if not self.desk.exists():
            return Nothing("There is no experiment yet: press 2 to make one.")
        if not self.hlr.chosen:
            return Nothing("No experiment is chosen: press 1 and choose one; its searches are then shown here.")
        return self._reader.read(self.desk.db(), self.desk.experiment(self.hlr.chosen))

    def forget(self) -> None:
        self._reader = SearchReader()

    def show(self, found: Any) -> None:
        message = found.message if isinstance(found, Nothing) else self._missing(found)
        self.query_one("#nothing", Static).update(printable(message))
        self.query_one("#nothing").display = bool(message)
        body, was = self.query_one("#body"), self._found
        body.display = not message
        self.query_one("#heading").display = not message
        self._found = None if message else found
        if self._found is None:
            return
        if was is None or was.name != found.name:
            self._log_y, self._study = None, ""
            if self.focused is None:
                self.query_one("#trials").focus()
        self._refresh()

    @staticmethod
    def _missing(found: Search) -> str:
        """Why there is nothing to draw, "" where there is something."""
        if not found.searches:
            return (
                f"{found.name} has no search (its mode is {found.mode}). Experiments of mode optimize, "
                "optimize-compare or all have one: its trials, the objective against each parameter, and the best "
                "trial stand here."
            )
        if not any(study.trials for study in found.studies):
            then = "" if found.state == "running" else f" The experiment is {found.state}: resume it on screen 1."
            return f"{found.name} has no trial yet. The first ones appear here when their runs are queued.{then}"
        return ""

    @property
    def study(self) -> Study | None:
        """The study that is shown: the one chosen, or the first with trials."""
        if self._found is None:
            return None
        named = {study.name: study for study in self._found.studies}
        if self._study not in named:
            self._study = next((study.name for study in self._found.studies if study.trials), "")
        return named.get(self._study)

    def _refresh(self) -> None:
        study = self.study
        if self._found is None or study is None:
            return
        studies = self.query_one("#studies", RowTable)
        with self.prevent(DataTable.RowHighlighted):
            studies.put(STUDY_HEADS, study_rows(self._found.studies), right=(1, 2))
            studies.go_to(study.name)
        studies.set_class(len(self._found.studies) == 1, "-alone")
        self.query_one("#heading", Static).update(printable(self._heading(study)))
        warnings = edge_warnings(study)
        if self._found.unread:
            warnings.append(f"search ranges are unknown here: {self._found.unread}")
        line = self.query_one("#warnings", Static)
        line.update(printable("\n".join(f"! {warning}" for warning in warnings)))
        line.display = bool(warnings)
        self._draw(study)
        trials = self.query_one("#trials", RowTable)
        heads = trial_heads(study)
        shown = [f"{head} ↑" if head == SORTS[self._sort] else head for head in heads]
        trials.put(shown, trial_rows(study, SORTS[self._sort]), right=[at for at in range(len(heads) - 1) if at != 2])

    def _heading(self, study: Study) -> str:
        assert self._found is not None
        names = [each.name for each in self._found.studies]
        of = f" ({names.index(study.name) + 1} of {len(names)})" if len(names) > 1 else ""
        best = study.best
        found = (
            "" if best is None or best.value is None else f" · best {number_text(best.value, 4)}, trial {best.number}"
        )
        return f"{study.method}{of} · {summary(study)}{found}"

    def _draw(self, study: Study) -> None:
        wanted = [OBJECTIVE, *study.parameters]
        if list(self._charts) != wanted:
            self._make_charts(study, wanted)
        log = wants_log(study) if self._log_y is None else self._log_y
        for key, chart in self._charts.items():
            series = objective_series(study) if key == OBJECTIVE else parameter_series(study, key)
            if chart.log_y != log:
                chart.log_y = log
            drawn = self._drawn.setdefault(key, {})
            for gone in drawn.keys() - {each.key for each in series}:
                chart.drop(gone)
                del drawn[gone]
            for each in series:
                if drawn.get(each.key) != each:
                    drawn[each.key] = each
                    chart.put(
                        each.key,
                        label=each.label,
                        xs=each.xs,
                        ys=each.ys,
                        colour=each.colour,
                        marker=each.marker,
                        style=each.style,
                    )

    def _make_charts(self, study: Study, wanted: list[str]) -> None:
        area = self.query_one("#charts")
        area.remove_children()
        self._charts, self._drawn = {}, {}
        for key in wanted:
            if key == OBJECTIVE:
                chart = Chart("objective by trial; what was cut short stands at its last loss", x_label="trial")
            else:
                chart = Chart(f"objective by {key}", x_label=f"{key}, log scale" if is_log(study, key) else key)
                chart.legend = False
                chart.x_range = parameter_range(study, key)
                if is_log(study, key) and chart.x_range is not None:
                    chart.x_ticks = sorted(decade_ticks(*chart.x_range, 4))
            self._charts[key] = chart
        if self._chart not in self._charts:
            self._chart = OBJECTIVE
        area.mount(*self._charts.values())
        self._show_chart()
        self._lay_out()

    def _show_chart(self) -> None:
        for key, chart in self._charts.items():
            chart.set_class(key == self._chart, "-shown")

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """The objective over the whole width, the parameters below it: in one row where the screen is low."""
        number = max(1, len(self._charts) - 1)
        fit = max(1, (self.size.width - 36) // 27) if self.size.height >= TALL else number
        columns = -(-number // -(-number // fit)) if self.size.width >= WIDE else 1
        self.query_one("#charts").styles.grid_size_columns = columns
        if OBJECTIVE in self._charts:
            self._charts[OBJECTIVE].styles.column_span = columns

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        key = event.row_key.value or ""
        if event.data_table.id == "studies":
            self._choose(key)
        elif event.data_table.has_focus:
            self._point_at(key)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id == "studies":
            self.query_one("#trials").focus()
        else:
            self.action_open_trial()

    def on_chart_cursor_moved(self, event: Chart.CursorMoved) -> None:
        """The table follows the cursor of the chart that has trials on its axis."""
        if event.chart is self._charts.get(OBJECTIVE) and event.chart.has_focus and event.x is not None:
            self.query_one("#trials", RowTable).go_to(str(round(event.x)))

    def _choose(self, name: str) -> None:
        if name and name != self._study and self._found is not None:
            self._study, self._log_y = name, None
            self._refresh()

    def _point_at(self, number: str) -> None:
        """Put the cursor of the objective's chart on a trial."""
        chart = self._charts.get(OBJECTIVE)
        if chart is not None and number and not chart.has_focus:
            chart.cursor = float(number)

    def action_study(self, step: int) -> None:
        if self._found is not None and self.study is not None:
            names = [study.name for study in self._found.studies]
            self._choose(names[(names.index(self._study) + step) % len(names)])

    def action_next_chart(self) -> None:
        """Show the next chart where there is room for one; move the focus where all are in sight."""
        if not self._charts:
            return
        keys = list(self._charts)
        self._chart = keys[(keys.index(self._chart) + 1) % len(keys)]
        self._show_chart()
        if self.size.width >= WIDE or isinstance(self.focused, Chart):
            self._charts[self._chart].focus()

    def action_toggle_log(self) -> None:
        if self.study is not None:
            now = wants_log(self.study) if self._log_y is None else self._log_y
            self._log_y = not now
            self._refresh()

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % len(SORTS)
        self._refresh()

    def action_best(self) -> None:
        if self.study is not None and self.study.best is not None:
            table = self.query_one("#trials", RowTable)
            table.focus()
            table.go_to(str(self.study.best.number))

    def action_open_trial(self) -> None:
        from hlr_tui.screens.trial import TrialScreen

        number = self.query_one("#trials", RowTable).key_at_cursor
        if self._found is not None and self.study is not None and number:
            self.app.push_screen(TrialScreen(self._found.name, self.study, int(number)))

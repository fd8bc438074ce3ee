"""Search: the trials of each study, what the objective owes to each parameter, and where the best one lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Static

from hlr_tui.keys import Key, declare
from hlr_tui.output import number_text
from hlr_tui.screens.live import LiveScreen
from hlr_tui.search_view.edges import Edge, edges, widened
from hlr_tui.search_view.points import Plots
from hlr_tui.search_view.reading import SearchReader
from hlr_tui.search_view.rows import SORTS, STUDY_HEADS, TrialRows, by_best, study_rows, trial_heads
from hlr_tui.search_view.trials import Search, Study, Trial, summary
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.long_table import LongTable
from hlr_tui.widgets.row_table import RowTable
from hlr_tui.widgets.search_charts import SearchCharts

WIDE = 110
"""Columns from which the list of studies is in sight, and warnings say all they know."""

FEW = 2
"""Warnings of edges that a narrow screen shows."""


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
            Key("search.widen", "w", "widen", "Widen the range"),
            Key("search.order", "S", "order", "Sort the studies by their best, or as they are planned", footer=False),
        )
    ]

    CSS = """
    SearchScreen #heading, SearchScreen #warnings { height: auto; padding: 0 1; }
    SearchScreen #heading { text-style: bold; max-height: 2; }
    SearchScreen #warnings { background: $warning-muted; color: $text-warning; text-style: bold; max-height: 5;
        text-wrap: nowrap; text-overflow: ellipsis; }
    SearchScreen #nothing { padding: 1 2; color: $text-muted; }
    SearchScreen #studies { width: auto; max-width: 40; height: 1fr; margin-right: 1; }
    SearchScreen #charts { height: 3fr; }
    SearchScreen #trials { height: 2fr; }
    SearchScreen.-narrow #studies, SearchScreen #studies.-alone { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self._reader = SearchReader()
        self._found: Search | None = None
        self._study = ""
        self._sort = 0
        self._by_best = True
        self._edges: list[Edge] = []
        self._rows = TrialRows()
        self._plots: Plots | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="nothing", markup=False)
        with Horizontal(id="body"):
            yield RowTable(id="studies")
            with Vertical(id="main"):
                yield SearchCharts(id="charts")
                yield Static(id="warnings", markup=False)
                yield LongTable(id="trials")

    def on_mount(self) -> None:
        self.query_one("#body").display = False
        self.query_one("#trials").focus()

    def fetch(self) -> Search | Nothing | None:
        if not self.desk.exists():
            return Nothing("There is no experiment yet: press 2 to make one.")
        if not self.hlr.chosen:
            return Nothing("No experiment is chosen: press 1 and choose one; its searches are then shown here.")
        found = self._reader.read(self.desk.db(), self.desk.experiment(self.hlr.chosen))
        if found == self._found:
            return None
        study = self._pick(found)
        if study is not None:  # here, where it holds up no key: rows and series of thousands of trials take a while
            self._rows.of(study)
            self._plots = self.charts.prepare(study)
        return found

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
            self.charts.log_y, self._study = None, ""
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
                "trial stand here. Press 6 for what this one found, or 1, then d to duplicate it into another mode."
            )
        if not any(study.trials for study in found.studies):
            then = "" if found.state == "running" else f" The experiment is {found.state}: resume it on screen 1."
            return f"{found.name} has no trial yet. The first ones appear here when their runs are queued.{then}"
        return ""

    @property
    def charts(self) -> SearchCharts:
        return self.query_one(SearchCharts)

    @property
    def trials(self) -> LongTable:
        return self.query_one("#trials", LongTable)

    @property
    def study(self) -> Study | None:
        """The study that is shown: the one chosen, or the first with trials."""
        study = self._pick(self._found)
        self._study = "" if study is None else study.name
        return study

    def _pick(self, found: Search | None) -> Study | None:
        studies = self._studies(found)
        named = next((study for study in studies if study.name == self._study), None)
        return named or next((study for study in studies if study.trials), None)

    def _studies(self, found: Search | None) -> list[Study]:
        """The studies in the order of the list."""
        if found is None:
            return []
        return by_best(found.studies) if self._by_best else list(found.studies)

    def _refresh(self) -> None:
        study = self.study
        if self._found is None or study is None:
            return
        studies, every = self.query_one("#studies", RowTable), self._studies(self._found)
        with self.prevent(DataTable.RowHighlighted):
            heads = [f"{head} ↑" if self._by_best and head == "best" else head for head in STUDY_HEADS]
            studies.put(heads, study_rows(every, self._found.best, ascii=self._ascii), right=(2, 3))
            studies.go_to(study.name)
        studies.set_class(len(every) == 1, "-alone")
        self.query_one("#heading", Static).update(printable(self._heading(study)))
        self._edges = edges(study)
        self._warn(study)
        self.charts.put(study, self._edges, self._plots)
        heads, best = trial_heads(study), study.best
        shown = [f"{head} ↑" if head == SORTS[self._sort] else head for head in heads]
        self.trials.put(
            shown,
            self._rows.of(study, SORTS[self._sort]),
            right=[at for at in range(len(heads) - 1) if at != 2],
            strong="" if best is None else str(best.number),
        )
        self._point_at(self.trials.key_at_cursor)

    @property
    def _ascii(self) -> bool:
        return any(chart.ascii for chart in self.charts.charts.values())

    def _heading(self, study: Study) -> str:
        assert self._found is not None
        names = [each.name for each in self._studies(self._found)]
        best, leader = study.best, self._found.best
        leads = ", leads" if leader is not None and leader.name == study.name else ""
        of = f" ({names.index(study.name) + 1} of {len(names)}{leads})" if len(names) > 1 else ""
        parts = [f"{study.method}{of}", summary(study)]
        if best is not None and best.value is not None:
            parts.append(f"best {number_text(best.value, 4)}, trial {best.number}")
        return " · ".join(parts)

    def _warn(self, study: Study) -> None:
        """What is to be done about this search, if anything."""
        if self.size.width < WIDE:
            found = [edge.brief for edge in self._edges[:FEW]]
            if len(self._edges) > FEW:
                found[-1] += f" (and {len(self._edges) - FEW} more)"
        else:
            found = [str(edge) for edge in self._edges]
            if any(edge.wider is not None for edge in self._edges):
                found[0] += "; w does it"
        states = study.counts
        ended = sum(states.get(state, 0) for state in ("complete", "pruned", "diverged", "failed"))
        lost = states.get("diverged", 0) + states.get("failed", 0)
        if ended >= 2 and lost == ended:
            how = " and ".join(state for state in ("diverged", "failed") if state in states)
            advice = "Enter shows how" if "failed" in states else "try lower rates (optimize.search.lr)"
            found.append(f"no trial came to its end: {lost} {how}; {advice}")
        if self._found is not None and self._found.unread:
            found.append(f"search ranges are unknown here: {self._found.unread}")
        line = self.query_one("#warnings", Static)
        line.update(printable("\n".join(f"! {warning}" for warning in found)))
        line.display = bool(found)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._choose(event.row_key.value or "")

    def on_data_table_row_selected(self) -> None:
        self.trials.focus()

    def on_long_table_highlighted(self, event: LongTable.Highlighted) -> None:
        self._point_at(event.key)

    def on_long_table_selected(self) -> None:
        self.action_open_trial()

    def on_chart_cursor_moved(self, event: Chart.CursorMoved) -> None:
        """The table follows the cursor of the chart that the user moves."""
        if event.x is not None and event.chart.has_focus:
            trial = self.charts.trial_at(event.chart, event.x)
            if trial is not None:
                self.trials.go_to(str(trial.number))

    def _choose(self, name: str) -> None:
        if name and name != self._study and self._found is not None:
            self._study, self.charts.log_y = name, None
            self._refresh()

    def _trial(self, number: str) -> Trial | None:
        study = self.study
        return None if study is None else next((trial for trial in study.trials if f"{trial.number}" == number), None)

    def _point_at(self, number: str) -> None:
        """Put the cursors of the charts on a trial."""
        trial = self._trial(number)
        if trial is not None:
            self.charts.point_at(trial)

    def action_study(self, step: int) -> None:
        if self._found is not None and self.study is not None:
            names = [study.name for study in self._studies(self._found)]
            self._choose(names[(names.index(self._study) + step) % len(names)])

    def action_next_chart(self) -> None:
        """Show the next chart where there is no room for all; move the focus where they are in sight."""
        focused = isinstance(self.focused, Chart)
        everything = all(chart.display for chart in self.charts.charts.values())
        chart = self.charts.next()
        if chart is not None and (focused or everything):
            chart.focus()

    def action_toggle_log(self) -> None:
        if self.study is not None:
            self.charts.log_y = not self.charts.is_log
            self._refresh()

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % len(SORTS)
        self._refresh()

    def action_order(self) -> None:
        self._by_best = not self._by_best
        self._refresh()

    def action_best(self) -> None:
        if self.study is not None and self.study.best is not None:
            self.trials.focus()
            self.trials.go_to(str(self.study.best.number))

    def action_widen(self) -> None:
        """Open the form on a duplicate whose search goes beyond the ends where the best trial sits."""
        found = [edge for edge in self._edges if edge.wider is not None]
        if self._found is None or self.study is None:
            return
        if not found:
            self.notify("The best trial is inside of every range: there is nothing to widen.", markup=False)
            return
        document = widened(json.loads(self._found.spec), found)
        name = self._found.name
        self.run_worker(lambda: self._duplicate(document, name), thread=True, exit_on_error=False)

    def _duplicate(self, document: dict[str, Any], name: str) -> None:
        from hlr_tui.overview import free_name

        taken = {experiment.name for experiment in self.desk.experiments()}
        self.app.call_from_thread(self.hlr.open_spec, document, free_name(name, taken))

    def action_open_trial(self) -> None:
        from hlr_tui.screens.trial import TrialScreen

        number = self.trials.key_at_cursor
        if self._found is not None and self.study is not None and number:
            self.app.push_screen(TrialScreen(self._found.name, self.study, int(number)))

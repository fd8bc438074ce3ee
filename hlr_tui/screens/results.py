"""Results: who wins at which budget, by how much, with what parameters, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from hlr_tui.keys import Key, declare
from hlr_tui.report import origins
from hlr_tui.results_view.commands import batch_command, show_command
from hlr_tui.results_view.details import Details, method_details
from hlr_tui.results_view.ranking import Ranking, metrics_of, ranking
from hlr_tui.results_view.reading import Found, Nothing, heading, missing, read_results
from hlr_tui.results_view.rows import (
    BEST_HEADS,
    FAILURE_HEADS,
    best_rows,
    failure_rows,
    failure_text,
    ranking_heads,
    ranking_rows,
    sort_keys,
)
from hlr_tui.screens.live import LiveScreen
from hlr_tui.tables import printable
from hlr_tui.widgets.budget_chart import BudgetChart
from hlr_tui.widgets.method_details import MethodDetails
from hlr_tui.widgets.row_table import RowTable

ROOMY = 100
"""Columns from which every budget shows its spread; below, only the one that is sorted by."""


class ResultsScreen(LiveScreen):
    """The results of the chosen experiment."""

    PERIOD = 3.0

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("results.ranking", "r", "tab('ranking')", "Ranking"),
            Key("results.best", "b", "tab('best')", "Best"),
            Key("results.failures", "f", "tab('failures')", "Failures"),
            Key("results.metric", "t", "metric", "Metric", footer=False),
            Key("results.sort", "s", "sort", "Sort"),
            Key("results.details", "o,enter", "details", "Details"),
            Key("results.log", "l", "toggle_log", "Log", footer=False),
            Key("results.export", "e", "export", "Export"),
            Key("results.copy", "c", "copy", "Copy", footer=False),
        )
    ]

    CSS = """
    ResultsScreen #heading { height: auto; max-height: 2; padding: 0 1; text-style: bold; }
    ResultsScreen #nothing { padding: 1 2; color: $text-muted; }
    ResultsScreen TabbedContent { height: 1fr; }
    ResultsScreen Tabs { height: 1; }
    ResultsScreen Tabs Underline { display: none; }
    ResultsScreen Tab.-active { text-style: bold reverse; }
    ResultsScreen TabPane { padding: 0; height: 1fr; }
    ResultsScreen #split { layout: vertical; height: 1fr; }
    ResultsScreen #legend, ResultsScreen #notes { height: auto; color: $text-muted; padding: 0 1; }
    ResultsScreen #methods { height: auto; max-height: 50%; }
    ResultsScreen #budgets { height: 1fr; min-height: 6; }
    ResultsScreen.-wide #split { layout: horizontal; }
    ResultsScreen #compared { width: 1fr; height: 1fr; }
    ResultsScreen #method { display: none; }
    ResultsScreen.-wide #method {
        display: block; width: 40%; max-width: 72; height: 1fr; margin-left: 1; border-left: solid $surface-lighten-2;
    }
    ResultsScreen.-wide #method:focus { border-left: solid $primary; }
    ResultsScreen #best-trials, ResultsScreen #failed { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
        self._found: Found | None = None
        self._metric = ""
        self._sort = ""

    @property
    def chart(self) -> BudgetChart:
        return self.query_one(BudgetChart)

    @property
    def _document(self) -> dict[str, Any] | None:
        return None if self._found is None else self._found.document

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="nothing", markup=False)
        with TabbedContent(id="tabs"):
            with TabPane("Ranking", id="ranking"):
                yield Static(id="legend", markup=False)
                with Container(id="split"):
                    with Vertical(id="compared"):
                        yield RowTable(id="methods")
                        yield BudgetChart(id="budgets")
                    yield MethodDetails(id="method")
            with TabPane("Best trials", id="best"):
                yield RowTable(id="best-trials")
                yield Static(id="notes", markup=False)
            with TabPane("Failures", id="failures"):
                yield RowTable(id="failed")

    def on_mount(self) -> None:
        self.query_one("#tabs").display = False
        self.query_one("#methods").focus()

    def fetch(self) -> Found | Nothing:
        if not self.desk.exists():
            return Nothing("There is no experiment yet: press 2 to make one.")
        if not self.hlr.chosen:
            return Nothing("No experiment is chosen: press 1 and choose one; its results are then shown here.")
        return read_results(self.desk, self.hlr.chosen)

    def show(self, found: Any) -> None:
        message = found.message if isinstance(found, Nothing) else missing(found.document)
        self.query_one("#nothing", Static).update(printable(message))
        self.query_one("#nothing").display = bool(message)
        tabs, was = self.query_one("#tabs", TabbedContent), self._document
        tabs.display = not message
        self.query_one("#heading").display = not isinstance(found, Nothing)
        self._found = None if isinstance(found, Nothing) else found
        document = self._document
        if document is None:
            return
        self.query_one("#heading", Static).update(printable(heading(document)))
        if message:
            return
        if was is None or was["experiment"] != document["experiment"]:
            self._metric, self._sort, self.chart.wanted_log = "", "", None
            if not document["comparison"]:
                self.action_tab("best" if document["studies"] else "failures")
            else:
                self.action_tab("ranking")
        self._refresh()

    def _refresh(self) -> None:
        document = self._document
        if document is None:
            return
        tabs = self.query_one("#tabs", TabbedContent)
        failures = failure_rows(document)
        tabs.get_tab("failures").label = f"Failures ({len(failures)})"
        tabs.get_tab("best").label = f"Best trials ({len(document['studies'])})"
        self.query_one("#best-trials", RowTable).put(BEST_HEADS, best_rows(document), right=(1, 2, 3))
        notes = [*origins(document)] + ([document["unread"]] if document["unread"] else [])
        self.query_one("#notes", Static).update(printable("\n".join(notes)))
        self.query_one("#failed", RowTable).put(FAILURE_HEADS, failures, right=(1,))
        if document["comparison"]:
            self._rank(document)
        else:
            later = (
                "" if document["mode"] == "optimize" else " once the search is over and its best trials are compared"
            )
            never = "; this mode compares none" if document["mode"] == "optimize" else ""
            self.query_one("#legend", Static).update(f"Methods are ranked here{later}{never}.")
        self.query_one("#split").display = bool(document["comparison"])

    def _rank(self, document: dict[str, Any]) -> None:
        metrics = metrics_of(document)
        if self._metric not in metrics:
            self._metric, self.chart.wanted_log = metrics[0], None
        found = ranking(document, self._metric)
        if self._sort not in sort_keys(found):
            self._sort = sort_keys(found)[0]
        table = self.query_one("#methods", RowTable)
        heads = ranking_heads(found, self._sort)
        rows = ranking_rows(found, self._sort, narrow=self._room < ROOMY)
        table.put(heads, rows, right=(1, *range(4, len(heads))))
        self.query_one("#legend", Static).update(printable(self._legend(found, len(metrics))))
        self._point_at(found, table.key_at_cursor)

    @property
    def _room(self) -> int:
        """Columns for the ranking."""
        return self.query_one("#compared").size.width or self.size.width

    def _legend(self, found: Ranking, metrics: int) -> str:
        better = "lower" if found.lower_is_better else "higher"
        if self._document is not None and self._document["mode"] == "import":
            spread = "mean (lowest … highest)"
        else:
            spread = "mean ± std"
        more = f" ({metrics - 1} more: t)" if metrics > 1 else ""
        return f"{found.metric}{more}, {better} is better; {spread}; level: overlaps best"

    def _point_at(self, found: Ranking, chosen: str) -> None:
        """Show the method under the cursor: on top of the chart, and in full beside it."""
        self.chart.rank(found, chosen)
        if chosen:
            self.query_one(MethodDetails).put(self._details(found, chosen))

    def _details(self, found: Ranking, method: str) -> Details:
        assert self._found is not None
        document, spec, settings = self._found.document, self._found.spec, self.desk.settings
        commands = [("show it again", show_command(settings, document["experiment"]))]
        if spec is not None:
            commands.append(("repeat or go on with the experiment", batch_command(settings, spec)))
        elif document["mode"] != "import":
            commands.append(("repeat the experiment", "press 1, then d: its spec is opened as a new experiment"))
        return method_details(document, self._found.runs, found, method, tuple(commands))

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.data_table.id == "methods" and self._document is not None and self._document["comparison"]:
            self._point_at(ranking(self._document, self._metric), event.row_key.value or "")

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        if event.data_table.id == "methods" and self._document is not None:
            keys = sort_keys(ranking(self._document, self._metric))
            at = event.column_index - 5
            self._sort = keys[at] if 0 <= at < len(keys) - 1 else keys[-1]
            self._refresh()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id == "failed" and self._document is not None:
            from hlr_tui.screens.notice import NoticeScreen

            text = failure_text(self._document, event.row_key.value or "")
            self.app.push_screen(NoticeScreen("failure", lambda: text))
        elif event.data_table.id == "methods":
            self.action_details()

    def action_tab(self, tab: str) -> None:
        """Show a tab, and give the keys to its table."""
        # A widget that is hidden while it has the focus takes the focus from whoever has it then.
        self.set_focus(None)
        self.query_one("#tabs", TabbedContent).active = tab
        self.set_focus(self.query_one(f"#{tab}").query(RowTable).first())

    def action_details(self) -> None:
        """Open the details of the method under the cursor; go to them where they are in sight."""
        from hlr_tui.screens.method import MethodScreen

        pane = self.query_one(MethodDetails)
        if self.query_one("#tabs", TabbedContent).active != "ranking" or pane.shown is None:
            return
        if pane.display:
            pane.focus()
        else:
            self.app.push_screen(MethodScreen(pane.shown))

    def action_metric(self) -> None:
        """Rank by the next metric."""
        if self._document is not None and self._document["comparison"]:
            metrics = metrics_of(self._document)
            self._metric, self.chart.wanted_log = metrics[(metrics.index(self._metric) + 1) % len(metrics)], None
            self._refresh()

    def action_sort(self) -> None:
        """Sort by the next budget, then by method."""
        if self._document is not None and self._document["comparison"]:
            keys = sort_keys(ranking(self._document, self._metric))
            self._sort = keys[(keys.index(self._sort) + 1) % len(keys)]
            self._refresh()

    def action_toggle_log(self) -> None:
        self.chart.wanted_log = not self.chart.log_y
        self._refresh()

    def action_copy(self) -> None:
        """Put a command that shows these results on the clipboard, and on the screen for terminals without one."""
        if self._document is not None:
            command = show_command(self.desk.settings, self._document["experiment"])
            self.app.copy_to_clipboard(command)
            self.notify(printable(command), title="Copied", markup=False)

    def action_export(self) -> None:
        from hlr_tui.screens.export import ExportScreen

        if self._document is None:
            return
        rows = [*self._document["studies"], *self._document["comparison"]]
        optimizers = list(dict.fromkeys(row["optimizer"] for row in rows if row["optimizer"]))
        screen = ExportScreen(self.desk, self._document["experiment"], optimizers)
        self.app.push_screen(screen, self._exported)

    def _exported(self, path: str | None) -> None:
        if path is not None:
            self.notify(printable(str(Path(path).absolute())), title="Written", markup=False)

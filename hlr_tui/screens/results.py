"""Results: who wins at which budget, by how much, with what parameters, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from hlr_tui.keys import Key, declare
from hlr_tui.report import origins
from hlr_tui.results_view.budget_series import MOST, Curve, bars, budget_curves, value_axis
from hlr_tui.results_view.commands import show_command
from hlr_tui.results_view.ranking import Ranking, metrics_of, ranking
from hlr_tui.results_view.rows import (
    BEST_HEADS,
    FAILURE_HEADS,
    best_rows,
    diverged_text,
    failure_rows,
    failure_text,
    ranking_heads,
    ranking_rows,
    sort_keys,
)
from hlr_tui.screens.live import LiveScreen
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.row_table import RowTable

ROOMY = 100
"""Columns from which every budget shows its spread; below, only the one that is sorted by."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to show, and what to do about it."""

    message: str


def _heading(document: dict[str, Any]) -> str:
    runs = ", ".join(f"{number} {state}" for state, number in document["runs"].items() if number)
    return f"{document['mode']}, {document['state']} · {sum(document['runs'].values())} runs: {runs or 'none'}"


class ResultsScreen(LiveScreen):
    """The results of the chosen experiment."""

    PERIOD = 3.0

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("results.ranking", "r", "tab('ranking')", "Ranking"),
            Key("results.best", "b", "tab('best')", "Best"),
            Key("results.failures", "f", "tab('failures')", "Failures"),
            Key("results.metric", "t", "metric", "Metric"),
            Key("results.sort", "s", "sort", "Sort"),
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
    ResultsScreen.-wide #methods { width: auto; max-width: 68%; height: 1fr; max-height: 100%; margin-right: 1; }
    ResultsScreen.-wide #budgets { width: 1fr; height: 1fr; }
    ResultsScreen #best-trials, ResultsScreen #failed { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
        self._document: dict[str, Any] | None = None
        self._metric = ""
        self._sort = ""
        self._log_y: bool | None = None
        self._drawn: dict[str, Curve] = {}

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="nothing", markup=False)
        with TabbedContent(id="tabs"):
            with TabPane("Ranking", id="ranking"):
                yield Static(id="legend", markup=False)
                with Container(id="split"):
                    yield RowTable(id="methods")
                    yield Chart("mean by budget, bars: std", x_label="epochs", id="budgets")
            with TabPane("Best trials", id="best"):
                yield RowTable(id="best-trials")
                yield Static(id="notes", markup=False)
            with TabPane("Failures", id="failures"):
                yield RowTable(id="failed")

    def on_mount(self) -> None:
        self.query_one("#tabs").display = False
        self.query_one("#methods").focus()

    def fetch(self) -> dict[str, Any] | Nothing:
        if not self.desk.exists():
            return Nothing("There is no experiment yet: press 2 to make one.")
        if not self.hlr.chosen:
            return Nothing("No experiment is chosen: press 1 and choose one; its results are then shown here.")
        document = self.desk.results(self.hlr.chosen)
        if document["runs"].get("diverged"):
            document["diverged"] = [
                {"run": run.id, "study": run.study, "seed": run.seed, "log": run.log, "error": diverged_text(run)}
                for run in self.desk.runs(self.hlr.chosen)
                if run.state == "diverged"
            ]
        return document

    def show(self, found: Any) -> None:
        message = found.message if isinstance(found, Nothing) else self._missing(found)
        self.query_one("#nothing", Static).update(printable(message))
        self.query_one("#nothing").display = bool(message)
        tabs, was = self.query_one("#tabs", TabbedContent), self._document
        tabs.display = not message
        self.query_one("#heading").display = not isinstance(found, Nothing)
        self._document = None if isinstance(found, Nothing) else found
        if self._document is None:
            return
        self.query_one("#heading", Static).update(printable(_heading(found)))
        if message:
            return
        if was is None or was["experiment"] != found["experiment"]:
            self._metric, self._sort, self._log_y = "", "", None
            if not found["comparison"]:
                self.action_tab("best" if found["studies"] else "failures")
            else:
                self.action_tab("ranking")
        self._refresh()

    @staticmethod
    def _missing(document: dict[str, Any]) -> str:
        """Why there is nothing to show, "" where there is something."""
        if document["comparison"] or document["failures"] or document["studies"]:
            return ""
        kind = "The best trials" if document["mode"] in ("optimize", "optimize-compare", "all") else "The ranking"
        then = "" if document["state"] == "running" else f" It is {document['state']}: resume it on screen 1."
        return f"Nothing has ended yet. {kind} will stand here as soon as the first run has ended.{then}"

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
            self._metric, self._log_y = metrics[0], None
        found = ranking(document, self._metric)
        if self._sort not in sort_keys(found):
            self._sort = sort_keys(found)[0]
        table = self.query_one("#methods", RowTable)
        heads = ranking_heads(found, self._sort)
        rows = ranking_rows(found, self._sort, narrow=self.size.width < ROOMY)
        table.put(heads, rows, right=(1, *range(4, len(heads))))
        self.query_one("#legend", Static).update(printable(self._legend(found, len(metrics))))
        self._draw(found, table.key_at_cursor)

    def _legend(self, found: Ranking, metrics: int) -> str:
        better = "lower" if found.lower_is_better else "higher"
        if self._document is not None and self._document["mode"] == "import":
            spread = "mean (lowest … highest)"
        else:
            spread = "mean ± std"
        more = f" ({metrics - 1} more: t)" if metrics > 1 else ""
        return f"{found.metric}{more}, {better} is better; {spread}; level: overlaps best"

    def _draw(self, found: Ranking, chosen: str) -> None:
        chart = self.query_one("#budgets", Chart)
        most = max(3, min(MOST, chart.size.height // 2))  # more curves than that hide each other
        curves = {curve.method: curve for curve in budget_curves(found, chosen, most)}
        chart.y_limits, chart.log_y = value_axis(list(curves.values()), self._log_y)
        ticks = [(float(budget), str(budget)) for budget in found.budgets]
        if ticks != chart.x_ticks:
            chart.x_ticks = ticks
        for gone in self._drawn.keys() - curves.keys():
            chart.drop(gone)
            chart.drop(f"{gone} bars")
        for method, curve in curves.items():
            if self._drawn.get(method) != curve:
                chart.put(
                    method, label=method, xs=curve.xs, ys=curve.ys, colour=curve.colour, marker=curve.marker
                )  # fmt: skip
                xs, ys = bars(curve)
                if xs:
                    chart.put(f"{method} bars", label="", xs=xs, ys=ys, colour=curve.colour, marker="", style="bars")
                else:
                    chart.drop(f"{method} bars")
        self._drawn = curves
        chart.pinned = chosen or None

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.data_table.id == "methods" and self._document is not None and self._document["comparison"]:
            self._draw(ranking(self._document, self._metric), event.row_key.value or "")

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

    def action_tab(self, tab: str) -> None:
        """Show a tab, and give the keys to its table."""
        # A widget that is hidden while it has the focus takes the focus from whoever has it then.
        self.set_focus(None)
        self.query_one("#tabs", TabbedContent).active = tab
        self.set_focus(self.query_one(f"#{tab}").query(RowTable).first())

    def action_metric(self) -> None:
        """Rank by the next metric."""
        if self._document is not None and self._document["comparison"]:
            metrics = metrics_of(self._document)
            self._metric, self._log_y = metrics[(metrics.index(self._metric) + 1) % len(metrics)], None
            self._refresh()

    def action_sort(self) -> None:
        """Sort by the next budget, then by method."""
        if self._document is not None and self._document["comparison"]:
            keys = sort_keys(ranking(self._document, self._metric))
            self._sort = keys[(keys.index(self._sort) + 1) % len(keys)]
            self._refresh()

    def action_toggle_log(self) -> None:
        self._log_y = not self.query_one("#budgets", Chart).log_y
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
            self.notify(printable(path), title="Written", markup=False)

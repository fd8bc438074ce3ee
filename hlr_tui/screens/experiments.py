"""The first screen: every experiment, how far it is, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widgets import DataTable, Input

from hlr_tui.keys import Key, declare
from hlr_tui.overview import Entry, Overview, free_name
from hlr_tui.screens.deeds import DeedScreen, can_resume, can_stop, message_of
from hlr_tui.whole_files import write_whole
from hlr_tui.widgets.experiment_details import ExperimentDetails
from hlr_tui.widgets.experiments_table import ExperimentsTable
from hlr_tui.widgets.welcome import Welcome


class ExperimentsScreen(DeedScreen):
    """All experiments in a table, with details of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("experiments.quickstart", "g", "quickstart", "Quickstart"),
            Key("experiments.new", "n", "app.go('new')", "New"),
            Key("experiments.stop", "s", "stop", "Stop"),
            Key("experiments.resume", "r", "resume", "Resume"),
            Key("experiments.duplicate", "d", "duplicate", "Duplicate"),
            Key("experiments.delete", "x", "delete", "Delete"),
            Key("experiments.filter", "slash", "filter", "Filter"),
            Key("experiments.log", "l", "log", "Log of the conductor", footer=False),
            Key("experiments.dashboard", "w", "dashboard", "Optuna's dashboard", footer=False),
            Key("experiments.down", "j", "step(1)", "Next experiment", footer=False),
            Key("experiments.up", "k", "step(-1)", "Previous experiment", footer=False),
            Key("experiments.clear", "escape", "clear_filter", "Show all again", footer=False),
        )
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012  # an instance variable in Textual
    CSS = """
    ExperimentsScreen #filter { display: none; height: 1; border: none; padding: 0 1; background: $boost; }
    ExperimentsScreen #body { layout: vertical; height: 1fr; }
    ExperimentsScreen #experiments { height: auto; min-height: 4; max-height: 60%; }
    ExperimentsScreen #details { height: 1fr; min-height: 6; border-top: solid $primary-muted; }
    ExperimentsScreen #details #ranking { padding: 0 0 0 2; }
    ExperimentsScreen #details:focus { border-top: solid $primary; }
    ExperimentsScreen.-wide #body { layout: horizontal; }
    ExperimentsScreen.-wide #experiments { height: 1fr; max-height: 100%; }
    ExperimentsScreen.-wide #details { width: 60; height: 1fr; border-top: none; border-left: solid $primary-muted; }
    ExperimentsScreen.-wide #details { layout: vertical; }
    ExperimentsScreen.-wide #details #about, ExperimentsScreen.-wide #details #ranking {
        width: 1fr; padding: 0 0 1 0;
    }
    ExperimentsScreen.-wide #details:focus { border-top: none; border-left: solid $primary; }
    ExperimentsScreen #welcome { display: none; }
    ExperimentsScreen.-empty #body { display: none; }
    ExperimentsScreen.-empty #welcome { display: block; }
    """
    AUTO_FOCUS = "#experiments"

    def __init__(self) -> None:
        super().__init__()
        self._overview: Overview | None = None
        self._entries: Sequence[Entry] | None = None
        self._placed = ""
        self._offered: tuple[object, ...] = ()

    def compose_body(self) -> ComposeResult:
        yield Input(
            id="filter", placeholder="part of a name, state, mode or method; Enter keeps, Esc shows all", compact=True
        )
        with Container(id="body"):
            yield ExperimentsTable(id="experiments")
            yield ExperimentDetails(id="details")
        yield Welcome(str(self.desk.settings.workspace), id="welcome")

    def fetch(self) -> list[Entry]:
        if self._overview is None:
            self._overview = Overview(self.desk)
            found = self._overview.look(rank=False)
            for _ in found:  # rows do not wait for results, of which each look reads some, one at least
                self._back(self._shown, found, "")
                found = self._overview.look()
                if all(entry.ranking is not None for entry in found) or not self.app.is_running:
                    break
            return found
        return self._overview.look()

    def forget(self) -> None:
        self._overview = None

    def show(self, found: list[Entry]) -> None:
        first = self._entries is None
        self._entries = found
        self.hlr.known = tuple(entry.name for entry in found)
        self.set_class(not found, "-empty")
        self._draw()
        if first and self.hlr.chosen:
            self._table.move_to(self.hlr.chosen)
            self._placed = self._table.selected

    def take_along(self) -> None:
        """Before another screen is shown: who has moved to an experiment means it there, too."""
        selected = self._table.selected
        if selected and selected != self._placed:
            self.hlr.chosen = self._placed = selected

    @property
    def _table(self) -> ExperimentsTable:
        return self.query_one(ExperimentsTable)

    @property
    def _current(self) -> Entry | None:
        name = self._table.selected
        return next((entry for entry in self._entries or () if entry.name == name), None)

    def _draw(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        shown = [entry for entry in self._entries or () if all(word in _haystack(entry) for word in words)]
        self._table.put(shown)
        if not self._placed:
            self._placed = self._table.selected
        self._detail()

    @on(DataTable.RowHighlighted)
    def _detail(self) -> None:
        entry = self._current
        self.query_one(ExperimentDetails).put(entry)
        offered = (bool(self._entries), entry is not None and entry.state)
        if offered != self._offered:  # each time, the footer is built anew
            self._offered = offered
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        entry = self._current if self.is_mounted else None
        if action == "quickstart":
            return self._entries is not None and not self._entries  # not before it is known that there are none
        if action == "stop":
            return entry is not None and can_stop(entry.progress)
        if action == "resume":
            return entry is not None and can_resume(entry.progress)
        if action in ("open", "duplicate", "delete", "log"):
            return entry is not None
        if action in ("dashboard", "filter"):
            return bool(self._entries)
        return True

    # Finding

    def action_step(self, rows: int) -> None:
        self._table.move_cursor(row=self._table.cursor_row + rows)

    def action_filter(self) -> None:
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    def action_clear_filter(self) -> None:
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self._table.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._draw()

    @on(Input.Submitted, "#filter")
    def _found(self) -> None:
        self._table.focus()
        if not self.query_one("#filter", Input).value:
            self.action_clear_filter()

    # Doing

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        if self._current is not None:
            self._placed = self._current.name
            self.hlr.monitor(self._placed)

    def action_stop(self) -> None:
        if (entry := self._current) is not None:
            self.stop(entry.progress)

    def action_resume(self) -> None:
        if (entry := self._current) is not None:
            self.resume(entry.progress)

    def action_duplicate(self) -> None:
        if (entry := self._current) is not None:
            name = free_name(entry.name, set(self.hlr.known))
            self.hlr.open_spec(json.loads(entry.progress.experiment.spec), name)

    def action_delete(self) -> None:
        if (entry := self._current) is None:
            return
        if entry.active:
            self.hlr.warn(f"{entry.name} is {entry.state}: s stops it, then it can be deleted")
            return
        self.in_thread(partial(self._find_belongings, entry))

    def _find_belongings(self, entry: Entry) -> None:
        from core.execution.removal import belongings
        from hlr_tui.commands.delete import describe

        experiment = entry.progress.experiment
        found = belongings(self.desk.db(), experiment, self.desk.settings.workspace)
        self.app.call_from_thread(self._ask_to_delete, entry.name, describe(experiment, found, keep_studies=False))

    def _ask_to_delete(self, name: str, lines: list[str]) -> None:
        from hlr_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.do(name, "deleting", "is deleted", "delete", name, "--yes")

        self.app.push_screen(
            ConfirmScreen(f"Delete {name} for good?", lines, yes="Delete", no="Keep", danger=True), answered
        )

    def action_log(self) -> None:
        from hlr_tui.screens.notice import NoticeScreen, tail

        if (entry := self._current) is not None:
            place = entry.progress.experiment.workspace
            workspace = Path(place) if place else self.desk.settings.workspace
            path = workspace / "logs" / entry.name / "conductor.log"
            self.app.push_screen(NoticeScreen(f"Log of {entry.name}: {path}", partial(tail, path), follow=True))

    def action_dashboard(self) -> None:
        self.notify("starting Optuna's dashboard", markup=False, timeout=3)
        self.in_thread(self._start_dashboard)

    def _start_dashboard(self) -> None:
        from hlr_tui.dashboard.child import address_text
        from hlr_tui.screens.notice import NoticeScreen

        text = address_text(self.hlr.dashboard.start())
        self.app.call_from_thread(self.app.push_screen, NoticeScreen("Dashboard", lambda: text))

    def action_quickstart(self) -> None:
        if "quickstart" not in self.busy_with:
            self.busy_with["quickstart"] = "starting"
            self.query_one(Welcome).tell("Starting the quickstart: every method trains one step first …")
            self.in_thread(self._start_quickstart)

    def _start_quickstart(self) -> None:
        from hlr_tui.quickstart import NAME, TEXT

        path = self.desk.spec_path(NAME)
        started = False
        try:
            try:
                write_whole(path, TEXT)
            except OSError as error:
                self.tell(f"{path}: cannot be written: {error.strerror}")
                return
            outcome = self.desk.command("--batch", str(path), "--detach")
            started = outcome.code == 0
            if not started:
                self.tell(message_of(outcome.said))
        finally:
            self.app.call_from_thread(self._quickstarted)
        if started:
            self.app.call_from_thread(self.hlr.monitor, NAME)

    def _quickstarted(self) -> None:
        self.busy_with.pop("quickstart", None)
        self.query_one(Welcome).tell("")


def _haystack(entry: Entry) -> str:
    experiment = entry.progress.experiment
    best = entry.ranking.places[0].method if entry.ranking is not None and entry.ranking.places else ""
    return f"{experiment.name} {entry.state} {experiment.mode} {best}".casefold()

"""Monitor: the curves of an experiment as they grow, its stages, and every method or run in a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Input, Static

from hlr_tui.monitor.crew import Crew, CrewWatch, no_workers_text
from hlr_tui.monitor.heading import headline, idle_text, notes_text, view_text
from hlr_tui.monitor.lines import Line
from hlr_tui.monitor.watch import LISTED, Choice, Look, Watch, experiment_to_watch
from hlr_tui.screens.deeds import DeedScreen, can_resume, can_stop
from hlr_tui.screens.monitor_keys import KEYS
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.chart_wall import ChartWall
from hlr_tui.widgets.lines_table import LinesTable, Marked
from hlr_tui.widgets.stage_strip import StageStrip


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look found: `why` the experiment is shown; no look where there is no experiment."""

    name: str
    why: str
    look: Look | None
    crew: Crew | None = None


class MonitorScreen(DeedScreen):
    """The live view of one experiment."""

    AUTO_FOCUS = "LinesTable"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    CSS = """
    MonitorScreen .line { height: 1; padding: 0 1; }
    MonitorScreen #view { color: $text-muted; }
    MonitorScreen #notes { height: auto; max-height: 3; padding: 0 1; color: $text-warning; }
    MonitorScreen #idle { height: 1fr; padding: 1 2; }
    MonitorScreen #lines { height: auto; max-height: 40%; }
    MonitorScreen #filter { border: none; height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._watch: Watch | None = None
        self._crew_watch = CrewWatch()
        self._choice = Choice(metrics=LISTED)
        self._following = False
        self._asked = self._why = ""
        """The experiment that was asked for at the last look, and why it showed the one that it did."""
        self._found: _Found | None = None
        self._offered: tuple[object, ...] = ()
        self._marked = Marked(frozenset())

    def compose_body(self) -> ComposeResult:
        yield Static(id="headline", classes="line", markup=False)
        yield StageStrip(id="stages")
        yield Static(id="view", classes="line", markup=False)
        yield Static(id="notes", markup=False)
        yield Static(id="idle", markup=False)
        yield ChartWall(id="charts")
        yield LinesTable(id="lines")
        box = Input(
            id="filter", placeholder="words of method, state, seed, worker; enter keeps, esc clears", compact=True
        )
        box.display = False
        yield box

    def on_mount(self) -> None:
        self.query_one("#notes").display = False
        self._set_idle(" ")

    def on_resize(self) -> None:
        self._draw()

    def on_unmount(self) -> None:
        if self._watch is not None:
            self._watch.close()

    @property
    def wall(self) -> ChartWall:
        return self.query_one(ChartWall)

    @property
    def table(self) -> LinesTable:
        return self.query_one(LinesTable)

    @property
    def _seen(self) -> Look | None:
        """The last look."""
        return self._found.look if self._found is not None else None

    def fetch(self) -> _Found:
        asked, watch = "" if self._following else self.hlr.chosen, self._watch
        if watch is not None and asked == self._asked and (look := watch.another(self._choice)) is not None:
            return self._found_by(watch.name, self._why, look)
        name, why = experiment_to_watch(self.desk, asked)
        self._asked, self._why = asked, why
        if not name:
            return _Found("", "", None)
        if self._watch is None or self._watch.name != name:
            if self._watch is not None:
                self._watch.close()
            self._watch = Watch(self.desk.db(), name)
            self._choice = Choice(metrics=self._choice.metrics)
        return self._found_by(name, why, self._watch.look(self.desk, self._choice))

    def _found_by(self, name: str, why: str, look: Look) -> _Found:
        return _Found(name, why, look, self._crew_watch.look(look.progress) if self.wall.shows_crew else None)

    def forget(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def show(self, found: _Found) -> None:
        before, self._found = self._found, found
        if before is None or before.name != found.name:
            self._marked = Marked(frozenset())
            self.query_one("#filter", Input).value = self._choice.text
            self.wall.clear()
            self.wall.set_cursor(None)
            self.table.forget()
        look = found.look
        offered = () if look is None else (can_stop(look.progress), can_resume(look.progress))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()
        self.query_one(StageStrip).display = look is not None
        for name in ("#headline", "#view"):
            self.query_one(name).display = look is not None
        if look is None:
            self._set_idle(idle_text(None))
            return
        self._set_idle(idle_text(look))
        strip = self.query_one(StageStrip)
        strip.stages = look.progress.stages
        strip.active = look.progress.experiment.state == "running" and not look.progress.abandoned
        self.query_one("#headline", Static).update(headline(look.progress, found.why, self._following), layout=False)
        notes = notes_text(look.progress)
        if notes != self.query_one("#notes", Static).content:  # each update lays the screen out anew
            self.query_one("#notes", Static).update(notes)
        self.query_one("#notes").display = bool(notes)
        if found.crew is not None:
            self.wall.crew.put(found.crew, no_workers_text(look.progress))
        self._draw()
        if look.choice != self._choice or self._choice.metrics != self._wanted():
            self._choose()
        elif not look.complete:
            self.look()

    def _set_idle(self, text: str) -> None:
        """A message in place of charts and table, or none."""
        if printable(text) != self.query_one("#idle", Static).content:
            self.query_one("#idle", Static).update(printable(text))
        self.query_one("#idle").display = bool(text)
        for widget in (self.wall, self.table):
            widget.display = not text

    def _draw(self) -> None:
        """Charts, table and the line above them, from the last look."""
        look = self._seen
        if look is None:
            return
        lines = self._pinned_first(look.lines)
        extra = [metric for metric in self.wall.metrics if metric not in LISTED]
        self.table.put(
            lines,
            look.traces,
            self._marked,
            at=self.wall.at,
            extra=extra[-1] if extra else None,
            guesses=look.guesses,
            width=self.size.width,
        )
        self.wall.put(look, self._marked, self.table.key)
        self._say_view()

    def _pinned_first(self, lines: tuple[Line, ...]) -> list[Line]:
        return sorted(lines, key=lambda line: line.key != self._marked.pinned)

    def _say_view(self) -> None:
        look = self._seen
        if look is not None:
            text = view_text(look, self._choice, self._marked, smoothing=self.wall.smoothing, at=self.wall.at)
            self.query_one("#view", Static).update(text, layout=False)

    def _wanted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*LISTED, *self.wall.metrics)))

    def _choose(self, **changes: Any) -> None:
        """Change what is shown, and look at once."""
        self._choice = replace(self._choice, metrics=self._wanted(), **changes)
        self.look()

    def _line(self) -> Line | None:
        """The line under the cursor of the table."""
        look = self._seen
        key = self.table.key
        return next((line for line in look.lines if line.key == key), None) if look is not None else None

    def _mark(self, **changes: Any) -> None:
        self._marked = replace(self._marked, **changes)
        self._draw()

    def action_toggle_view(self) -> None:
        self._choose(view="runs" if self._choice.view == "methods" else "methods", inside="")

    def action_open(self) -> None:
        """A method opens into its runs, a run into its details and log."""
        line = self._line()
        if line is None:
            return
        if not line.single:
            self._choose(view="runs", inside=line.key, text="")
            return
        from hlr_tui.screens.run import RunScreen

        run = line.runs[0]
        trial = "" if line.trial is None else f" trial {line.trial}"
        self.app.push_screen(RunScreen(self.desk, run.id, f"{line.label}{trial} seed {run.seed}, {run.budget} epochs"))

    @on(DataTable.RowSelected)
    def _row_selected(self) -> None:
        self.action_open()

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self) -> None:
        self.wall.mark(self._marked, self.table.key)

    @on(LinesTable.Stepped)
    def _stepped(self, event: LinesTable.Stepped) -> None:
        self.wall.step(event.direction)

    @on(Chart.CursorMoved)
    def _cursor_moved(self) -> None:
        self.call_after_refresh(self._draw)  # the cursor moves at once, the values of the table follow

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.display = True
        box.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if event.value != self._choice.text:
            self._choose(text=event.value)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        box = self.query_one("#filter", Input)
        box.display = bool(box.value)
        self.table.focus()

    def action_back(self) -> None:
        """Undo one thing: the cursor, the filter, the solo, the method that is open."""
        box = self.query_one("#filter", Input)
        if box.has_focus or self._choice.text:
            box.value = ""
            box.display = False
            self.table.focus()
            self._choose(text="")
        elif self.wall.at is not None:
            self.wall.set_cursor(None)
            self._draw()
        elif self._marked.solo is not None:
            self._mark(solo=None)
        elif self._choice.inside:
            self._choose(view="methods", inside="")
        else:
            self.table.focus()

    def action_next_metric(self) -> None:
        look = self._seen
        if look is None:
            return
        if self.wall.next_metric(look.metrics):
            self._choose()
        else:
            self.notify("Every metric that the runs record is on the screen.")

    def action_toggle_crew(self) -> None:
        self.wall.toggle_crew()
        self._choose()

    def action_toggle_log(self) -> None:
        self.wall.toggle_log()

    def action_smooth(self, by: float) -> None:
        self.wall.smooth(by)
        self._say_view()

    def action_solo(self) -> None:
        key = self.table.key
        self._mark(solo=None if self._marked.solo == key else key)

    def action_hide(self) -> None:
        key = self.table.key
        if key is not None:
            self._mark(hidden=frozenset(self._marked.hidden) ^ {key})

    def action_pin(self) -> None:
        key = self.table.key
        self._mark(pinned=None if self._marked.pinned == key else key)

    def action_show_all(self) -> None:
        self._mark(hidden=frozenset(), solo=None)

    def action_rank(self) -> None:
        self._choose(ranked=not self._choice.ranked)

    def action_next_slice(self) -> None:
        """The next stage and budget; behind the last one comes again what trains."""
        look = self._seen
        if look is None or not look.slices:
            return
        places = [None, *look.slices]
        now = places.index(self._choice.slice) if self._choice.slice in places else 0
        self._choose(slice=places[(now + 1) % len(places)])

    def action_follow(self) -> None:
        self._following = not self._following
        self._choose(slice=None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the experiment allows now is offered."""
        if action in ("stop", "resume"):
            look = self._seen
            allowed = can_stop if action == "stop" else can_resume
            return look is not None and allowed(look.progress)
        return True

    def action_stop(self) -> None:
        if (look := self._seen) is not None:
            self.stop(look.progress)

    def action_resume(self) -> None:
        if (look := self._seen) is not None:
            self.resume(look.progress)

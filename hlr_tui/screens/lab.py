"""Lab: schedules side by side before anything trains, their parameters under the arrow keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from core.catalog import catalog
from core.component import SchedulerInfo
from core.errors import HlrError, printable
from core.params import Param
from hlr_tui.commands.preview import read_value
from hlr_tui.curves import INFIMUM
from hlr_tui.describe import default_text, legal_text, search_text
from hlr_tui.keys import Key, declare
from hlr_tui.lab.bench import RUN, Bench
from hlr_tui.lab.figures import VIEWS, View, columns, head_of, row_of, style_of
from hlr_tui.lab.handover import preview_command, repr_text, spec_document
from hlr_tui.plot import COLOURS, MARKERS
from hlr_tui.screens.live import Problem
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.dials import MUTED, Dials
from hlr_tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from hlr_tui.app import HlrApp

FIRST_CHOICE = ("C", "H", "EH")
RUN_GROUP = "run"
EPOCH = "epoch"
MOST_CHARTS = 4
WIDE, TALL, LARGE_WIDTH, LARGE_HEIGHT = 110, 30, 150, 42
"""Columns and lines from which there is room for three charts, and for four."""


class LabScreen(Screen[None]):
    """The schedule lab."""

    CSS = """
    LabScreen #left { width: 38%; min-width: 34; max-width: 56; }
    LabScreen OptionList {
        border: round $surface-lighten-2; padding: 0; background: transparent; scrollbar-size-vertical: 1;
        border-title-color: $foreground 60%;
    }
    LabScreen OptionList:focus { border: round $primary; }
    LabScreen #schedulers { height: 1fr; min-height: 6; }
    LabScreen #dials { height: auto; max-height: 55%; }
    LabScreen #about { height: auto; max-height: 6; padding: 0 1; color: $text-muted; }
    LabScreen .ask { display: none; border: round $accent; padding: 0 1; height: 3; }
    LabScreen .ask.-open { display: block; }
    LabScreen #charts { layout: grid; grid-size: 1; grid-gutter: 0 1; height: 1fr; }
    LabScreen #charts.-three { grid-size: 2; }
    LabScreen #charts.-three .-first { column-span: 2; }
    LabScreen #charts.-four { grid-size: 2; }
    LabScreen #figures { height: auto; max-height: 35%; padding: 0 1; scrollbar-size-vertical: 1; }
    LabScreen #figures:focus { background-tint: $foreground 5%; }
    LabScreen #nothing { height: 1fr; padding: 1 2; color: $text-muted; display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("lab.draw", "space", "draw", "Draw"),
            Key("lab.all", "a", "draw_all", "All or none", footer=False),
            Key("lab.only", "o", "draw_only", "Only this", footer=False),
            Key("lab.filter", "slash", "filter", "Filter", footer=False),
            Key("lab.view", "m", "next_view", "Chart"),
            Key("lab.log", "l", "toggle_log", "Log", footer=False),
            Key("lab.new", "n", "new", "New"),
            Key("lab.copy", "c", "copy", "Copy as command", footer=False),
            Key("lab.reset", "R", "reset_all", "All defaults", footer=False),
            Key("lab.back", "escape", "back", "Back to the list", footer=False),
        )
    ]

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.infos: dict[str, SchedulerInfo] = {}
        self._views = list(VIEWS)
        self._log = self._only = False
        self._cursor: float | None = None
        self._asked: tuple[str, str] | None = None
        self._pending = False
        self._said: dict[str, Content] = {}

    @property
    def hlr(self) -> HlrApp:
        return cast("HlrApp", self.app)

    def compose(self) -> ComposeResult:
        yield ModeBar()
        problem = Problem(id="problem", markup=False)
        problem.display = False
        yield problem
        with Horizontal():
            with Vertical(id="left"):
                yield Input(placeholder="part of a code, a name or a family", classes="ask", id="filter", compact=True)
                yield OptionList(id="schedulers", markup=False)
                yield Dials(id="dials")
                yield Input(classes="ask", id="value", compact=True)
                yield Static(id="about", markup=False)
            with Vertical(id="right"):
                yield Static("No scheduler is drawn: go to one in the list and press space.", id="nothing")
                with Container(id="charts"):
                    for place in range(MOST_CHARTS):
                        chart = Chart(classes="-first" if place == 0 else "")
                        chart.legend = False  # the table of figures is one
                        yield chart
                with VerticalScroll(id="figures"):
                    yield Static(id="table", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#filter", Input).border_title = "filter"
        self.query_one("#schedulers").border_title = "schedulers"
        try:
            self.infos = {info.name: info for info in catalog().schedulers.all()}
        except HlrError as error:  # a plug-in that cannot be loaded
            self.query_one(Problem).tell(str(error))
            return
        for info in self.infos.values():
            if info.code in FIRST_CHOICE:
                self.bench.toggle(info)
        self._list()
        self.query_one("#schedulers").focus()
        self.redraw()

    # -- the list of schedulers ------------------------------------------------------------------------------------

    def _list(self) -> None:
        """Fill the list, by family, with what the filter lets through."""
        listed = self.query_one("#schedulers", OptionList)
        words = self.query_one("#filter", Input).value.casefold().split()
        kept = listed.highlighted_option.id if listed.highlighted_option else None
        families: dict[str, list[SchedulerInfo]] = {}
        for info in self.infos.values():
            if all(word in f"{info.code} {info.name} {info.family} {info.summary}".casefold() for word in words):
                families.setdefault(info.family, []).append(info)
        listed.clear_options()
        for family, infos in families.items():
            listed.add_option(Option(Content.styled(family, "bold $primary"), disabled=True))
            listed.add_options([Option(self._entry(info), id=info.name) for info in infos])
        ids = [option.id for option in listed.options]
        wanted = [kept, *self.bench.slots, *ids]
        listed.highlighted = next((ids.index(id) for id in wanted if id and id in ids), None)

    def _entry(self, info: SchedulerInfo) -> Content:
        slot = self.bench.slots.get(info.name)
        mark = ("  · ", MUTED) if slot is None else (f"  {letter(slot)} ", f"bold {COLOURS[slot % len(COLOURS)]}")
        wrong = slot is not None and any(line.problems for line in self.bench.lines(info))
        moved = "•" if self.bench.given.get(info.name) else " "
        return Content.assemble(
            mark,
            (moved, "$accent"),
            (f"{info.code:<4} ", "bold" if slot is not None else ""),
            (info.name, "" if slot is not None else MUTED),
            ("  ✗ cannot run", "bold") if wrong else "",
        )

    @property
    def current(self) -> SchedulerInfo | None:
        """The highlighted scheduler, whose parameters are under the keys."""
        option = self.query_one("#schedulers", OptionList).highlighted_option
        return self.infos.get(option.id or "") if option is not None else None

    @property
    def drawn(self) -> list[SchedulerInfo]:
        """The schedulers that are drawn, in the order of the list."""
        return [info for info in self.infos.values() if info.name in self.bench.slots]

    @on(OptionList.OptionHighlighted, "#schedulers")
    def _highlighted(self) -> None:
        self._show_dials()
        self._draw_charts()

    @on(OptionList.OptionSelected, "#schedulers")
    def _to_dials(self) -> None:
        self.query_one(Dials).focus()

    def action_draw(self) -> None:
        if self.current is not None:
            self.bench.toggle(self.current)
            self.redraw()

    def action_draw_all(self) -> None:
        """Draw everything that the filter lets through; nothing of it where all of it is drawn."""
        ids = [option.id for option in self.query_one("#schedulers", OptionList).options]
        listed = [self.infos[id] for id in ids if id]
        missing = [info for info in listed if info.name not in self.bench.slots]
        for info in missing or listed:
            self.bench.toggle(info)
        self.redraw()

    def action_draw_only(self) -> None:
        """Show the curves of the highlighted scheduler alone, or all again."""
        self._only = not self._only
        self._draw_charts()

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.add_class("-open")
        box.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._list()
        self._show_dials()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.input.set_class(bool(event.value), "-open")
        self.query_one("#schedulers").focus()

    def action_back(self) -> None:
        """Close what is open: the value being typed, then the filter; else go to the list."""
        value, box = self.query_one("#value", Input), self.query_one("#filter", Input)
        if value.has_class("-open"):
            self._close_value()
            return
        if box.has_class("-open"):
            box.value = ""
            box.remove_class("-open")
        self.query_one("#schedulers").focus()

    # -- the dials -------------------------------------------------------------------------------------------------

    def _show_dials(self) -> None:
        info = self.current
        groups = [] if info is None else [(info.name, f"{info.code} · {info.name}", self.bench.dials(info))]
        self.query_one(Dials).put([*groups, (RUN_GROUP, "the run", self.bench.run_dials())])
        self._show_about()

    def _show_about(self) -> None:
        """What is under the keys, in words."""
        dials, info = self.query_one(Dials), self.current
        if self.focused is dials and dials.chosen is not None:
            group, name = dials.chosen
            param = dials.dial(group, name).param
            default = "that of the run" if name == INFIMUM and group != RUN_GROUP else default_text(param)
            text = f"{name}: {param.help} ({_range_text(param)}; default {default})"
        elif info is not None:
            text = f"{info.summary}; advances by {info.tick}"
            if info.untuned_lr_factor != 1.0:
                text += f"; mode compare trains it at {repr_text(info.untuned_lr_factor)} of the peak rate"
            for said in self.bench.other_problems(info):
                text += f"\n✗ {said}"
        else:
            text = "No scheduler is called that; escape clears the filter."
        self._say("#about", printable_lines(text))

    def on_descendant_focus(self) -> None:
        self._show_about()

    @on(OptionList.OptionHighlighted, "#dials")
    def _dial_highlighted(self) -> None:
        self._show_about()

    def _owner(self, group: str) -> SchedulerInfo | None:
        return None if group == RUN_GROUP else self.infos[group]

    def on_dials_turned(self, event: Dials.Turned) -> None:
        if self.bench.turn(self._owner(event.group), event.name, event.steps, large=event.large):
            self.redraw()

    def on_dials_reset(self, event: Dials.Reset) -> None:
        self.bench.reset(self._owner(event.group), event.name)
        self.redraw()

    def action_type_value(self) -> None:
        """Ask for the value of the dial under the keys."""
        dials = self.query_one(Dials)
        if dials.chosen is None:
            return
        group, name = self._asked = dials.chosen
        box = self.query_one("#value", Input)
        box.value = dials.dial(group, name).text.rpartition(" / ")[2]
        box.border_title, box.border_subtitle = name, "enter sets it, escape leaves it"
        box.add_class("-open")
        box.focus()
        box.action_select_all()

    @on(Input.Submitted, "#value")
    def _set_value(self, event: Input.Submitted) -> None:
        assert self._asked is not None
        group, name = self._asked
        problem = self.bench.write(
            self._owner(group), name, typed(event.value, self.query_one(Dials).dial(group, name).param)
        )
        if problem is not None:
            self._say("#about", Content.styled(f"✗ {printable(str(problem))}", "bold"))
            return
        self._close_value()
        self.redraw()

    def _close_value(self) -> None:
        self.query_one("#value", Input).remove_class("-open")
        self.query_one(Dials).focus()

    def action_reset_all(self) -> None:
        self.bench.given.clear()
        for name in RUN:
            self.bench.reset(None, name)
        self.redraw()

    # -- charts and figures ----------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Show what has changed; once for all keys that came in meanwhile, so that a held key cannot run ahead."""
        if not self._pending:
            self._pending = True
            self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self._pending = False
        listed = self.query_one("#schedulers", OptionList)
        for index, option in enumerate(listed.options):
            if option.id and option.prompt != (entry := self._entry(self.infos[option.id])):
                listed.replace_option_prompt_at_index(index, entry)
        self._show_dials()
        self._draw_charts()
        self._fill_table()

    def on_resize(self, event: Resize) -> None:
        self.redraw()

    def _shown_views(self) -> list[View]:
        width, height = self.size
        most = (
            1 if width < WIDE or height < TALL else 3 if width < LARGE_WIDTH or height < LARGE_HEIGHT else MOST_CHARTS
        )
        moved = any(line.momentum is not None for info in self.drawn for line in self.bench.lines(info))
        return [view for view in self._views if moved or view.id != "momentum"][:most]

    def _draw_charts(self) -> None:
        shown = self._shown_views()
        area = self.query_one("#charts")
        self.query_one("#nothing").display = not self.drawn
        area.display = self.query_one("#figures").display = bool(self.drawn)
        area.set_class(len(shown) == 3, "-three")
        area.set_class(len(shown) == 4, "-four")
        # Charts keep their places and take other views: to move widgets costs more than to draw them.
        for place, chart in enumerate(self.query(Chart)):
            chart.display = place < len(shown)
            if not chart.display:
                continue
            view = shown[place]
            if chart.title != view.title:
                chart.clear()
                chart.title, chart.x_label = view.title, view.x_label
                chart.cursor = self._cursor if view.x_label == EPOCH else None
            self._fill_chart(chart, view)

    def _fill_chart(self, chart: Chart, view: View) -> None:
        budgets = self.bench.budgets
        chart.x_range = (0.0, float(budgets[-1]) if view.x_label == EPOCH else 1.0)
        chart.log_y = self._log and view.log
        wanted = set()
        for info in self.drawn:
            for line in self.bench.lines(info):
                xs, ys = view.points(line)
                if not len(xs):
                    continue
                slot = self.bench.slots[info.name]
                key = f"{info.code} {line.horizon.epochs}"
                wanted.add(key)
                chart.put(
                    key,
                    label=key,
                    xs=xs,
                    ys=ys,
                    colour=slot % len(COLOURS),
                    marker=letter(slot),
                    style=style_of(line, budgets),
                )
        for key in chart.curves.keys() - wanted:
            chart.drop(key)
        own = {key for key in wanted if self.current is not None and key.partition(" ")[0] == self.current.code}
        chart.hidden = wanted - own if self._only and own else set()
        chart.pinned = max(own, key=len, default=None)  # on top of the others

    def _fill_table(self) -> None:
        rows, marks = [], []
        for info in self.drawn:
            slot = self.bench.slots[info.name]
            lines = self.bench.lines(info)
            for line in reversed(lines):
                marks.append((letter(slot), f"bold {COLOURS[slot % len(COLOURS)]}"))
                rows.append([info.code, *row_of(line, lines[-1], self._cursor)])
        head, *body = columns(
            [["", *head_of(self._cursor)], *rows], self.query_one("#figures").scrollable_content_region.width - 3
        )
        parts: list[tuple[str, str] | str] = [("   " + head, MUTED)]
        for mark, text in zip(marks, body, strict=True):
            parts += ["\n", mark, "  " + text]
        self._say("#table", Content.assemble(*parts))

    def _say(self, where: str, content: Content) -> None:
        """Change a text; lay the screen out anew, which costs tens of milliseconds, only where its height changes."""
        place = self.query_one(where, Static)
        width = max(1, place.content_size.width)
        before = self._said.get(where, Content())
        if before.plain != content.plain or before.spans != content.spans:
            heights = {len(each.wrap(width)) for each in (before, content)}
            self._said[where] = content
            place.update(content, layout=len(heights) > 1)

    def on_chart_cursor_moved(self, event: Chart.CursorMoved) -> None:
        """Every chart over epochs shows the same cursor, and the table the rates there."""
        if event.chart.x_label != EPOCH or event.x == self._cursor:
            return
        self._cursor = event.x
        for chart in self.query(Chart):
            if chart.x_label == EPOCH and chart is not event.chart:
                chart.cursor = event.x
        self._fill_table()

    def action_next_view(self) -> None:
        """The next chart comes first."""
        first = self._shown_views()[0]
        while self._shown_views()[0] is first:
            self._views.append(self._views.pop(0))
        self._draw_charts()

    def action_toggle_log(self) -> None:
        self._log = not self._log
        self._draw_charts()

    # -- what leaves the lab ---------------------------------------------------------------------------------------

    def action_new(self) -> None:
        """Hand the choice to a new experiment."""
        if not self.drawn:
            self.notify("No scheduler is drawn: press space on one.", severity="warning")
            return
        self.hlr.open_spec(spec_document(self.bench, self.drawn))

    def action_copy(self) -> None:
        """The command line that draws the same, to the clipboard."""
        if self.drawn:
            command = preview_command(self.bench, self.drawn)
            self.app.copy_to_clipboard(command)
            self.notify(command, title="Copied", markup=False)


def letter(slot: int) -> str:
    return MARKERS[slot % len(MARKERS)]


def typed(text: str, param: Param) -> object:
    """What the user typed as a spec would hold it; numbers separated by commas for a list."""
    from core.params import Wholes

    if isinstance(param, Wholes):
        return [read_value(part.strip()) for part in text.split(",") if part.strip()]
    return read_value(text.strip())


def printable_lines(text: str) -> Content:
    return Content("\n".join(map(printable, text.splitlines())))


def _range_text(param: Param) -> str:
    searched = search_text(param)
    return legal_text(param) + (f"; a search looks in {searched}" if searched else "")

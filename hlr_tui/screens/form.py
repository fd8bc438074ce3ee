"""A screen with the form of an experiment: what the engine says of it while one types, and what it amounts to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer

from core.errors import HlrError
from hlr_tui.keys import KEYS, Key, declare, key_text, keys_now
from hlr_tui.screens.live import Problem
from hlr_tui.tables import printable
from hlr_tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from core.spec.experiment import Document
    from hlr_tui.app import HlrApp
    from hlr_tui.desk import Desk
    from hlr_tui.forms.draft import Draft
    from hlr_tui.forms.preview import Curve
    from hlr_tui.forms.prospect import Prospect, View
    from hlr_tui.forms.state import FormState
    from hlr_tui.forms.verdict import Verdict
    from hlr_tui.widgets.field import FieldRow
    from hlr_tui.widgets.form import Form

WIDE = 120
"""Columns from which the preview stands beside the form."""

DEBOUNCE = 0.2
"""Seconds of quiet after a key before the engine is asked."""


class FormScreen(Screen[None]):
    """A form, and the engine's answer to what is in it."""

    AUTO_FOCUS = "#sections"

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("new.preview", "p,f4", "preview", "Preview"),
            Key("new.next", "right_square_bracket,ctrl+down", "jump(1)", "Next section", footer=False),
            Key("new.previous", "left_square_bracket,ctrl+up", "jump(-1)", "Section before", footer=False),
            Key("new.wrong", "f8", "wrong", "Next problem", footer=False),
            Key("new.log", "l", "log", "Log axis of the preview", footer=False),
            Key("new.sections", "escape", "sections", "Back to the sections", footer=False),
        )
    ]

    DEFAULT_CSS = """
    FormScreen #body { layout: horizontal; height: 1fr; }
    FormScreen #form { width: 3fr; }
    FormScreen #preview { width: 2fr; }
    FormScreen.-previewing #form { width: 2fr; }
    FormScreen.-previewing #preview { width: 3fr; }
    FormScreen.-narrow #preview { display: none; }
    FormScreen.-narrow.-previewing #form { display: none; }
    FormScreen.-narrow.-previewing #preview { display: block; }
    FormScreen.-previewing #form { display: none; }
    FormScreen.-previewing #preview { display: block; }
    FormScreen.-wide #form { display: block; width: 3fr; }
    FormScreen.-wide #preview { display: block; width: 2fr; }
    FormScreen.-wide.-previewing #form { width: 2fr; }
    FormScreen.-wide.-previewing #preview { width: 3fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.state: FormState | None = None
        self._verdict: Verdict | None = None
        self._view: View | None = None
        self.checking = False
        self.clean: Document | None = None
        """What the form held when it was last in a file, or empty."""
        self._timer: Timer | None = None
        self._asked = 0
        self._answered = 0
        self._told = ""
        self.busy = ""
        self._lost = False
        self._row: FieldRow | None = None

    @property
    def desk(self) -> Desk:
        return self.hlr.desk

    @cached_property
    def draft(self) -> Draft:
        from hlr_tui.forms.draft import Draft

        return Draft(self.desk.settings.workspace)

    @cached_property
    def prospect(self) -> Prospect:
        from hlr_tui.forms.prospect import Prospect

        return Prospect(self.desk)

    @property
    def hlr(self) -> HlrApp:
        return cast("HlrApp", self.app)

    @property
    def settled(self) -> bool:
        """What is shown is the engine's answer to what is in the form."""
        return not self.busy and self._timer is None and self._asked == self._answered

    def compose(self) -> ComposeResult:
        from hlr_tui.widgets.form_hint import FormHint
        from hlr_tui.widgets.form_summary import FormSummary
        from hlr_tui.widgets.mode_bar import ModeBar

        yield ModeBar()
        yield FormSummary(id="summary")
        problem = Problem(id="problem", markup=False)
        problem.display = False
        yield problem
        yield Container(id="body")
        yield FormHint(id="hint")
        yield KeyLine()

    async def on_mount(self) -> None:
        from hlr_tui.forms.fields import sections
        from hlr_tui.forms.state import fresh, read, write
        from hlr_tui.widgets.form import Form
        from hlr_tui.widgets.spec_preview import SpecPreview

        try:
            draft = self.draft.read()
            self.state = fresh() if draft is None else read(draft)
            self.clean = write(self.state) if draft is None else None
            shown = sections(self.state.values)
        except HlrError as error:  # a plug-in that does not load
            self.tell(str(error))
            return
        await self.query_one("#body").mount(Form(shown, self.state.values, id="form"), SpecPreview(id="preview"))
        self.form.focus_sections()
        if draft is not None:
            self.tell(f"what was in the form when you left is back; {self.hlr_key('new.reset')} empties it")
        self.check()

    def on_screen_resume(self) -> None:
        if self._verdict is not None:  # something may have been trained in the meantime
            self.prospect.forget()
            self.check()

    @property
    def form(self) -> Form:
        from hlr_tui.widgets.form import Form

        return self.query_one("#form", Form)

    async def fill(self, state: FormState) -> None:
        self.state = state
        left_out = ", ".join(state.unread)
        self.tell(f"left out, as there is no field for it: {left_out}" if left_out else "")
        await self._lay()
        self.check()

    async def _lay(self) -> None:
        from hlr_tui.forms.fields import sections

        assert self.state is not None
        await self.form.lay(sections(self.state.values), self.state.values)

    async def on_field_row_changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        assert self.state is not None
        self.state.put(event.row.field.key, event.raw)
        event.row.heard()
        self.tell("")
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DEBOUNCE, self.look)

    async def look(self) -> None:
        self._timer = None
        await self._lay()
        self.check()

    def on_form_entered(self, event: Form.Entered) -> None:
        self._row = event.row
        self._draw_hint()

    def check(self) -> None:
        """Ask the engine what it makes of the form."""
        from hlr_tui.forms.state import write

        assert self.state is not None
        self._asked += 1
        asked, document = self._asked, write(self.state)
        self.in_thread(lambda: self._judge(asked, document))

    def _judge(self, asked: int, document: dict[str, Any]) -> None:
        from hlr_tui.forms.preview import preview_curves
        from hlr_tui.forms.spec_text import spec_text
        from hlr_tui.forms.verdict import judge

        if asked != self._asked:  # somebody has typed on
            return
        self._keep(document)
        verdict = judge(document)
        curves = preview_curves(verdict.spec) if verdict.spec is not None else None
        view = self.prospect.look(verdict.spec) if verdict.spec is not None and verdict.spec.methods else None
        self.back(self._judged, asked, verdict, view, curves, spec_text(document))

    @property
    def edited(self) -> bool:
        """There is something in the form that is in no file."""
        from hlr_tui.forms.state import write

        return self.state is not None and write(self.state) != self.clean

    def _keep(self, document: Document) -> None:
        """Keep what is in no file yet; where it cannot be kept that is told once."""
        try:
            self.draft.keep(None if document == self.clean else document)
        except HlrError as error:
            if not self._lost:
                self._lost = True
                self.back(self.tell, f"the form is not kept for another time: {error}")

    async def _judged(
        self, asked: int, verdict: Verdict, view: View | None, curves: tuple[int, list[Curve]] | None, text: str
    ) -> None:
        from hlr_tui.widgets.spec_preview import SpecPreview

        if asked != self._asked:
            return
        before, self._verdict, self._view = self._verdict, verdict, view
        if before is None or before.spec is None or verdict.spec is None or before.spec.files != verdict.spec.files:
            await self._lay()  # a file may have run, whose parameters are known from now on
        rest = self.form.blame(verdict.problems)
        preview = self.query_one("#preview", SpecPreview)
        preview.show_spec(text)
        preview.show_plan(view)
        if curves is not None:
            preview.show_curves(*curves)
        self._draw_problem([verdict.said] * bool(verdict.said) + [str(problem) for problem in rest])
        self.draw_summary()
        self._draw_hint()
        self._answered = asked

    def tell(self, message: str) -> None:
        """Say what a command of the user's came to, until the form changes."""
        self._told = message
        self._draw_problem([])

    def _draw_problem(self, problems: list[str]) -> None:
        self.query_one(Problem).tell(printable("\n".join([self._told, *problems] if self._told else problems)))

    def draw_summary(self) -> None:
        from hlr_tui.forms.values import mode_of, name_of
        from hlr_tui.widgets.form_summary import FormSummary

        if self.state is None:
            return
        values = self.state.values
        name = name_of(values)
        self.query_one(FormSummary).draw(
            name,
            mode_of(values),
            self._verdict,
            self._view,
            busy=self.busy,
            checking=self.checking,
            check_key=self.hlr_key("new.check"),
            wrong_key=self.hlr_key("new.wrong"),
            known=name in self.hlr.known,
        )

    def hlr_key(self, id: str) -> str:
        """The key that starts an action, after the user's own settings."""
        key = next(key for key in KEYS if key.id == id)
        return key_text(keys_now(key, self.hlr.config.keys)[0])

    def _draw_hint(self) -> None:
        from hlr_tui.widgets.form_hint import FormHint

        self.query_one(FormHint).explain(self._row, previewing=self._hidden)

    def on_option_list_option_highlighted(self) -> None:
        self._draw_hint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to act on where a plug-in that does not load leaves no form."""
        return self.state is not None or not hasattr(FormScreen, f"action_{action}")

    def action_jump(self, by: int) -> None:
        self.form.jump(by)

    def action_sections(self) -> None:
        if self._hidden:
            self.remove_class("-previewing")
        self.form.focus_sections()

    @property
    def _hidden(self) -> bool:
        """The preview stands where the form does."""
        return self.has_class("-previewing") and self.has_class("-narrow")

    def action_preview(self) -> None:
        self.toggle_class("-previewing")
        if self._hidden:
            self._row = None
            self._draw_hint()
            self.query_one("#preview VerticalScroll").focus()
        else:
            self.form.focus_sections()

    def action_log(self) -> None:
        from hlr_tui.widgets.spec_preview import SpecPreview

        self.query_one("#preview", SpecPreview).toggle_log()

    async def action_wrong(self) -> None:
        """Put the focus on the first field with a problem."""
        key = self.form.first_wrong()
        if key:
            self.remove_class("-previewing")
            await self.form.go_to(key)

    def in_thread(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread; what it raises for the user is shown in place."""

        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # told in place; what nobody foresaw is kept in a file
                self.back(self._failed, self.hlr.trouble.explain(error))

        self.run_worker(guarded, thread=True)

    async def _failed(self, message: str) -> None:
        self.busy = ""
        self.tell(message)
        self.draw_summary()

    def back(self, show: Callable[..., Any], *args: Any) -> None:
        """From a thread: call `show` in the app's."""
        if self.app.is_running and self.is_attached:
            self.app.call_from_thread(show, *args)

"""New: the form of an experiment, spec files in and out, and the key that starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from core.errors import HlrError
from core.user_code import is_trusted, trust
from hlr_tui.keys import Key, declare
from hlr_tui.screens.form import FormScreen
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from hlr_tui.desk import Outcome
    from hlr_tui.forms.check import Check
    from hlr_tui.forms.state import FormState
    from hlr_tui.forms.verdict import Verdict

WRONG = "what is marked ✗ must be put right first"
BUSY = "trying one step of every method, then it starts …"


class NewScreen(FormScreen):
    """The form of a new experiment."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("new.launch", "f5", "launch", "Launch"),
            Key("new.check", "f6", "try", "Check"),
            Key("new.load", "ctrl+l", "open", "Load"),
            Key("new.write", "ctrl+w,f3", "write", "Write"),
            Key("new.reset", "ctrl+n", "reset", "Reset"),
        )
    ]
    CSS = "NewScreen #problem { max-height: 8; overflow-y: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._check: Check | None = None

    def load(self, document: dict[str, Any]) -> None:
        """Fill the form from a document; files of the user's that it names are asked about where they may not run."""
        self._over(lambda: self.in_thread(lambda: self._read(document)))

    def _over(self, load: Callable[[], None]) -> None:
        """Fill the form anew, after a question where that would lose something."""
        from hlr_tui.screens.confirm import ConfirmScreen

        if not self.edited:
            load()
            return
        lines = [f"What is in it now is in no file; {self.hlr_key('new.write')} writes it into one."]
        question = ConfirmScreen("Load over what is in the form?", lines, yes="Load", no="Keep it", danger=True)
        self.app.push_screen(question, lambda yes: load() if yes else None)

    def _read(self, document: dict[str, Any]) -> None:
        from hlr_tui.forms.state import read
        from hlr_tui.forms.verdict import judge

        untrusted = judge(document).untrusted  # this runs the files that may run, so that their fields are known
        state = read(document)
        if untrusted is None:
            self.back(self._filled, state)
        else:
            self.back(
                self._ask_trust, untrusted, lambda: self._read(document), lambda: self.run_worker(self._filled(state))
            )

    async def _filled(self, state: FormState) -> None:
        from hlr_tui.forms.state import write

        self.clean = write(state)
        await self.fill(state)

    def action_reset(self) -> None:
        from hlr_tui.forms.state import fresh
        from hlr_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._filled(fresh()))

        self.app.push_screen(ConfirmScreen("Empty the form?", yes="Empty it", no="Keep it"), answered)

    def action_open(self) -> None:
        from hlr_tui.screens.load import LoadScreen

        def answered(path: Path | None) -> None:
            if path is not None:
                self._over(lambda: self.in_thread(lambda: self._open(path)))

        self.app.push_screen(LoadScreen(self.desk.settings.workspace), answered)

    def _open(self, path: Path) -> None:
        from hlr_tui.forms.files import open_document

        self._read(open_document(path))

    def action_write(self) -> None:
        from hlr_tui.forms.state import write
        from hlr_tui.forms.values import name_of
        from hlr_tui.screens.confirm import ConfirmScreen
        from hlr_tui.screens.path import PathScreen

        if self.state is None:
            return
        document = write(self.state)

        def save(path: Path) -> None:
            self.in_thread(lambda: self._save(document, path))

        def answered(path: Path | None) -> None:
            if path is None:
                return
            if path.exists():
                question = ConfirmScreen("There is such a file. Write over it?", [str(path)], danger=True)
                self.app.push_screen(question, lambda yes: save(path) if yes else None)
            else:
                save(path)

        self.app.push_screen(PathScreen("Write the spec to a file", f"{name_of(self.state.values)}.toml"), answered)

    def _save(self, document: dict[str, Any], path: Path) -> None:
        from hlr_tui.forms.files import placed, save_document

        save_document(placed(document), path)
        self.back(self._saved, document, path)

    async def _saved(self, document: dict[str, Any], path: Path) -> None:
        self.clean = document
        self.check()
        self.notify(f"written: {printable(str(path))}", markup=False)

    def action_try(self) -> None:
        """Train one step of every method, in the background."""
        from hlr_tui.forms.state import write

        if self.state is not None and not self.checking and not self.busy:
            document = write(self.state)
            self.checking = True
            self.tell("")
            self.draw_summary()
            self.in_thread(lambda: self._try(document))

    def _try(self, document: dict[str, Any]) -> None:
        from hlr_tui.forms.check import Check
        from hlr_tui.forms.files import placed
        from hlr_tui.forms.verdict import judge

        message, wrong = "", False
        try:
            verdict = judge(document)
            if verdict.fine and verdict.spec is not None:
                self._check = Check(self.desk)
                checked = self._check.run(placed(document), verdict.spec)
                self.prospect.keep(checked)
                message = "\n".join(line for line in checked.lines() if checked.failed)
            else:
                message, wrong = "not checked: " + (verdict.said or WRONG), True
        except HlrError as error:
            message = str(error)
        finally:
            self._check = None
            self.back(self._tried, message, wrong)

    async def _tried(self, message: str, wrong: bool) -> None:
        self.checking = False
        self.tell(message)
        self.check()
        self.draw_summary()
        if wrong:
            await self.action_wrong()

    def on_unmount(self) -> None:
        if self._check is not None:
            self._check.stop()

    def action_launch(self) -> None:
        from hlr_tui.forms.state import write

        if self.state is None or self.busy:
            return
        self.busy = BUSY
        self.tell("")
        self.draw_summary()
        document = write(self.state)
        self.in_thread(lambda: self._launch(document))

    def _launch(self, document: dict[str, Any]) -> None:
        from hlr_tui.forms.files import placed, save_document
        from hlr_tui.forms.verdict import judge

        outcome: Outcome | None = None
        verdict = judge(document)
        if verdict.fine:
            name = str(document["experiment"]["name"])
            path = self.desk.spec_path(name)
            save_document(placed(document), path)
            outcome = self.desk.command("--batch", str(path), "--detach")
        self.back(self._launched, document, verdict, outcome)

    async def _launched(self, document: dict[str, Any], verdict: Verdict, outcome: Outcome | None) -> None:
        self.busy = ""
        self.draw_summary()
        if verdict.untrusted is not None:
            self._ask_trust(verdict.untrusted, lambda: self.back(self.look), lambda: None)
        elif outcome is None:
            self.tell("not launched: " + (verdict.said or WRONG))
            self.form.blame(verdict.problems)
            self.check()
            await self.action_wrong()
        elif outcome.code:
            self.tell(outcome.said or f"the launch ended with exit code {outcome.code}")
        else:
            self.clean = document
            self.check()
            self.hlr.chosen = str(document["experiment"]["name"])
            await self.hlr.action_go("monitor")

    def _ask_trust(self, path: Path, then: Callable[[], None], otherwise: Callable[[], Any]) -> None:
        """Ask whether the code of a file may run; `then` runs in a thread after a yes."""
        from hlr_tui.screens.confirm import ConfirmScreen

        def allow() -> None:
            if not is_trusted(path):
                trust(path)
            then()

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(allow)
            else:
                self.tell(f"{path}: nobody has allowed its code to run")
                otherwise()

        lines = [str(path), "", "Read it first: its code runs on this machine, now and whenever a spec names it."]
        self.app.push_screen(ConfirmScreen("Allow the code of this file to run?", lines, yes="Allow"), answered)

"""What screens do to an experiment: they run the command that a script would run, and tell how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from core.errors import HlrError
from hlr_tui.screens.live import LiveScreen
from hlr_tui.tables import duration_text, printable

if TYPE_CHECKING:
    from core.analysis.progress import Progress

RESUMABLE = ("stopped", "failed", "abandoned")
"""States in which something is left to do and nobody does it."""


def can_stop(progress: Progress) -> bool:
    return progress.experiment.state in ("running", "stopping") and not progress.abandoned


def can_resume(progress: Progress) -> bool:
    return progress.abandoned or progress.experiment.state in RESUMABLE


class DeedScreen(LiveScreen):
    """A screen whose keys stop experiments, let them go on, or do more to them; one thing at a time to each."""

    def __init__(self) -> None:
        super().__init__()
        self.busy_with: dict[str, str] = {}

    def stop(self, progress: Progress) -> None:
        """Stop an experiment after a question."""
        name, training = progress.experiment.name, progress.runs["running"]
        lines = [
            f"{_runs(training)} in training {'writes' if training == 1 else 'write'} a checkpoint and "
            f"{'waits' if training == 1 else 'wait'}; {progress.runs['queued']} more wait already.",
            "Nothing that was trained is lost: resuming goes on from there.",
        ]
        words = name, "stopping; runs write their checkpoints", "is stopped; r lets it go on", "stop", name
        self._ask(f"Stop {name}?", lines, "Stop", partial(self.do, *words))

    def resume(self, progress: Progress) -> None:
        """Let an experiment go on after a question."""
        name = progress.experiment.name
        left = sum(stage.planned_runs - stage.ended_runs for stage in progress.stages)
        lines = [f"{_runs(left)} left to train, in the background."]
        if progress.eta_seconds:
            lines.append(f"About {duration_text(progress.eta_seconds)} at the pace so far.")
        if progress.experiment.error:
            lines.append(f"It ended with: {progress.experiment.error}")
        words = name, "resuming", "goes on", "resume", name, "--detach"
        self._ask(f"Let {name} go on?", lines, "Go on", partial(self.do, *words))

    def _ask(self, question: str, lines: list[str], yes: str, then: Callable[[], None]) -> None:
        from hlr_tui.screens.confirm import ConfirmScreen

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(ConfirmScreen(question, lines, yes=yes, no="Cancel"), answered)

    def do(self, name: str, doing: str, done: str, *words: str) -> None:
        """Run ``hlr-tui WORDS…`` in a thread.

        Args:
            name: the experiment; while something is done to it nothing else is begun.
            doing, done: how that, and its end, is told.
        """
        if name in self.busy_with:
            self.notify(f"{printable(name)}: still {self.busy_with[name]}", markup=False)
            return
        self.busy_with[name] = doing
        self.notify(f"{printable(name)}: {doing}", markup=False, timeout=3)
        self.in_thread(partial(self._run_command, name, done, words))

    def _run_command(self, name: str, done: str, words: Sequence[str]) -> None:
        try:
            outcome = self.desk.command(*words)
        finally:
            self.busy_with.pop(name, None)
        if outcome.code:
            self.tell(message_of(outcome.said))
        else:  # a command that found nothing to do says so on stderr alone
            said = f"{name} {done}" if outcome.out.strip() else message_of(outcome.said) or f"{name} {done}"
            self.app.call_from_thread(self.notify, printable(said), markup=False)
        self.app.call_from_thread(self.look)

    def tell(self, message: str) -> None:
        """Tell from a thread what went wrong."""
        self.app.call_from_thread(self.hlr.warn, message)

    def in_thread(self, work: Callable[[], Any]) -> None:
        """Run `work` in a thread; what it raises for the user is told."""

        def guarded() -> None:
            try:
                work()
            except HlrError as error:
                self.tell(str(error))

        self.run_worker(guarded, thread=True)


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def message_of(said: str) -> str:
    """What a command said on stderr, without the name of the program before each line."""
    return "\n".join(line.removeprefix("hlr-tui: ") for line in said.splitlines())

"""One trial of a search: the curves of its runs, and where they may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from hlr_tui.keys import Key, declare
from hlr_tui.output import number_text
from hlr_tui.plot import MARKERS
from hlr_tui.screens.live import LiveScreen, Problem
from hlr_tui.search_view.rows import guess_text
from hlr_tui.search_view.trials import Study, Trial, mean_of, state_of
from hlr_tui.tables import printable, value_text
from hlr_tui.widgets.chart import Chart

if TYPE_CHECKING:
    from core.analysis.extrapolate import Guess
    from core.storage.runs import Run

LOSSES = ("train_loss", "val_loss")
RATES = ("lr", "effective_lr")

Curve = tuple[Sequence[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Curves:
    """The runs of a trial with their curves: metric → run id → steps and values."""

    number: int
    runs: Sequence[Run]
    curves: dict[str, dict[str, Curve]]
    guesses: dict[str, Guess]


class TrialScreen(LiveScreen, ModalScreen[None]):
    """The curves of one trial, over the search; follows them while it trains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("trial.close", "escape", "dismiss", "Close"),
            Key("trial.next", "n", "step(1)", "Next trial"),
            Key("trial.previous", "p", "step(-1)", "Previous"),
            Key("trial.log", "l", "toggle_log", "Log axis"),
        )
    ]

    CSS = """
    TrialScreen { align: center middle; }
    TrialScreen #frame {
        width: 100%; height: 100%; background: $surface; border: round $primary; padding: 0 1;
    }
    TrialScreen #about { height: auto; max-height: 6; }
    TrialScreen #losses { height: 2fr; }
    TrialScreen #rates { height: 1fr; min-height: 6; }
    """

    def __init__(self, experiment: str, study: Study, number: int) -> None:
        super().__init__()
        self._experiment = experiment
        self._study = study
        self._number = number
        self._still = False
        """Everything has been drawn, and nothing of it can change."""

    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            problem = Problem(id="problem", markup=False)
            problem.display = False
            yield problem
            yield Static(id="about", markup=False)
            yield Chart("loss", log_y=True, id="losses")
            yield Chart("learning rate", id="rates")
            yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#losses").focus()
        self._tell(self.trial)

    @property
    def trial(self) -> Trial:
        return next(trial for trial in self._study.trials if trial.number == self._number)

    def fetch(self) -> Curves | None:
        from core.analysis.extrapolate import extrapolate
        from core.storage.reader import curves
        from core.storage.runs import runs_of

        if self._still:
            return None
        number, db = self._number, self.desk.db()
        ids = set(self.trial.run_ids)
        experiment = self.desk.experiment(self._experiment)
        runs = [run for run in runs_of(db, experiment.id, stage="search", study=self._study.name) if run.id in ids]
        found: dict[str, dict[str, Curve]] = {name: {**curves(db, list(ids), name)} for name in (*LOSSES, *RATES)}
        guesses = {}
        for run in runs:
            if run.state == "running" and run.id in found["val_loss"]:
                guess = extrapolate(*found["val_loss"][run.id], run.budget)
                if guess is not None:
                    guesses[run.id] = guess
        return Curves(number, runs, found, guesses)

    def show(self, found: Any) -> None:
        assert isinstance(found, Curves)
        if found.number != self._number:
            return
        self._still = all(run.state in ("complete", "failed", "diverged", "pruned") for run in found.runs)
        self._tell(self.trial, found)
        losses, rates = self.query_one("#losses", Chart), self.query_one("#rates", Chart)
        for chart in (losses, rates):
            chart.x_range = (1, max(2, self.trial.budget)) if self.trial.budget else None
        several, number = len(found.runs) > 1, 0
        for chart, metrics in ((losses, LOSSES), (rates, RATES)):
            for metric in metrics:
                for run in found.runs:
                    steps, values = found.curves[metric].get(run.id, ((), ()))
                    if not steps:
                        continue
                    label = f"{metric} seed {run.seed}" if several else metric
                    colour, marker = number, MARKERS[number % len(MARKERS)]
                    chart.put(f"{metric} {run.id}", label=label, xs=steps, ys=values, colour=colour, marker=marker)
                    number += 1
        for run in found.runs:
            guess = found.guesses.get(run.id)
            if guess is None:
                losses.drop(f"guess {run.id}")
            else:
                label = f"guess of val_loss seed {run.seed}" if several else "guess of val_loss"
                band = {"low": guess.low, "high": guess.high}
                marker = MARKERS[number % len(MARKERS)]
                losses.put(
                    f"guess {run.id}", label=label, xs=guess.epochs, ys=guess.middle, colour=7, marker=marker,
                    style="dashed", **band,
                )  # fmt: skip
                number += 1

    def _tell(self, trial: Trial, found: Curves | None = None) -> None:
        state, value = trial.state, trial.value
        if found is not None and found.runs:  # it may have ended since it was opened
            state, values = state_of([run.state for run in found.runs]), [run.value for run in found.runs]
            value = mean_of(values) if state == "complete" else None
        objective = f", objective {number_text(value, 4)}" if value is not None else ""
        lines = [f"{self._study.method} · trial {trial.number}: {state}{objective}"]
        lines.append(", ".join(f"{name} {value_text(value)}" for name, value in trial.params.items()))
        if trial.elsewhere:
            lines.append("Another program trained it, so its curves are not here.")
        elif found is not None and not any(found.curves.values()):
            lines.append("No epoch has ended yet: its curves appear here as it trains.")
        if found is not None and found.guesses:
            finals = [found.guesses[run.id].final for run in found.runs if run.id in found.guesses]
            said = "; ".join(guess_text(final) for final in finals)
            lines.append(f"after {trial.budget} epochs: {said}; 80 % of a power law's draws")
        if trial.error:
            lines.append(trial.error)
        self.query_one("#about", Static).update(printable("\n".join(line for line in lines if line)))

    def on_chart_cursor_moved(self, event: Chart.CursorMoved) -> None:
        """Both charts read out the same epoch."""
        for chart in self.query(Chart):
            if chart is not event.chart and chart.cursor != event.x:
                with chart.prevent(Chart.CursorMoved):
                    chart.cursor = event.x

    def action_step(self, step: int) -> None:
        numbers = [trial.number for trial in self._study.trials]
        self._number = numbers[(numbers.index(self._number) + step) % len(numbers)]
        self._still = False
        for chart in self.query(Chart):
            chart.clear()
        self._tell(self.trial)
        self.look()

    def action_toggle_log(self) -> None:
        chart = self.query_one("#losses", Chart)
        chart.log_y = not chart.log_y

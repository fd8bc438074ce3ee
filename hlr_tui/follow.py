"""Following an experiment from the terminal: live progress on stderr until it ends or the user interrupts."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from core.analysis.progress import Progress, look
from core.errors import EnvironmentFailure
from core.execution.launch import Place
from core.execution.seat import Pulse
from core.storage.engine import Database
from core.storage.experiments import Experiment, experiment_by_id, request_stop
from hlr_tui.tables import duration_text, printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REFRESH_SECONDS = 0.5
LINE_SECONDS = 5.0
"""Between lines where stderr is no terminal, as in a log file."""


def follow(
    db: Database,
    experiment: Experiment,
    place: Place,
    conductor: subprocess.Popen[bytes] | None,
    pulse: Pulse | None = None,
) -> Experiment:
    """Show progress until the experiment is no longer running.

    Ctrl-C asks it to stop and waits for the checkpoints; a second Ctrl-C leaves it to stop by itself.

    Args:
        conductor: the process, where this one has started it.
        pulse: tells whether a conductor lives.

    Returns:
        The experiment as it ended.

    Raises:
        EnvironmentFailure: the conductor is gone while there is work left.
        KeyboardInterrupt: the user interrupted twice.
    """
    from rich.console import Console

    pulse = pulse or Pulse()
    console = Console(stderr=True, highlight=False)
    # Not console.is_terminal: rich takes a pipe for one where FORCE_COLOR is set, as it is in many CI jobs.
    view = _Live(console) if sys.stderr.isatty() and not console.is_dumb_terminal else _Lines()
    interrupted = False
    with view:
        while True:
            try:
                experiment = experiment_by_id(db, experiment.id)
                if experiment.state not in ("running", "stopping"):
                    return experiment
                progress = look(db, experiment)
                view.show(progress, interrupted)
                if not progress.conducted:  # there is none, it has died, or it is on another host
                    _check_conducted(db, experiment, place, conductor, pulse)
                time.sleep(REFRESH_SECONDS)
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                request_stop(db, experiment.id)


def _check_conducted(
    db: Database, experiment: Experiment, place: Place, conductor: subprocess.Popen[bytes] | None, pulse: Pulse
) -> None:
    if conductor is not None and conductor.poll() is None:
        return  # it is starting
    # Read again: the conductor may have ended the experiment, and then itself, after the look at it.
    experiment = experiment_by_id(db, experiment.id)
    if experiment.state not in ("running", "stopping"):
        return
    holder = experiment.conductor
    if holder is not None and pulse.alive(holder, experiment.conductor_beat):
        return
    name = experiment.name
    raise EnvironmentFailure(
        f'the conductor of "{name}" is gone with work left; its log: {place.log(name, "conductor")}\n'
        f"nothing is lost: the same command, or `hlr-tui resume {name}`, goes on"
    )


class _Live:
    """Bars and the runs in training, redrawn in place."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._live = Live(console=console, transient=True, auto_refresh=False)

    def __enter__(self) -> _Live:
        self._live.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._live.stop()

    def show(self, progress: Progress, interrupted: bool) -> None:
        self._live.update(progress_view(progress, stop_hint(progress, interrupted)), refresh=True)


class _Lines:
    """One line now and then, for a log."""

    def __init__(self) -> None:
        self._last = -math.inf

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *unused: object) -> None:
        pass

    def show(self, progress: Progress, interrupted: bool) -> None:
        if time.monotonic() - self._last < LINE_SECONDS:
            return
        self._last = time.monotonic()
        parts = [f"{stage.stage} {stage.ended_runs}/{stage.planned_runs} runs" for stage in progress.stages]
        parts += [f"{100 * progress.fraction:.0f} %", f"to go {duration_text(progress.eta_seconds)}"]
        for one in progress.running[:2]:
            values = " ".join(f"{name} {value:.3g}" for name, value in one.last.items() if name != "train_loss")
            method = _method(one.run.optimizer, one.run.scheduler)
            parts.append(f"{method} {one.run.epoch}/{one.run.budget} {values}".rstrip())
        print(printable(" · ".join(parts)), file=sys.stderr, flush=True)


def _method(optimizer: str, scheduler: str) -> str:
    from core.analysis.results import method_label

    return method_label(optimizer, scheduler)


def stop_hint(progress: Progress, interrupted: bool) -> str:
    """What Ctrl-C does to an experiment that is being followed."""
    if interrupted or progress.experiment.stop_requested:
        return "stopping: every run writes a checkpoint; Ctrl-C again leaves it to itself"
    return "Ctrl-C stops with a checkpoint; closing this terminal stops nothing"


def progress_view(progress: Progress, hint: str = "", most_runs: int = 12) -> RenderableType:
    """Bars by stage and, while there is work, a table of the runs in training with a `hint` below."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    experiment = progress.experiment
    bars = Table.grid(padding=(0, 1))
    for stage in progress.stages:
        share = stage.done_epochs / stage.planned_epochs if stage.planned_epochs else 1.0
        bars.add_row(
            stage.stage,
            ProgressBar(total=1.0, completed=share, width=30),
            f"{100 * share:3.0f} %",
            f"{stage.ended_runs}/{stage.planned_runs} runs",
            f"{stage.done_epochs}/{stage.planned_epochs} epochs",
        )
    lost = {state: number for state, number in progress.runs.items() if state in ("failed", "diverged", "pruned")}
    facts = [f"{len(progress.workers)} worker{'s' if len(progress.workers) != 1 else ''}"] if progress.workers else []
    facts += [f"{number} {state}" for state, number in lost.items() if number]
    active = experiment.state in ("running", "stopping")
    if active:
        facts.append(f"to go {duration_text(progress.eta_seconds)}")
    head = Text.assemble(
        (printable(experiment.name), "bold"), f"  {experiment.mode}  {experiment.state}  ", " · ".join(facts)
    )
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("training", "seed", "epoch", "lr", "train loss", "val loss"):
        table.add_column(name, justify="left" if name == "training" else "right", no_wrap=True)
    for one in progress.running[:most_runs]:
        lr = one.last.get("effective_lr", one.last.get("lr"))
        cells = [one.last.get(name) for name in ("train_loss", "val_loss")]
        table.add_row(
            Text(printable(_method(one.run.optimizer, one.run.scheduler))),
            str(one.run.seed),
            f"{one.run.epoch}/{one.run.budget}",
            *("" if value is None else f"{value:.3g}" for value in (lr, *cells)),
        )
    if not active:
        return Group(head, bars)
    return Group(head, bars, table, Text(hint, style="dim")) if hint else Group(head, bars, table)

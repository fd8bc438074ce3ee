"""The lines above the charts: the experiment, what of it is shown, and what the user should know."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from hlr_tui.deaths import deaths_text
from hlr_tui.tables import duration_text, printable

if TYPE_CHECKING:
    from core.analysis.progress import Progress
    from hlr_tui.monitor.watch import Choice, Look
    from hlr_tui.widgets.lines_table import Marked

NO_EXPERIMENT = (
    "There is no experiment to watch yet.\n\n"
    "Press 1 for the quickstart, or 2 to set up an experiment of your own.\n"
    "Its learning rates and losses are drawn here while it trains."
)


def headline(progress: Progress, why: str, following: bool) -> Text:
    """``osc-lstm (newest running)  running · 42 % · 12:30 to go · 1 failed · workers: 2 on cuda:0, 2 on cuda:1``"""
    experiment = progress.experiment
    facts = ["abandoned" if progress.abandoned else experiment.state, f"{math.floor(100 * progress.fraction)} %"]
    if experiment.state in ("running", "stopping") and not progress.abandoned:
        facts.append(f"{duration_text(progress.eta_seconds)} to go")
    facts += [f"{number} {state}" for state in ("failed", "diverged", "pruned") if (number := progress.runs[state])]
    if progress.workers:
        devices = Counter(worker.device for worker in progress.workers)
        where = [f"{number} on {device}" for device, number in devices.items()]
        facts.append("workers: " + ", ".join(where))
    text = Text(no_wrap=True, overflow="ellipsis", end="")
    text.append(printable(experiment.name), style="bold")
    if why:
        text.append(f" ({'follows: ' if following else ''}{why})", style="dim")
    text.append(f"  {printable(' · '.join(facts))}")
    return text


def view_text(look: Look, choice: Choice, marked: Marked, *, smoothing: float, at: float | None) -> str:
    """``methods · compare · 200 epochs · mean ± std over 5 seeds · filter "EH" · smoothing 0.6``"""
    lines = look.lines
    parts = []
    if choice.inside:
        parts.append(f"runs of {lines[0].label}" if lines else "runs of one method")
    else:
        parts.append(choice.view)
    if look.slice is not None:
        parts.append(f"{look.slice}{'' if choice.slice is None else ' (b: next)'}")
    seeds = max((len(line.runs) for line in lines), default=0)
    if choice.view == "methods" and seeds > 1:
        parts.append(f"mean ± std over {seeds} seeds")
    if choice.view == "methods" and look.slice is not None and look.slice.stage == "search":
        parts.append("each by its newest trial")
    if look.found > len(lines):
        parts.append(f"{len(lines)} of {look.found:,} lines: / filters")
    if choice.text:
        parts.append(f'filter "{choice.text}": {look.found}')
    if choice.ranked:
        parts.append("ranked")
    if marked.solo is not None:
        parts.append("solo")
    elif marked.hidden:
        parts.append(f"{len(marked.hidden)} hidden (a: all)")
    if smoothing:
        parts.append(f"smoothing {smoothing:g}")
    if not look.complete:
        parts.append("reading …")
    if at is not None:
        parts.append(f"values at epoch {at:g}")
    return printable(" · ".join(parts))


def notes_text(progress: Progress) -> str:
    """What stands in the way, and what to do about it; "" where nothing does."""
    notes = []
    if progress.abandoned:
        notes.append("Nobody hands out its runs any more, its conductor is gone: press r to go on.")
    elif progress.experiment.state == "stopped":
        notes.append("Stopped; every run kept its checkpoint: press r to go on.")
    notes += filter(None, [deaths_text(progress)])
    if progress.experiment.error:
        notes.append(progress.experiment.error)
    return printable("\n".join(notes))


def idle_text(look: Look | None) -> str:
    """What to say where there is nothing to draw; "" where there is something."""
    if look is None:
        return NO_EXPERIMENT
    if look.slice is not None:
        return ""
    experiment = look.progress.experiment
    if experiment.state == "running" and not look.progress.abandoned:
        return "No run is queued yet: the conductor checks every method with one step, then the first runs appear here."
    return f"{experiment.name} has no runs and is {experiment.state}: press r to go on, or 1 to choose another one."

"""`hlr-tui status`: what runs, how far it is, and what went wrong."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hlr_tui.deaths import deaths_text
from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from core.analysis.progress import Progress

HELP = "Show experiments with their progress; with a name, one of them with its runs, workers and failures."

REFRESH_SECONDS = 1.0
WATCH_HINT = "Ctrl-C leaves this view; experiments go on"
MOST_FAILURES = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="only this experiment, in detail")
    parser.add_argument("--watch", action="store_true", help="refresh until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.analysis.progress import look
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment, list_experiments

    db = open_database(settings.storage, create=False)
    workspace = settings.workspace

    def progresses() -> list[Progress]:
        chosen = [get_experiment(db, args.name)] if args.name else list_experiments(db)
        return [look(db, experiment) for experiment in chosen]

    def view() -> tuple[RenderableType, list[str]]:
        return _detail(progresses()[0], db, workspace) if args.name else _overview(progresses())

    if args.json:
        print_json({"experiments": [_document(progress, db, workspace) for progress in progresses()]})
        return 0
    console = open_console()
    if args.watch:
        return _watch(console, view)
    table, lines = view()
    console.print(table)
    for line in lines:
        console.print(line, soft_wrap=True)  # paths and commands are there to be copied
    return 0


def _watch(console: Console, view: Callable[[], tuple[RenderableType, list[str]]]) -> int:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    def screen() -> RenderableType:
        table, lines = view()
        return Group(table, *(Text(line) for line in lines), Text(WATCH_HINT, style="dim"))

    with Live(screen(), console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while True:
                time.sleep(REFRESH_SECONDS)
                live.update(screen(), refresh=True)
        except KeyboardInterrupt:  # the way to leave
            return 0


def _document(progress: Progress, db: Any, workspace: Path) -> dict[str, Any]:
    experiment = progress.experiment
    return {
        "experiment": experiment.name,
        "mode": experiment.mode,
        "state": experiment.state,
        "conducted": progress.conducted,
        "abandoned": progress.abandoned,
        "error": experiment.error,
        "progress": progress.fraction,
        "eta_seconds": progress.eta_seconds,
        "runs": progress.runs,
        "stages": [
            {
                "stage": stage.stage,
                "runs": stage.ended_runs,
                "planned_runs": stage.planned_runs,
                "epochs": stage.done_epochs,
                "planned_epochs": stage.planned_epochs,
            }
            for stage in progress.stages
        ],
        "workers": [
            {"id": w.id, "host": w.host, "pid": w.pid, "device": w.device, "state": w.state, "run": w.run_id}
            for w in progress.workers
        ],
        "running": [
            {
                "run": one.run.id,
                "study": one.run.study,
                "seed": one.run.seed,
                "budget": one.run.budget,
                "epoch": one.run.epoch,
                "attempt": one.run.attempt,
                "metrics": one.last,
            }
            for one in progress.running
        ],
        "failures": [
            {"run": run.id, "study": run.study, "seed": run.seed, "error": run.error, "log": run.log}
            for run in _failed(progress, db)
        ],
        "tracking": _tracking(progress, workspace),
        "provenance": json.loads(experiment.provenance),
    }


def _tracking(progress: Progress, workspace: Path) -> dict[str, Any] | None:
    """How runs are tracked with W&B; None where they are not."""
    from core.tracking.state import Ledger

    status = Ledger(workspace, progress.experiment.name).status_of(progress.experiment.created_at)
    if status is None:
        return None
    return {
        "wandb": status.mode,
        "warning": status.warning or None,
        "logged": status.logged,
        "uploaded": status.uploaded,
        "ended": status.ended,
    }


def _failed(progress: Progress, db: Any) -> list[Any]:
    from core.storage.runs import runs_of

    return runs_of(db, progress.experiment.id, states=["failed"]) if progress.runs["failed"] else []


def _notes(progress: Progress) -> list[str]:
    """What the user should know beyond the numbers."""
    experiment = progress.experiment
    notes = []
    if progress.abandoned:
        notes.append(
            f"{experiment.name}: {experiment.state}, but its conductor is gone: hlr-tui resume {experiment.name}"
        )
    if death := deaths_text(progress):
        notes.append(f"{experiment.name}: {death}")
    if experiment.error:
        notes.append(f"{experiment.name}: {experiment.error}")
    return notes


def circumstances(provenance: Mapping[str, Any]) -> list[str]:
    """``began on box: torch 2.15.0, AMD EPYC 7B13, commit 1f0c2ab with changes``"""
    began = provenance.get("began")
    if not began:
        return []
    facts = [f"torch {began['packages']['torch']}", *(began["gpus"] or [began["processor"]])]
    if began["git"]:
        facts.append(f"commit {began['git']['commit'][:7]}{' with changes' if began['git']['changed'] else ''}")
    later = "; a later start found something else (--json)" if provenance.get("later") else ""
    return [f"began on {began['host']}: {', '.join(filter(None, facts))}{later}"]


def _overview(progresses: list[Progress]) -> tuple[RenderableType, list[str]]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from hlr_tui.tables import duration_text, printable

    if not progresses:
        return Text("no experiments yet; hlr-tui init digits > spec.toml, then hlr-tui --batch spec.toml"), []
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("experiment", overflow="fold")
    for name in ("mode", "state"):
        table.add_column(name)
    for name in ("done", "runs", "lost", "workers", "to go"):
        table.add_column(name, justify="right")
    for progress in progresses:
        runs = progress.runs
        ended = sum(stage.ended_runs for stage in progress.stages)
        planned = sum(stage.planned_runs for stage in progress.stages)
        active = progress.experiment.state in ("running", "stopping") and not progress.abandoned
        table.add_row(
            Text(printable(progress.experiment.name)),
            progress.experiment.mode,
            "abandoned" if progress.abandoned else progress.experiment.state,
            f"{math.floor(100 * progress.fraction)} %",
            f"{ended}/{planned}",
            str(runs["failed"] + runs["diverged"]),
            str(len(progress.workers)),
            duration_text(progress.eta_seconds) if active else "",
        )
    return table, [printable(note) for progress in progresses for note in _notes(progress)]


def _detail(progress: Progress, db: Any, workspace: Path) -> tuple[RenderableType, list[str]]:
    from core.tracking.state import Ledger
    from hlr_tui.follow import progress_view
    from hlr_tui.tables import printable

    lines = _notes(progress) + circumstances(json.loads(progress.experiment.provenance))
    lines += Ledger(workspace, progress.experiment.name).lines(progress.experiment.created_at)
    failed = _failed(progress, db)
    for run in failed[:MOST_FAILURES]:
        lines.append(f"failed: {run.study} seed {run.seed} at epoch {run.epoch}/{run.budget}: {run.error}")
        if run.log:
            lines.append(f"  log: {run.log}")
    if len(failed) > MOST_FAILURES:
        lines.append(f"and {len(failed) - MOST_FAILURES} more: hlr-tui status {progress.experiment.name} --json")
    return progress_view(progress), [printable(line) for line in lines]

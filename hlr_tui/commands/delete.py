"""`hlr-tui delete`: remove an experiment and what belongs to it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from core.errors import UsageError, printable
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from core.execution.removal import Belongings
    from core.storage.experiments import Experiment

HELP = "Remove an experiment: its runs and points, its studies in Optuna, its run folders and logs. Asks first."

_FOLDERS_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--keep-studies", action="store_true", help="leave its studies and their trials in Optuna's tables"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.execution.removal import Removal, belongings
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment

    db = open_database(settings.storage, create=False)
    experiment = get_experiment(db, args.name)
    with Removal(db, experiment) as removal:
        found = belongings(db, experiment, settings.workspace)
        for line in describe(experiment, found, keep_studies=args.keep_studies):
            print(printable(line), file=sys.stderr)
        if not args.yes and not _agreed(args.name):
            print("nothing was deleted", file=sys.stderr)
            return 0
        for step in removal.steps(found, keep_studies=args.keep_studies):
            if sys.stderr.isatty():
                print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"{args.name} is deleted")
    return 0


def _agreed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"nobody can be asked without a terminal; `hlr-tui delete {name} --yes` deletes all of this")
    print("delete all of this for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def describe(experiment: Experiment, found: Belongings, *, keep_studies: bool) -> list[str]:
    """What would go, one thing a line, and what would stay."""
    name = experiment.name
    lines = [f"{name}: {_count(found.runs, 'run')} with {_count(found.points, 'point')}"]
    for study in found.studies:
        foreign = f", {study.foreign:,} of them not trained by this experiment" if study.foreign else ""
        stays = "stays: " if keep_studies else ""
        lines.append(f"  {stays}study {study.name}: {_count(study.trials, 'trial')}{foreign}")
    lines += [f"  stays: study {shared}, where another experiment has runs" for shared in found.shared]
    lines += [f"  folder {folder}" for folder in found.folders[:_FOLDERS_SHOWN]]
    if len(found.folders) > _FOLDERS_SHOWN:
        lines.append(f"  and {_count(len(found.folders) - _FOLDERS_SHOWN, 'folder')} more")
    if found.unread:
        lines.append(f"  its spec cannot be read, so a study without a run would stay: {found.unread}")
    tracking = json.loads(experiment.spec).get("tracking", {})
    if isinstance(tracking, dict) and tracking.get("wandb", "disabled") != "disabled":
        lines.append("  stays: what W&B has of it, in its folders and on its server")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")

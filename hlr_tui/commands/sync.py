"""`hlr-tui sync`: upload to W&B what has been tracked offline, or was lost on its way."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from core.errors import EnvironmentFailure, UsageError
from hlr_tui.output import print_json
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from core.storage.experiments import Experiment
    from core.tracking.state import Ledger

HELP = "Upload the ended runs that W&B's server does not have yet, of one experiment or of all that are tracked."

LINE_SECONDS = 5.0
"""Between two lines of progress."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="only this experiment")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.execution.launch import Place
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment, list_experiments
    from core.tracking.state import Ledger

    db = open_database(settings.storage, create=False)
    if args.name:
        chosen = [get_experiment(db, args.name)]
        if not _tracked(chosen[0]):
            raise UsageError(
                f'{args.name} is not tracked: its spec says tracking.wandb = "disabled"; '
                "run it again with --set tracking.wandb=offline (nothing is trained twice), then sync"
            )
    else:
        chosen = [experiment for experiment in list_experiments(db) if _tracked(experiment)]
    db.close()
    place = Place(settings.storage, settings.workspace, settings.data_dir)
    done: list[dict[str, Any]] = []
    for experiment in chosen:
        ledger = Ledger(settings.workspace, experiment.name)
        if not args.name and ledger.at_work():
            print(f"{experiment.name}: is being tracked at this moment, left out", file=sys.stderr)
            continue
        done.append(_upload(place, experiment, ledger, quiet=args.json))
    if args.json:
        print_json({"experiments": done})
    elif not done:
        print("nothing to sync: no experiment is tracked")
    return 0


def _tracked(experiment: Experiment) -> bool:
    tracking = json.loads(experiment.spec).get("tracking", {})
    return isinstance(tracking, dict) and tracking.get("wandb", "disabled") != "disabled"


def _upload(place: Any, experiment: Experiment, ledger: Ledger, *, quiet: bool) -> dict[str, Any]:
    """Upload one experiment in a process of its own: the client may hang or crash.

    Raises:
        UsageError: it is being tracked at this moment.
        EnvironmentFailure: the server is out of reach or does not take everything.
    """
    from core.execution.launch import tracker_command

    name = experiment.name
    log = place.log(name, "wandb")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            child = subprocess.Popen(
                [*tracker_command(place, name), "--upload"],
                env=place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
    except OSError as error:
        raise EnvironmentFailure(f"{name}: cannot be uploaded: {error}") from error
    told = time.monotonic()
    while child.poll() is None:
        try:
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            status = ledger.status()
            if status is not None and time.monotonic() - told >= LINE_SECONDS:
                told = time.monotonic()
                print(f"{name}: {status.uploaded} runs are on the server", file=sys.stderr)
    reason = child.communicate()[0].strip() or f"its tracker ended with code {child.returncode}"
    if child.returncode == UsageError.exit_code:
        raise UsageError(reason)
    if child.returncode != 0:
        raise EnvironmentFailure(f"{name}: not uploaded: {reason}\nits log: {log}")
    status = ledger.status()
    assert status is not None, "a tracker that ended well without a status"
    if not quiet:
        print(f"{name}: {status.uploaded} of {status.logged} ended runs are on the server")
    return {"experiment": name, "logged": status.logged, "uploaded": status.uploaded}

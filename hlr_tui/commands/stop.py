"""`hlr-tui stop`: end an experiment so that it can go on."""

from __future__ import annotations

import argparse
import sys
import time

from hlr_tui.settings import Settings

POLL_SECONDS = 0.1

HELP = "Stop an experiment: every run in training writes a checkpoint and goes back to the queue."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.execution.seat import conducted
    from core.storage.engine import open_database
    from core.storage.experiments import experiment_by_id, get_experiment, request_stop, set_state

    db = open_database(settings.storage, create=False)
    experiment = get_experiment(db, args.name)
    if experiment.state not in ("running", "stopping"):
        print(f"{args.name} is not running, it is {experiment.state}", file=sys.stderr)
        return 0
    request_stop(db, experiment.id)
    print(f"{args.name}: stopping, runs write their checkpoints", file=sys.stderr)
    while experiment.state in ("running", "stopping"):
        if not conducted(db, experiment):
            set_state(db, experiment.id, "stopped")  # its conductor was killed: nobody else would say so
        time.sleep(POLL_SECONDS)
        experiment = experiment_by_id(db, experiment.id)
    print(f"{args.name} is {experiment.state}; `hlr-tui resume {args.name}` goes on")
    return 0

"""`hlr-tui resume`: go on with an experiment."""

from __future__ import annotations

import argparse

from hlr_tui.settings import Settings

HELP = "Go on with an experiment that was stopped, interrupted or has failed runs."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--detach", action="store_true", help="start it and return")
    parser.add_argument("--json", action="store_true", help="print the result document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.execution.launch import Place
    from core.execution.seat import conducted, settled
    from core.execution.submit import take_up
    from core.storage.engine import open_database
    from core.storage.experiments import experiment_by_id, get_experiment
    from hlr_tui.commands.batch import start

    db = open_database(settings.storage, create=False)
    experiment = settled(db, get_experiment(db, args.name))
    if not conducted(db, experiment):
        take_up(db, experiment)
    place = Place(settings.storage, settings.workspace, settings.data_dir)
    return start(db, experiment_by_id(db, experiment.id), place, detach=args.detach, as_json=args.json)

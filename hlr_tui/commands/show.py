"""`hlr-tui show`: the results of an experiment."""

from __future__ import annotations

import argparse

from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings

HELP = "Show what an experiment has found so far: best trials and the ranking of its methods."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.analysis.results import result_document
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment
    from hlr_tui.report import print_results

    db = open_database(settings.storage, create=False)
    document = result_document(db, get_experiment(db, args.name))
    if args.json:
        print_json(document)
    else:
        print_results(open_console(), document)
    return 0

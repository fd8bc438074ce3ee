"""`hlr-tui import`: learning curves from CSV files, for analysis beside our own."""

from __future__ import annotations

import argparse
from pathlib import Path

from hlr_tui.output import print_json
from hlr_tui.settings import Settings
from hlr_tui.tables import printable

HELP = (
    "Read files Result_DATASET_MODEL-CODE.csv (mean, lowest and highest loss over seeds, by budget; _ACC before the "
    "dash: accuracies) into one experiment for each data set and model. Reading a file again changes nothing."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="a CSV file, as export --format seed-csv writes it")
    parser.add_argument("--name", metavar="NAME", help="name of the experiment (DATASET_MODEL by default)")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.analysis.importing import read_imports, store_imports
    from core.storage.engine import open_database

    imports = read_imports([Path(file).expanduser() for file in args.files], args.name)
    db = open_database(settings.storage)
    new = store_imports(db, imports, str(settings.workspace))
    if args.json:
        found = [
            {
                "experiment": each.name,
                "curves_of": each.label,
                "methods": each.codes,
                "files": len(each.files),
                "new": n,
            }
            for each, n in zip(imports, new, strict=True)
        ]
        print_json({"experiments": found})
        return 0
    for each, number in zip(imports, new, strict=True):
        files = f"{len(each.files)} file{'s' if len(each.files) != 1 else ''}"
        news = f"{number} new series" if number else "nothing new"
        print(printable(f"{each.name}: {files}, {', '.join(each.codes)}: {news}"))
    return 0

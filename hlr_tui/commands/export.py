"""`hlr-tui export`: points and results of an experiment, in a format for other programs."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from core.errors import Problem, SpecError
from hlr_tui.exports import FORMATS
from hlr_tui.settings import Settings

HELP = (
    "Write the points or the results of an experiment; a file appears only when it is complete. Formats: "
    + "; ".join(f"{name}: {form.summary}" for name, form in FORMATS.items())
)

BY_OPTIMIZER = [name for name, form in FORMATS.items() if form.one_optimizer]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--format", choices=tuple(FORMATS), default="csv", help="csv by default")
    parser.add_argument(
        "--out", metavar="PATH", help="file to write, stdout by default; for seed-csv the folder of the files"
    )
    parser.add_argument("--optimizer", metavar="OPTIMIZER", help=f"whose methods, for {' and '.join(BY_OPTIMIZER)}")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment
    from hlr_tui.exports.places import opened, write_folder

    form = FORMATS[args.format]
    chosen = {} if args.optimizer is None else {"optimizer": args.optimizer}
    if chosen and not form.one_optimizer:
        legal = f"goes with --format {' or '.join(BY_OPTIMIZER)} only"
        raise SpecError("export", [Problem("--optimizer", args.optimizer, legal)])
    db = open_database(settings.storage, create=False)
    experiment = get_experiment(db, args.name)
    module = importlib.import_module(f"hlr_tui.exports.{form.module}")
    if form.kind == "folder":
        write_folder(args.out, lambda: module.files(db, experiment, **chosen))
        return 0
    out = args.out
    if out is not None and Path(out).is_dir() and hasattr(module, "default_name"):
        out = str(Path(out) / module.default_name(experiment))
    with opened(out, binary=form.kind == "binary") as file:
        module.write(db, experiment, file, **chosen)
    return 0

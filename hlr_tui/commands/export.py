"""`hlr-tui export`: the points of an experiment."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from core.errors import EnvironmentFailure, UsageError
from hlr_tui.output import plain
from hlr_tui.settings import Settings

HELP = "Write every recorded point of an experiment, one row per point."

COLUMNS = (
    *("experiment", "study", "optimizer", "scheduler", "trial", "budget", "seed", "metric", "step", "value"),
    *("stage", "unit", "run", "state"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="csv (default) or json")
    parser.add_argument("--out", metavar="PATH", help="file to write, stdout by default")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.storage.engine import open_database
    from core.storage.experiments import get_experiment

    db = open_database(settings.storage, create=False)
    experiment = get_experiment(db, args.name)
    rows = _rows(db, experiment)
    with _output(args.out) as file:
        if args.format == "csv":
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.write("[")
            for number, row in enumerate(rows):
                file.write(("\n" if number == 0 else ",\n") + json.dumps(plain(row), allow_nan=False))
            file.write("\n]\n")
    return 0


def _rows(db: Any, experiment: Any) -> Iterator[dict[str, Any]]:
    from core.storage.reader import points_of
    from core.storage.runs import runs_of

    runs = {run.id: run for run in runs_of(db, experiment.id)}
    for point in points_of(db, experiment.id):
        run = runs.get(point.run_id)
        if run is None:
            continue  # queued after the list of runs was read
        yield {
            "experiment": experiment.name,
            "study": run.study,
            "optimizer": run.optimizer,
            "scheduler": run.scheduler,
            "trial": run.trial,
            "budget": run.budget,
            "seed": run.seed,
            "metric": point.metric,
            "step": point.step,
            "value": point.value,
            "stage": run.stage,
            "unit": point.unit,
            "run": run.id,
            "state": run.state,
        }


@contextmanager
def _output(path: str | None) -> Iterator[TextIO]:
    """stdout, or a file that appears only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"--out {path}: is a folder; name a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"--out {path}: there is no folder {target.parent}")
    # A device or a pipe (/dev/null, process substitution) is written to; only a file can be replaced.
    special = target.exists() and not target.is_file()
    written = target if special else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with written.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not special:
            written.replace(target)
    except OSError as error:
        raise EnvironmentFailure(f"--out {path}: cannot be written: {error.strerror}") from error
    finally:
        if not special:
            written.unlink(missing_ok=True)

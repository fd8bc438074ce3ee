"""Workspaces to measure on: runs that train while one looks, and more runs than anybody has.

Values are invented, tables and states are those of the engine. `python benchmarks/workspaces.py feed …` is the process
that writes points, so that what writing costs is not counted to the program that reads.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.execution.queue import enqueue
from core.plan import Plan, compare_runs, make_plan, search_runs
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim, runs_of
from core.storage.tables import point
from core.storage.tables import run as runs
from core.storage.workers import beat, register

EPOCHS = 2000
TRAINING: dict[str, Any] = {
    "experiment": {"name": "streaming", "mode": "compare"},
    "task": {"name": "digits"},
    "methods": {"optimizers": ["AdamW", "SGD"], "schedulers": ["N", "P", "C", "E", "L", "S", "OC", "WC"]},
    "compare": {"budgets": [EPOCHS], "seeds": 1},
}
"""16 methods with one run each: 16 curves in every chart."""

METRICS = ("train_loss", "val_loss", "val_accuracy", "lr")
LARGE_METRICS = (*METRICS, "val_mae")
LARGE_TRIALS, LARGE_EPOCHS = 950, 200
LARGE: dict[str, Any] = {
    "experiment": {"name": "large", "mode": "all"},
    "task": {"name": "digits"},
    "training": {"epochs": LARGE_EPOCHS},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["N", "C", "E", "L", "S", "OC", "H", "EH", "WH", "WC"]},
    "optimize": {"trials": LARGE_TRIALS},
    "compare": {"budgets": [50, 100, 150, LARGE_EPOCHS], "seeds": 25},
}
"""9,500 runs of a search and 1,000 that compare; a run of 200 epochs has 1,000 points."""


def _create(db: Database, document: dict[str, Any], workspace: Path) -> tuple[Experiment, Plan]:
    about, text = document["experiment"], json.dumps(document)
    experiment = create_experiment(db, about["name"], about["mode"], text, workspace=str(workspace), workers_wanted=16)
    return experiment, make_plan(spec_from_json(text, "benchmarks/workspaces.py"))


def make_training(workspace: Path, epochs: int) -> None:
    """An experiment of 16 runs that have come so far and are in training; `feed` lets them go on."""
    workspace.mkdir(parents=True, exist_ok=True)
    db = open_database(str(workspace / "hlr.db"))
    experiment, plan = _create(db, TRAINING, workspace)
    enqueue(db, experiment.id, plan.fixed_runs)
    for number in range(len(plan.fixed_runs)):
        worker = register(db, experiment.id, f"cuda:{number % 8}", worker_id=f"{number:08x}")
        run = claim(db, worker, f"cuda:{number % 8}", experiment.id)
        assert run is not None
        beat(db, worker, "busy", run.id)
        writer = PointWriter(db, run.id, run.attempt, limit=10**6)
        for epoch in range(1, epochs + 1):
            _add(writer, run, number, epoch)
        writer.flush(epochs)
    with db.write() as connection:
        connection.execute(runs.update().values(started_at=time.time() - epochs / 2))
    db.close()


def _add(writer: PointWriter, run: Run, number: int, epoch: int) -> None:
    dice = random.Random(f"{number} {epoch}")
    loss = 2 / (1 + epoch / (50 + 5 * number)) ** 0.5 * math.exp(dice.gauss(0, 0.03))
    values = (loss, 1.1 * loss * math.exp(dice.gauss(0, 0.02)), 1 / (1 + loss), 0.01 * (1 - epoch / (EPOCHS + 1)))
    for metric, value in zip(METRICS, values, strict=True):
        writer.add(metric, epoch, value)


def feed(workspace: Path, hertz: float, step: int) -> None:
    """Conduct and train the 16 runs: `step` epochs of each, `hertz` times a second, until the process is ended."""
    db = open_database(str(workspace / "hlr.db"))
    experiment_id = 1
    take_conductor(db, experiment_id, *me(), is_alive)
    with db.write() as connection:
        host, pid, started = me()
        connection.exec_driver_sql("UPDATE hlr_worker SET host = ?, pid = ?, started = ?", (host, pid, started))
    found = runs_of(db, experiment_id)
    writers = [PointWriter(db, run.id, run.attempt, limit=10**6) for run in found]
    epoch = found[0].epoch
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    due = time.monotonic()
    while epoch + step <= EPOCHS:
        for number, (run, writer) in enumerate(zip(found, writers, strict=True)):
            for each in range(epoch + 1, epoch + step + 1):
                _add(writer, run, number, each)
            if step:
                writer.flush(epoch + step)
        epoch += step
        due += 1 / hertz
        time.sleep(max(0.0, due - time.monotonic()))


def start_feeding(workspace: Path, *, hertz: float = 2.0, step: int = 1) -> subprocess.Popen[str]:
    """`feed` in a process of its own, once it has begun; end it with `terminate`."""
    argv = [sys.executable, __file__, "feed", str(workspace), str(hertz), str(step)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def make_large(workspace: Path) -> tuple[int, int]:
    """An experiment in training of more than 10,000 runs with more than 10 million points; how many of both."""
    workspace.mkdir(parents=True, exist_ok=True)
    db = open_database(str(workspace / "hlr.db"))
    experiment, plan = _create(db, LARGE, workspace)
    dice = random.Random(1)
    planned = []
    for study in plan.studies:
        for trial in range(LARGE_TRIALS):
            params = {name: dice.uniform(each.span.low, each.span.high) for name, each in study.space.items()}
            params = {
                name: round(value) if isinstance(study.space[name].span.low, int) else value
                for name, value in params.items()
            }
            planned += search_runs(plan.spec, study, trial, params)
        planned += compare_runs(plan.spec, study, 0, dict(params))
    enqueue(db, experiment.id, planned)
    take_conductor(db, experiment.id, *me(), is_alive)
    with db.write() as connection:
        execute = connection.exec_driver_sql
        execute(
            "UPDATE hlr_run SET state = 'complete', attempt = 1, worker_id = 'w', device = 'cuda:0', epoch = budget,"
            " value = abs(random() % 1000) / 1e3 + 0.01, started_at = created_at - 100, finished_at = created_at"
        )
        execute("UPDATE hlr_run SET results = json_object('val_loss', value, 'val_accuracy', 1 / (1 + value))")
        execute(
            "UPDATE hlr_run SET state = 'running', finished_at = NULL, value = NULL, results = '{}', epoch = budget / 2"
            " WHERE id IN (SELECT id FROM hlr_run WHERE stage = 'compare' ORDER BY position DESC LIMIT 16)"
        )
        for metric in LARGE_METRICS:
            execute("INSERT INTO hlr_series (run_id, metric, unit) SELECT id, ?, 'epoch' FROM hlr_run", (metric,))
        execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LARGE_EPOCHS})"
            " INSERT INTO hlr_point (series_id, step, value)"
            " SELECT s.id, n.i, 2.0 / (n.i + 10) * (1 + (s.id * 37 + n.i * 101) % 89 / 1000.0)"
            " FROM hlr_series AS s JOIN hlr_run AS r ON r.id = s.run_id JOIN n ON n.i <= r.epoch"
        )
    with db.read() as connection:
        points = connection.execute(sa.select(sa.func.max(point.c.id))).scalar_one()
    db.close()
    return len(planned), int(points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["feed", "training", "large"])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("hertz", type=float, nargs="?", default=2.0)
    parser.add_argument("step", type=int, nargs="?", default=1)
    args = parser.parse_args()
    if args.what == "feed":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        feed(args.workspace, args.hertz, args.step)
    elif args.what == "training":
        make_training(args.workspace, 200)
    else:
        print("{:,} runs, {:,} points".format(*make_large(args.workspace)))


if __name__ == "__main__":
    main()

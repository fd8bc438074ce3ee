"""Seconds per epoch of the tasks that need no download, and the cost of recording on top.

One thread, CPU. The same configuration is trained in turn with a recorder that writes to a real SQLite database, as a
worker does, and with one that drops everything; the ratio of the medians is the overhead of storage.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from core.catalog import catalog
from core.component import TaskInfo
from core.plan import make_plan
from core.spec.reader import build_spec
from core.storage.engine import open_database
from core.storage.experiments import create_experiment
from core.storage.points import PointWriter
from core.storage.runs import NewRun, add_runs, claim
from core.trainer.assemble import DataCache, assemble
from core.trainer.loop import train

PAIRS = (("digits", "MLP", 60), ("digits", "SmallCNN", 60), ("osc", "LSTM_Seq2Seq", 3))
"""Task, model, epochs; `benchmarks/original.py` has the models of the paper."""


class Timed:
    """A recorder that notes when each epoch ends; `inner` gets what a worker would write."""

    def __init__(self, inner: PointWriter | None) -> None:
        self.inner = inner
        self.marks = [time.perf_counter()]

    def add(self, metric: str, step: int, value: float) -> None:
        if self.inner is not None:
            self.inner.add(metric, step, value)

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None:
        pass

    def orders(self, epoch: int) -> None:
        if self.inner is not None and (epoch == 1 or self.inner.due()):
            self.inner.flush(epoch)
        if len(self.marks) == epoch:
            self.marks.append(time.perf_counter())

    def seconds(self) -> list[float]:
        return [after - before for before, after in zip(self.marks[1:], self.marks[2:], strict=False)]


def configuration(task: TaskInfo, model: str, epochs: int) -> dict[str, Any]:
    document = {
        "experiment": {"name": "benchmark", "mode": "run"},
        "task": {"name": task.name},
        "model": {"name": model},
        "training": {"epochs": epochs, "seeds": [1]},
        "methods": {"optimizers": ["AdamW"], "schedulers": ["C"]},
    }
    (run,) = make_plan(build_spec(document, "benchmark")).fixed_runs
    return run.config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=None, help="epochs of each run")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    cache = DataCache(args.data_dir)
    device = torch.device("cpu")
    print(f"{'task':8} {'model':14} {'batch':>5} {'s/epoch':>9} {'recorded':>9} {'ratio':>7}")
    for name, model, usual in PAIRS:
        task, epochs = catalog().tasks.get(name), args.epochs or usual
        config = configuration(task, model, epochs)
        times: dict[bool, list[float]] = {False: [], True: []}
        with tempfile.TemporaryDirectory() as folder:
            db = open_database(f"{folder}/hlr.db")
            experiment = create_experiment(db, "benchmark", "run", "{}")
            for turn in range(3 if task.kind == "image" else 1):
                for recorded in (False, True):
                    writer = None
                    if recorded:
                        new = NewRun(
                            id=f"run{turn}", experiment_id=experiment.id, stage="run", study="s", seed=1,
                            optimizer="AdamW", scheduler="C", budget=epochs, config=config, position=turn,
                        )  # fmt: skip
                        add_runs(db, [new])
                        run = claim(db, "worker", "cpu")
                        assert run is not None
                        writer = PointWriter(db, run.id, run.attempt, every_seconds=0.25)
                    recorder = Timed(writer)
                    train(assemble(config, cache, device), config, recorder)
                    times[recorded] += recorder.seconds()
            db.close()
        plain, stored = statistics.mean(times[False]), statistics.mean(times[True])
        row = f"{task.name:8} {model:14} {config['batch_size']:5} {plain:9.4f} {stored:9.4f}"
        print(f"{row} {stored / plain:7.3f}", flush=True)


if __name__ == "__main__":
    main()

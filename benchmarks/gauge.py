"""What the gauges of the last step cost per epoch, as a ratio with and without them.

One thread, CPU. Runs of one configuration take turns, those of one half with a gauge that measures nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from core.plan import make_plan
from core.spec.reader import build_spec
from core.trainer import loop
from core.trainer.assemble import DataCache, assemble
from core.trainer.gauge import Gauge

MODELS = ("MLP", "SmallCNN")
UNMEASURED = 3
"""Epochs at the start, in which torch still loads and allocates."""


class NoGauge(Gauge):
    """Measures nothing."""

    def before_step(self) -> None:
        pass


class Timed:
    """A recorder that drops everything and notes when each epoch ends."""

    def __init__(self) -> None:
        self.marks = [time.perf_counter()]

    def add(self, metric: str, step: int, value: float) -> None:
        pass

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None:
        pass

    def orders(self, epoch: int) -> None:
        if len(self.marks) == epoch:
            self.marks.append(time.perf_counter())


def configuration(model: str, epochs: int) -> dict[str, Any]:
    document = {
        "experiment": {"name": "benchmark", "mode": "run"},
        "task": {"name": "digits"},
        "model": {"name": model},
        "training": {"epochs": epochs, "seeds": [1], "batch_size": 64},
        "methods": {"optimizers": ["AdamW"], "schedulers": ["C"]},
    }
    (run,) = make_plan(build_spec(document, "benchmark")).fixed_runs
    return run.config


def seconds(config: dict[str, Any], cache: DataCache, gauge: type[Gauge]) -> list[float]:
    """Seconds of each epoch of a run."""
    loop.Gauge = gauge  # type: ignore[misc]  # what is measured is the loop itself
    recorder = Timed()
    loop.train(assemble(config, cache, torch.device("cpu")), config, recorder)
    pairs = zip(recorder.marks, recorder.marks[1:], strict=False)
    return [after - before for before, after in pairs][UNMEASURED:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=23, help="of each run")
    parser.add_argument("--turns", type=int, default=8, help="runs with and without")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cache = DataCache(Path("data"))
    print(f"{'model':10} {'without':>9} {'with':>9} {'ratio':>7} {'spread':>15}")
    for model in MODELS:
        config = configuration(model, args.epochs)
        ratios, plain, gauged = [], [], []
        for _ in range(args.turns):
            without, with_gauge = (statistics.median(seconds(config, cache, one)) for one in (NoGauge, Gauge))
            plain.append(without)
            gauged.append(with_gauge)
            ratios.append(with_gauge / without)
        row = f"{model:10} {statistics.median(plain):9.5f} {statistics.median(gauged):9.5f}"
        print(f"{row} {statistics.median(ratios):7.3f} {min(ratios):7.3f}-{max(ratios):.3f}", flush=True)


if __name__ == "__main__":
    main()

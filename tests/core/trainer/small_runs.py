"""Runs that train in a moment, and a recorder that keeps what they leave."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from core.plan import make_plan
from core.spec.file import spec_from_json
from core.trainer.assemble import DataCache, Parts, assemble
from core.trainer.loop import Stopped, train

EPOCHS = 4
BATCH = 256
STEPS_PER_EPOCH = 5  # 1,079 training images
CPU = torch.device("cpu")

# Every optimizer, schedules by epoch and by step, with and without a moving momentum.
METHODS = [("Adam", "EH"), ("AdamW", "OC"), ("SGD", "CY"), ("AdamW", "S"), ("Prodigy", "N"), ("DAdapt", "N")]


class Steps:
    """Counts the training steps of the plug-in model, and does at a step what is planned for it."""

    def __init__(self) -> None:
        self.done = 0
        self.planned: dict[int, Callable[[], object]] = {}

    def clear(self) -> None:
        self.done = 0
        self.planned.clear()

    def at(self, step: int, action: Callable[[], object]) -> None:
        """Do `action` in the forward pass of that step, counted over all runs from 1."""
        self.planned[step] = action

    def tick(self) -> None:
        self.done += 1
        if self.done in self.planned:
            self.planned[self.done]()


steps = Steps()
cache = DataCache(Path("unused"))


def configuration(
    optimizer: str = "AdamW",
    scheduler: str = "C",
    *,
    seed: int = 1,
    lr: float = 0.01,
    epochs: int = EPOCHS,
    model: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The configuration of a run as the plan of a spec has it."""
    free = optimizer in ("Prodigy", "DAdapt")
    methods = {"lr_free": [optimizer]} if free else {"optimizers": [optimizer], "schedulers": [scheduler]}
    document = {
        "experiment": {"name": "small", "mode": "run"},
        "task": {"name": "digits"},
        "model": model or {"name": "MLP", "hidden_size": 16, "dropout": 0.2},
        "training": {"epochs": epochs, "batch_size": BATCH, "lr": lr, "seeds": [seed]},
        "methods": {"optimizers": [], "schedulers": [], "lr_free": []} | methods,
    }
    (run,) = make_plan(spec_from_json(json.dumps(document), "test")).fixed_runs
    return run.config


class Kept:
    """A recorder in memory. `stop_at` says after which epoch the run is told to stop."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.points: dict[tuple[str, int], float] = {}
        self.states: dict[int, dict[str, Any]] = {}
        self.stop_at = stop_at
        self.ordered: list[int] = []

    def add(self, metric: str, step: int, value: float) -> None:
        self.points[metric, step] = value

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None:
        self.states[epoch] = copy.deepcopy(state)

    def orders(self, epoch: int) -> None:
        self.ordered.append(epoch)
        if epoch == self.stop_at:
            raise Stopped

    def curve(self, metric: str) -> list[float]:
        return [
            value for (name, _), value in sorted(self.points.items(), key=lambda item: item[0][1]) if name == metric
        ]


def run_all(config: dict[str, Any], *, keep_states: bool = False) -> tuple[Parts, Kept, dict[str, float]]:
    """Train a run to its end; with a checkpoint after every epoch but the last where the states are wanted."""
    parts, kept = assemble(config, cache, CPU), Kept()
    if keep_states:  # a clock on which everything takes long
        return parts, kept, train(parts, config, kept, clock=itertools.count(0, 1000).__next__)
    return parts, kept, train(parts, config, kept)


def weights(parts: Parts) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in parts.model.state_dict().items()}

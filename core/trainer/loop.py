"""The training of one run: epochs, validation, points, checkpoints, divergence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from core.component import DataSet
from core.trainer.assemble import Parts
from core.trainer.seeding import generator, seed_global

CHECKPOINT_SECONDS = 20.0
"""Between checkpoints at the ends of epochs: rare enough that writing them is lost in the noise of training."""

LONG_EPOCH_SECONDS = 5.0
"""An epoch that lasts longer than this is left in its middle when the run is told to stop."""

EVALUATION_BATCH = 2048


class Stopped(Exception):
    """The run was told to stop; its last checkpoint says how far it came."""


class Pruned(Exception):
    """The pruner ended the run."""


class Diverged(Exception):
    """The loss is not a number, infinite, or beyond the bound."""


class Recorder(Protocol):
    """Where the loop leaves what it measures."""

    def add(self, metric: str, step: int, value: float) -> None: ...

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None: ...

    def orders(self, epoch: int) -> None:
        """Write what is due; raises Stopped or Pruned when the conductor said so."""


@dataclass(slots=True)
class Progress:
    """What a run knows of itself besides weights: it is part of every checkpoint."""

    epoch: int = 0
    best_epoch: int = 0
    best: float = math.inf
    results: dict[str, float] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "results": dict(self.results),
        }


def train(
    parts: Parts,
    config: dict[str, Any],
    recorder: Recorder,
    resume: dict[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, float]:
    """Train a run to its last epoch.

    Args:
        parts: from `assemble`, untrained.
        config: the run's configuration.
        recorder: receives points, checkpoints, and says when to stop.
        resume: the state of a checkpoint of this run, None to start at epoch 0.

    Returns:
        Final and best metrics: ``val_loss`` (the objective), ``train_loss``, ``best_epoch``, …; the metrics of the
        test part are those of the epoch with the lowest validation loss.

    Raises:
        Stopped, Pruned, Diverged: as said there.
    """
    progress = Progress()
    if resume is not None:
        progress = Progress(**resume["progress"])
        parts.model.load_state_dict(resume["model"])
        parts.optimizer.load_state_dict(resume["optimizer"])
        parts.scheduler.load_state_dict(resume["scheduler"])
    saved = clock()
    while progress.epoch < config["epochs"]:
        _epoch(parts, config, recorder, progress, clock)
        if progress.epoch == config["epochs"]:
            break
        try:
            recorder.orders(progress.epoch)
        except Stopped:
            recorder.checkpoint(progress.epoch, _state(parts, progress))
            raise
        if clock() - saved >= CHECKPOINT_SECONDS:
            recorder.checkpoint(progress.epoch, _state(parts, progress))
            saved = clock()
    return progress.results


def _state(parts: Parts, progress: Progress) -> dict[str, Any]:
    return {
        "progress": progress.state(),
        "model": parts.model.state_dict(),
        "optimizer": parts.optimizer.state_dict(),
        "scheduler": parts.scheduler.state_dict(),
    }


def _epoch(
    parts: Parts, config: dict[str, Any], recorder: Recorder, progress: Progress, clock: Callable[[], float]
) -> None:
    seed, epoch = config["seed"], progress.epoch
    step = epoch + 1
    lr = float(parts.scheduler.get_last_lr()[0])
    momentum = parts.scheduler.get_last_momentum()
    seed_global(seed, "epoch", epoch)
    train_loss = _train_epoch(parts, config, recorder, epoch, clock)
    measured = {"train_loss": train_loss, **_evaluate(parts, parts.split.validation, "val")}
    measured["lr"] = lr
    if parts.lr_free:
        measured["effective_lr"] = parts.recipe.effective_lr(parts.optimizer)
    if momentum is not None:
        measured["momentum"] = momentum
    for metric, value in measured.items():
        recorder.add(metric, step, value)
    progress.epoch = step
    for metric in ("train_loss", "val_loss"):
        if not abs(measured[metric]) <= config["loss_bound"]:  # also true for nan
            raise Diverged(f"{metric} = {measured[metric]:g} at epoch {step}; the bound is {config['loss_bound']:g}")
    results = {metric: value for metric, value in measured.items() if metric.startswith(("train_", "val_"))}
    if measured["val_loss"] < progress.best:
        progress.best, progress.best_epoch = measured["val_loss"], step
        if len(parts.split.test):
            results |= _evaluate(parts, parts.split.test, "test")
    kept = {metric: value for metric, value in progress.results.items() if metric.startswith("test_")}
    progress.results = kept | results | {"best_epoch": progress.best_epoch, "best_val_loss": progress.best}


def _train_epoch(
    parts: Parts, config: dict[str, Any], recorder: Recorder, epoch: int, clock: Callable[[], float]
) -> float:
    """One pass over the training part; returns the mean loss. Nothing here waits for the device before the end."""
    data, model, optimizer = parts.data, parts.model, parts.optimizer
    train = parts.split.train
    order = torch.randperm(len(train), generator=generator(config["seed"], "order", epoch)).to(train.device)
    total = torch.zeros((), dtype=torch.float64, device=train.device)
    by_step = parts.tick == "step"
    began = clock()
    model.train()
    for batch in torch.split(train[order], config["batch_size"]):
        optimizer.zero_grad(set_to_none=True)
        loss = parts.task.loss(model(data.inputs[batch]), data.targets[batch])
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        optimizer.step()
        if by_step:
            parts.scheduler.step()
        total += loss.detach() * len(batch)
        if clock() - began > LONG_EPOCH_SECONDS:
            recorder.orders(epoch)
    if not by_step:
        parts.scheduler.step()
    return float(total) / len(train)


@torch.no_grad()
def _evaluate(parts: Parts, samples: torch.Tensor, prefix: str) -> dict[str, float]:
    """Mean loss and metrics over `samples`, keyed ``{prefix}_loss`` and so on."""
    parts.model.eval()
    data: DataSet = parts.data
    totals: dict[str, torch.Tensor] = {}
    for batch in torch.split(samples, EVALUATION_BATCH):
        outputs, targets = parts.model(data.inputs[batch]), data.targets[batch]
        means = {"loss": parts.task.loss(outputs, targets), **parts.task.metrics(outputs, targets)}
        for name, mean in means.items():
            part = mean.double() * len(batch)
            totals[name] = totals[name] + part if name in totals else part
    return {f"{prefix}_{name}": float(total) / len(samples) for name, total in totals.items()}

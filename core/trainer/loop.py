"""The training of one run: epochs, validation, points, checkpoints, divergence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from core.trainer.assemble import Parts
from core.trainer.gauge import Gauge
from core.trainer.seeding import seed_global
from core.trainer.source import Batch

CHECKPOINT_SECONDS = 20.0
"""Between checkpoints at the ends of epochs: rare enough that writing them is lost in the noise of training."""

LONG_EPOCH_SECONDS = 5.0
"""An epoch that lasts longer than this is left in its middle when the run is told to stop."""


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
    trained = _train_epoch(parts, recorder, epoch, clock)
    measured = {**trained, **_evaluate(parts, parts.source.validation(), "val"), "lr": lr}
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
        if parts.source.has_test:
            results |= _evaluate(parts, parts.source.test(), "test")
    kept = {metric: value for metric, value in progress.results.items() if metric.startswith("test_")}
    progress.results = kept | results | {"best_epoch": progress.best_epoch, "best_val_loss": progress.best}


def _train_epoch(parts: Parts, recorder: Recorder, epoch: int, clock: Callable[[], float]) -> dict[str, float]:
    """One pass over the training part: its mean loss, and the gauges of its last step. Nothing here waits for the
    device before the end."""
    model, optimizer, task = parts.model, parts.optimizer, parts.task
    total: torch.Tensor | float = 0.0
    samples = 0
    by_step = parts.tick == "step"
    gauge = Gauge(model)
    began = clock()
    model.train()
    for step, (inputs, targets, size) in enumerate(parts.source.train(epoch), 1):
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(task.predict(model, inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        if step == parts.source.steps:
            gauge.before_step()
        optimizer.step()
        if by_step:
            parts.scheduler.step()
        total = total + _wide(loss.detach()) * size
        samples += size
        if clock() - began > LONG_EPOCH_SECONDS:
            recorder.orders(epoch)
    if not by_step:
        parts.scheduler.step()
    return {"train_loss": float(total) / samples, **gauge.read()}


def _wide(mean: torch.Tensor) -> torch.Tensor:
    """`mean` in double precision, to be summed over many batches; Apple's GPUs have none."""
    return mean if mean.device.type == "mps" else mean.double()


@torch.no_grad()
def _evaluate(parts: Parts, batches: Iterable[Batch], prefix: str) -> dict[str, float]:
    """Mean loss and metrics over `batches`, keyed ``{prefix}_loss`` and so on."""
    parts.model.eval()
    task = parts.task
    totals: dict[str, torch.Tensor] = {}
    samples = 0
    for inputs, targets, size in batches:
        outputs = task.predict(parts.model, inputs)
        means = {"loss": task.loss(outputs, targets), **task.metrics(outputs, targets)}
        for name, mean in means.items():
            part = _wide(torch.as_tensor(mean)) * size
            totals[name] = totals[name] + part if name in totals else part
        samples += size
    return {f"{prefix}_{name}": float(total) / samples for name, total in totals.items()}

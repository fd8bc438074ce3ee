"""One step of every method before anything trains, in a process of its own: what cannot work is known in seconds.

Reads a list of configurations as JSON from stdin, and prints one `Probe` as JSON per line and configuration::

    python -P -m core.trainer.preflight --data-dir data --device auto
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import torch

from core.errors import EnvironmentFailure, HlrError, UsageError
from core.trainer.assemble import DataCache, Parts, assemble
from core.trainer.eager import make_deterministic, put_off_compiler
from core.trainer.worker import out_of_memory, pick_device
from core.user_code import blame

SMALL_BATCH = 8
"""Samples of the step of a method that differs from an earlier one by its schedule alone: what can go wrong there does
not depend on the size, and steps of large models are slow on a CPU."""

KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Probe:
    """What one step of one method showed.

    Attributes:
        error: why it cannot be trained, "" where it can.
        exit_code: of that error.
        parameters: of the model.
        checksum: of the data.
        epoch_seconds: estimated time of an epoch with its validation; None where it was not measured.
        memory: peak bytes on the device, or of the process where that is the CPU.
        device: it ran on.
    """

    error: str = ""
    exit_code: int = 0
    parameters: int = 0
    checksum: str = ""
    epoch_seconds: float | None = None
    memory: int = 0
    device: str = ""


def probe(config: dict[str, Any], cache: DataCache, device: torch.device, measured: bool) -> Probe:
    """Try one method; where `measured`, at its whole batch size, with the time of a second step."""
    try:
        parts = assemble(config, cache, device)
        seconds = _steps(parts, measured)
    except HlrError as error:
        return Probe(error=str(error), exit_code=error.exit_code)
    except Exception as error:  # noqa: BLE001  (components are users' code and may raise anything)
        if out_of_memory(error):
            size = config["batch_size"]
            said = f"out of memory on {device} at batch size {size}: {error}"
            return Probe(error=said, exit_code=EnvironmentFailure.exit_code)
        missing = isinstance(error, OSError)  # as a rule data that are not there
        return Probe(error=blame(error), exit_code=(EnvironmentFailure if missing else UsageError).exit_code)
    return Probe(
        parameters=sum(parameter.numel() for parameter in parts.model.parameters()),
        checksum=parts.checksum,
        epoch_seconds=seconds,
        memory=_memory(device),
        device=str(device),
    )


def _steps(parts: Parts, measured: bool) -> float | None:
    """Train one step, or two and one batch of the validation, and say how long an epoch takes."""
    batches = islice(parts.source.train(0), 2 if measured else 1)
    step_seconds = 0.0
    parts.model.train()
    for inputs, targets, _ in batches:
        if not measured and isinstance(inputs, torch.Tensor) and isinstance(targets, torch.Tensor):
            inputs, targets = inputs[:SMALL_BATCH], targets[:SMALL_BATCH]
        began = time.perf_counter()
        parts.optimizer.zero_grad(set_to_none=True)
        loss = parts.task.loss(parts.task.predict(parts.model, inputs), targets)
        _check_loss(loss)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        parts.optimizer.step()
        parts.scheduler.step()
        _settle(loss)
        step_seconds = time.perf_counter() - began
    if not measured:
        return None
    return step_seconds * parts.source.steps + _validation_seconds(parts)


@torch.no_grad()
def _validation_seconds(parts: Parts) -> float:
    """Time of the validation, from one batch of it."""
    parts.model.eval()
    began = time.perf_counter()
    for inputs, targets, _ in islice(parts.source.validation(), 1):
        outputs = parts.task.predict(parts.model, inputs)
        _settle(parts.task.loss(outputs, targets))
        for name, value in parts.task.metrics(outputs, targets).items():
            _check_number(f'metric "{name}"', value)
    return (time.perf_counter() - began) * parts.source.validation_steps


def _check_loss(loss: object) -> None:
    if not isinstance(loss, torch.Tensor):
        raise TypeError(f"the loss of a batch must be a tensor, not {type(loss).__name__}")
    _check_number("the loss", loss)


def _check_number(what: str, value: Any) -> None:
    size = torch.as_tensor(value)
    if size.numel() != 1:
        raise TypeError(f"{what} of a batch must be one number, not a tensor of shape {tuple(size.shape)}")


def _settle(loss: torch.Tensor) -> None:
    """Wait for the device, whose work is done in the background."""
    loss.detach().cpu()


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIBIBYTE  # Linux counts in kibibytes


def _say(found: Probe, file: TextIO) -> None:
    json.dump(dataclasses.asdict(found), file)
    file.write("\n")
    file.flush()


def main(argv: list[str] | None = None) -> int:
    """Probe every configuration of stdin; exit codes as everywhere."""
    parser = argparse.ArgumentParser(prog="preflight")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args(argv)
    configs: list[dict[str, Any]] = json.load(sys.stdin)
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # users' code may print
    make_deterministic()
    put_off_compiler()
    try:
        device = pick_device(args.device)
    except HlrError as error:
        _say(Probe(error=str(error), exit_code=EnvironmentFailure.exit_code), results)
        return EnvironmentFailure.exit_code
    cache = DataCache(args.data_dir)
    seen: set[str] = set()
    for config in configs:
        torch.set_num_threads(config["threads"])
        kind = json.dumps([config["task"], config["model"], config["optimizer"]], sort_keys=True)
        found = probe(config, cache, device, measured=kind not in seen)
        seen.add(kind)
        _say(found, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Trying every method of a plan before anything trains, and what it will take."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import EnvironmentFailure, HlrError, UsageError
from core.execution.devices import count_gpus, wanted_workers
from core.execution.launch import Place, python_module
from core.plan import Plan
from core.plan.configuration import configuration
from core.seeding import derived_seed

REASONS = {2: UsageError, 3: EnvironmentFailure}


@dataclass(frozen=True, slots=True)
class MethodCheck:
    """One method that was tried; attributes as of `core.trainer.preflight.Probe`."""

    method: str
    error: str
    exit_code: int
    parameters: int
    checksum: str
    epoch_seconds: float | None
    memory: int
    device: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """What trying the methods of a plan showed.

    Attributes:
        checks: one per method.
        epochs: of the whole plan.
        workers: that share them.
    """

    checks: tuple[MethodCheck, ...]
    epochs: int
    workers: int

    @property
    def epoch_seconds(self) -> float | None:
        """Estimated time of an epoch, the mean over what was measured."""
        known = [check.epoch_seconds for check in self.checks if check.epoch_seconds is not None]
        return sum(known) / len(known) if known else None

    @property
    def total_seconds(self) -> float | None:
        """Estimated time of the whole plan, where the workers do not slow each other down."""
        return None if self.epoch_seconds is None else self.epoch_seconds * self.epochs / self.workers

    def failure(self, source: str) -> HlrError | None:
        """The error that says which methods cannot be trained and why; None where all can."""
        methods: dict[str, list[str]] = {}
        for check in self.checks:
            if check.error:
                methods.setdefault(check.error, []).append(check.method)
        if not methods:
            return None
        lines = []
        for error, names in methods.items():
            who = "nothing can" if len(names) == len(self.checks) else f"{', '.join(names)} cannot"
            lines.append(f"{source}: {who} be trained: {error}")
        code = max(check.exit_code for check in self.checks)
        return REASONS.get(code, UsageError)("\n".join(lines))


def preflight(plan: Plan, place: Place) -> Preflight:
    """Train one step of every method of `plan`, in a process of its own.

    Raises:
        EnvironmentFailure: that process cannot be started, or died.
    """
    spec = plan.spec
    configs = [_config(plan, index) for index in range(len(spec.methods))]
    argv = [*python_module("core.trainer.preflight"), "--data-dir", str(place.data_dir)]
    argv += ["--device", spec.training.device]
    try:
        done = subprocess.run(
            argv,
            env=place.environment(spec.training.threads),
            input=json.dumps(configs),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    except OSError as error:
        raise EnvironmentFailure(f"the preflight check cannot be started: {error}") from error
    probes = [json.loads(line) for line in done.stdout.splitlines()]
    if len(probes) < len(configs) and not any(probe["error"] for probe in probes):
        method = spec.methods[len(probes)].label
        raise EnvironmentFailure(
            f"{spec.source}: the preflight check died (exit code {done.returncode}) while it tried {method}"
        )
    checks = tuple(
        MethodCheck(method=method.label, **probe) for method, probe in zip(spec.methods, probes, strict=False)
    )
    return Preflight(checks, plan.totals()["epochs"], wanted_workers(spec, count_gpus()))


def _config(plan: Plan, index: int) -> dict[str, Any]:
    spec = plan.spec
    seeds: Sequence[int] = spec.optimize.seeds if plan.searches else spec.training.seeds
    seed = seeds[0] if seeds else derived_seed(spec.experiment.seed)
    return configuration(spec, spec.methods[index], spec.training.epochs, None) | {"seed": seed}

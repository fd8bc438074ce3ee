"""One step of every method, on demand: what ``hlr-tui --batch SPEC --check`` says of what is in the form."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from core.analysis.pace import Pace, Work
from core.errors import HlrError, UsageError
from core.plan.configuration import configuration
from core.spec.experiment import Document, ExperimentSpec
from hlr_tui.desk import Desk
from hlr_tui.forms.files import save_document

GIBIBYTE = 2**30
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One method of which a step was trained.

    Attributes:
        method: ``AdamW + EH``.
        optimizer: its code.
        error: why it cannot be trained, "" where it can.
        epoch_seconds: estimated time of an epoch, None where a method with the same optimizer was measured instead.
        memory: peak bytes.
    """

    method: str
    optimizer: str
    error: str
    epoch_seconds: float | None
    memory: int
    device: str
    parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What trying the methods of an experiment showed; `work` is what an epoch of it is, None where none worked."""

    tried: tuple[Tried, ...]
    work: Work | None

    def paces(self) -> dict[Work, dict[str, Pace]]:
        """The measured time of an epoch."""
        own = {each.optimizer: Pace(each.epoch_seconds, 1) for each in self.tried if each.epoch_seconds is not None}
        return {self.work: own} if self.work is not None else {}

    def covers(self, spec: ExperimentSpec, works: Collection[Work]) -> bool:
        """It says what there is to say of `spec`: every method was tried, on the same task and model."""
        same = self.work is None or self.work in works
        return same and {method.label for method in spec.methods} <= {each.method for each in self.tried}

    def lines(self) -> list[str]:
        """What was found: one line for what works, and one for each reason why something does not."""
        working = [each for each in self.tried if not each.error]
        wrong: dict[str, list[str]] = {}
        for each in self.tried:
            if each.error:
                wrong.setdefault(each.error, []).append(each.method)
        lines = []
        if working:
            who = "every method works" if not wrong else f"{len(working)} of {len(self.tried)} methods work"
            seconds = [each.epoch_seconds for each in working if each.epoch_seconds is not None]
            parts = [f"{who} on {working[0].device}"]
            if seconds:
                low, high = min(seconds), max(seconds)
                span = f"{low:.2g}" if f"{low:.2g}" == f"{high:.2g}" else f"{low:.2g} … {high:.2g}"
                parts.append(f"{span} s per epoch")
            parts.append(f"{max(each.parameters for each in working):,} parameters")
            memory = max(each.memory for each in working)
            if memory:
                parts.append(f"up to {memory_text(memory)}")
            lines.append(" · ".join(parts))
        for error, methods in wrong.items():
            who = "no method works" if len(methods) == len(self.tried) else ", ".join(methods)
            lines.append(f"✗ {who}: {error}")
        return lines

    @property
    def failed(self) -> bool:
        return any(each.error for each in self.tried)


def memory_text(size: int) -> str:
    return f"{size / GIBIBYTE:.1f} GiB" if size >= GIBIBYTE else f"{size / MEBIBYTE:.0f} MiB"


class Check:
    """One check in a process group of its own, which `stop` ends with everything that it has started.

    Args:
        desk: the places.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = Lock()

    def run(self, document: Document, spec: ExperimentSpec) -> Checked:
        """Try every method of a document whose files are absolute, and wait for it; in a thread.

        Raises:
            HlrError: it could not be tried, or was stopped.
        """
        with tempfile.TemporaryDirectory(prefix="hlr-check-") as folder:
            path = Path(folder) / f"{spec.experiment.name}.toml"
            save_document(document, path)
            argv = [sys.executable, "-P", "-m", "hlr_tui", "--batch", str(path), "--check", "--json"]
            out, said = self._talk([*argv, *self._desk.places()])
            said = said.replace(f"{folder}{os.sep}", "")
        try:
            found = json.loads(out)
        except ValueError:
            raise UsageError(said.strip() or "the check ended without an answer") from None
        return _checked(found["checks"], spec)

    def _talk(self, argv: list[str]) -> tuple[str, str]:
        with self._lock:
            if self._stopped:
                raise UsageError("the check was stopped")
            try:
                self._process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=self._desk.environment(),
                    start_new_session=True,
                )
            except OSError as error:
                raise HlrError(f"the check cannot be started: {error}") from error
        out, said = self._process.communicate()
        return out, said

    def stop(self) -> None:
        """End it, whether or not it has begun."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):  # it has ended in between
                    os.killpg(self._process.pid, signal.SIGTERM)


def _checked(checks: list[dict[str, Any]], spec: ExperimentSpec) -> Checked:
    methods = {method.label: method for method in spec.methods}
    tried = tuple(
        Tried(
            method=each["method"],
            optimizer=methods[each["method"]].optimizer.code,
            error=each["error"].partition("\n")[0],
            epoch_seconds=each["epoch_seconds"],
            memory=each["memory"],
            device=each["device"],
            parameters=each["parameters"],
        )
        for each in checks
    )
    device = next((each.device for each in tried if each.device), None)
    config = configuration(spec, spec.methods[0], spec.training.epochs, None)
    return Checked(tried=tried, work=Work.of(config, device) if device else None)

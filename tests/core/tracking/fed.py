"""An experiment that a test feeds as a worker would, and its tracker as a process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign import kill, plan_of

from core.execution.launch import Place, tracker_command
from core.execution.queue import enqueue
from core.spec.file import spec_to_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment, set_state, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim
from core.tracking.state import Ledger


@dataclass
class Fed:
    """Attributes:
    ledger: what the tracker leaves.
    """

    db: Database
    experiment: Experiment
    place: Place
    ledger: Ledger
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def claim(self) -> tuple[Run, PointWriter]:
        """The next run, in training."""
        run = claim(self.db, "w", "cpu")
        assert run is not None
        return run, PointWriter(self.db, run.id, run.attempt)

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the tracker."""
        log = self.place.log(self.experiment.name, "wandb")
        log.parent.mkdir(parents=True, exist_ok=True)
        argv = [*tracker_command(self.place, self.experiment.name), *options]
        with log.open("ab") as output:
            process = subprocess.Popen(argv, env=self.place.environment(), stderr=output, stdout=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def log(self) -> str:
        return self.place.log(self.experiment.name, "wandb").read_text()

    def complete(self) -> None:
        set_state(self.db, self.experiment.id, "complete")


def write(writer: PointWriter, first: int, last: int) -> None:
    """Epochs first … last, committed together with the epoch that the run is at."""
    for epoch in range(first, last + 1):
        for metric, value in (("train_loss", 2.0 / epoch), ("val_loss", 1.0 / epoch), ("val_accuracy", epoch / 100)):
            writer.add(metric, epoch, value)
        writer.add("lr", epoch, 0.1)
    writer.flush(last)


def logged(first: int, last: int) -> list[dict[str, float]]:
    """What W&B should have of `write`, by the keys of the original."""
    return [
        {"epoch": epoch, "train_loss": 2.0 / epoch, "val_loss": 1.0 / epoch, "acc": epoch / 100, "lr": 0.1}
        for epoch in range(first, last + 1)
    ]


@contextmanager
def fed(folder: Path, document: dict[str, Any]) -> Iterator[Fed]:
    """An experiment whose conductor is this process; the trackers end with the block."""
    plan = plan_of(document)
    name = plan.spec.experiment.name
    place = Place(f"sqlite:///{folder}/hlr.db", folder, folder / "data")
    db = open_database(place.storage)
    experiment = create_experiment(db, name, plan.spec.experiment.mode, spec_to_json(plan.spec))
    assert take_conductor(db, experiment.id, *me(), is_alive)
    enqueue(db, experiment.id, plan.fixed_runs)
    made = Fed(db, experiment, place, Ledger(folder, name))
    try:
        yield made
    finally:
        for process in made.started:
            if process.poll() is None:
                kill(process.pid)
            process.wait()
        db.close()

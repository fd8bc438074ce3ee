"""How long an epoch takes, from what has been trained here: what an estimate for a new experiment rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.plan.configuration import identity
from core.storage.engine import Database
from core.storage.tables import run

LATEST = 2000
"""So many of the runs that ended last are looked at: machines and code change, and a long past costs time to read."""


@dataclass(frozen=True, slots=True)
class Work:
    """What decides how long an epoch takes, but for the optimizer.

    Attributes:
        task, model: name and parameters, as JSON.
        device: its kind: cpu, cuda, mps.
        threads: of a worker on a CPU; 0 on other devices.
    """

    task: str
    model: str
    batch_size: int
    device: str
    threads: int

    @classmethod
    def of(cls, config: Mapping[str, Any], device: str) -> Work:
        """The work of a run with the configuration `config` on `device`."""
        plain = identity(config)
        kind = device.partition(":")[0]
        return cls(
            task=json.dumps(plain["task"], sort_keys=True),
            model=json.dumps(plain["model"], sort_keys=True),
            batch_size=plain["batch_size"],
            device=kind,
            threads=plain["threads"] if kind == "cpu" else 0,
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """Time of training, its validation included; `runs` is 0 where single steps were measured instead."""

    seconds: float
    epochs: int
    runs: int = 0

    @property
    def epoch_seconds(self) -> float:
        return self.seconds / self.epochs

    def __add__(self, other: Pace) -> Pace:
        return Pace(self.seconds + other.seconds, self.epochs + other.epochs, self.runs + other.runs)


Paces = Mapping[Work, Mapping[str, Pace]]
"""By work, and by code of the optimizer."""


def paces(db: Database, latest: int = LATEST) -> dict[Work, dict[str, Pace]]:
    """The pace of the runs that completed last, without those that were interrupted: their time counts since the last
    claim only, their epochs from the first."""
    query = (
        sa.select(run.c.config, run.c.device, run.c.optimizer, run.c.epoch, run.c.finished_at - run.c.started_at)
        .where(run.c.state == "complete", run.c.attempt == 1, run.c.epoch > 0)
        .where(run.c.device.is_not(None), run.c.started_at.is_not(None), run.c.finished_at.is_not(None))
        .order_by(run.c.finished_at.desc())
        .limit(latest)
    )
    found: dict[Work, dict[str, Pace]] = {}
    with db.read() as connection:
        rows = connection.execute(query).all()
    for config, device, optimizer, epochs, seconds in rows:
        own = found.setdefault(Work.of(json.loads(config), device), {})
        pace = Pace(max(0.0, float(seconds)), int(epochs), 1)
        own[optimizer] = own[optimizer] + pace if optimizer in own else pace
    return found

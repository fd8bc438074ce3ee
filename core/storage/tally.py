"""How far the runs of an experiment are, summed up by the database: cheap enough to ask for twice a second."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.storage.engine import Database
from core.storage.fencing import RunState
from core.storage.runs import Stage
from core.storage.tables import run


@dataclass(frozen=True, slots=True)
class Tally:
    """The runs of one stage in one state.

    Attributes:
        runs: how many there are.
        budget: sum of their budgets, in epochs.
        epochs: sum of the epochs that they have finished.
        seconds: sum of the times from start to end, of runs that have both.
        deaths: how many workers have died on them.
    """

    stage: Stage
    state: RunState
    runs: int
    budget: int
    epochs: int
    seconds: float
    deaths: int


def tally(db: Database, experiment_id: int) -> list[Tally]:
    """The runs of an experiment by stage and state; what does not occur is left out."""
    columns = (
        sa.func.count(),
        sa.func.sum(run.c.budget),
        sa.func.sum(run.c.epoch),
        sa.func.coalesce(sa.func.sum(run.c.finished_at - run.c.started_at), 0.0),
        sa.func.sum(run.c.deaths),
    )
    query = (
        sa.select(run.c.stage, run.c.state, *columns)
        .where(run.c.experiment_id == experiment_id)
        .group_by(run.c.stage, run.c.state)
        .order_by(run.c.stage, run.c.state)
    )
    with db.read() as connection:
        return [
            Tally(stage, state, runs, int(budget), int(epochs), float(seconds), int(deaths))
            for stage, state, runs, budget, epochs, seconds, deaths in connection.execute(query)
        ]

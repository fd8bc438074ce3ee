"""Planned runs into the queue of the database."""

from __future__ import annotations

from collections.abc import Sequence

from core.plan import RunPlan
from core.storage.engine import Database
from core.storage.runs import NewRun, add_runs


def enqueue(db: Database, experiment_id: int, planned: Sequence[RunPlan], trial_id: int | None = None) -> int:
    """Add runs that are not there yet; returns how many were new. Ids are content hashes, so this may be repeated."""
    return add_runs(
        db,
        [
            NewRun(
                id=run.id,
                experiment_id=experiment_id,
                stage=run.stage,
                study=run.study,
                optimizer=run.optimizer,
                scheduler=run.scheduler,
                trial=run.trial,
                trial_id=trial_id,
                seed=run.seed,
                budget=run.budget,
                config=run.config,
                position=run.position,
            )
            for run in planned
        ],
    )

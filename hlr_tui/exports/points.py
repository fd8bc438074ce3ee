"""The rows of the formats that hold points: one row per recorded point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COLUMNS: dict[str, type] = {
    "experiment": str,
    "study": str,
    "optimizer": str,
    "scheduler": str,
    "trial": int,
    "budget": int,
    "seed": int,
    "metric": str,
    "step": int,
    "value": float,
    "stage": str,
    "unit": str,
    "run": str,
    "state": str,
}
"""Name of a column → type of its values; `trial` is None outside a search."""


def rows(db: Any, experiment: Any) -> Iterator[dict[str, Any]]:
    """A row per point, read run by run while they are consumed; ordered by run, metric and step."""
    from core.storage.reader import points_of
    from core.storage.runs import runs_of

    runs = {run.id: run for run in runs_of(db, experiment.id)}
    for point in points_of(db, experiment.id):
        run = runs.get(point.run_id)
        if run is None:
            continue  # queued after the list of runs was read
        yield {
            "experiment": experiment.name,
            "study": run.study,
            "optimizer": run.optimizer,
            "scheduler": run.scheduler,
            "trial": run.trial,
            "budget": run.budget,
            "seed": run.seed,
            "metric": point.metric,
            "step": point.step,
            "value": point.value,
            "stage": run.stage,
            "unit": point.unit,
            "run": run.id,
            "state": run.state,
        }

"""What the home screen shows: how far every experiment is, and its best method so far."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    from core.analysis.progress import Progress
    from core.storage.experiments import Experiment
    from hlr_tui.desk import Desk

RESULTS_SECONDS = 0.3
"""How long one look may spend on results; what is left over is read at the next look."""

RESULTS_SHARE = 0.05
"""Share of the time that reading the results of one experiment may take while it trains."""


@dataclass(frozen=True, slots=True)
class Place:
    """One method in a ranking.

    Attributes:
        method: ``AdamW + EH``.
        value: mean objective over seeds, or the objective of the best trial.
        std: sample standard deviation over seeds, None where there is none.
    """

    method: str
    value: float
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Methods in order, the best first; `basis` says what the order is by."""

    places: tuple[Place, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment. `ranking` is None until its results have been read."""

    progress: Progress
    ranking: Ranking | None

    @property
    def name(self) -> str:
        return self.progress.experiment.name

    @property
    def state(self) -> str:
        return "abandoned" if self.progress.abandoned else self.progress.experiment.state

    @property
    def active(self) -> bool:
        return self.state in ("running", "stopping")

    @property
    def ended_runs(self) -> int:
        return sum(stage.ended_runs for stage in self.progress.stages)

    @property
    def planned_runs(self) -> int:
        return sum(stage.planned_runs for stage in self.progress.stages)


@dataclass(slots=True)
class _Known:
    """What has been read of an experiment, and what it was read from."""

    progress: Progress
    state: tuple[object, ...]
    ranking: Ranking | None = None
    ranked: tuple[object, ...] = ()
    next_reading: float = 0.0


class Overview:
    """Looks at every experiment again and again; what has not changed is not read again. One look at a time.

    Args:
        desk: the engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[int, _Known] = {}

    def look(self, *, rank: bool = True) -> list[Entry]:
        """Every experiment, the newest first; empty where there is no database yet.

        Args:
            rank: read results, too, which may take a second where an experiment has thousands of runs.

        Raises:
            StorageError: the database is out of reach.
        """
        if not self._desk.exists():
            return []
        experiments = self._desk.experiments()
        self._known = {one.id: self._progress(one) for one in experiments}
        end = time.monotonic() + RESULTS_SECONDS
        for one in experiments if rank else ():
            if time.monotonic() < end:
                self._rank(self._known[one.id])
        return [Entry(known.progress, known.ranking) for known in self._known.values()]

    def _progress(self, experiment: Experiment) -> _Known:
        from core.analysis.progress import look

        state = (experiment.state, experiment.updated_at, experiment.conductor)
        known = self._known.get(experiment.id)
        if known is not None and known.state == state and experiment.state not in ("running", "stopping"):
            return known
        progress = look(self._desk.db(), experiment)
        if known is None:
            return _Known(progress, state)
        known.progress, known.state = progress, state
        return known

    def _rank(self, known: _Known) -> None:
        from core.analysis.results import result_document

        progress = known.progress
        ended = (progress.experiment.state, *(progress.runs[state] for state in ("complete", "diverged", "pruned")))
        began = time.monotonic()
        if known.ranked == ended or (began < known.next_reading and progress.experiment.state == "running"):
            return
        try:
            known.ranking = ranking(result_document(self._desk.db(), progress.experiment))
        except UsageError:  # it has been deleted meanwhile; the next look will not find it
            return
        known.ranked = ended
        known.next_reading = time.monotonic() + (time.monotonic() - began) / RESULTS_SHARE


def ranking(document: Mapping[str, Any]) -> Ranking:
    """Methods by their mean objective at the largest budget that has one; before there is a comparison, by the best
    trial of their search."""
    rows = [row for row in document["comparison"] if row["mean"] is not None]
    if rows:
        budget = max(row["budget"] for row in rows)
        rows = sorted((row for row in rows if row["budget"] == budget), key=lambda row: row["mean"])
        places = tuple(Place(row["method"], row["mean"], row["std"]) for row in rows)
        return Ranking(places, f"{rows[0]['metric']} at {budget} epochs, mean ± std over seeds")
    from core.analysis.results import method_label

    studies = sorted((one for one in document["studies"] if one["best"]), key=lambda one: one["best"]["value"])
    places = tuple(Place(method_label(one["optimizer"], one["scheduler"]), one["best"]["value"]) for one in studies)
    return Ranking(places, "val_loss of the best trial" if places else "")


def age_text(seconds: float) -> str:
    """``now``, ``5 min``, ``3 h``, ``12 d``"""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def free_name(name: str, taken: set[str]) -> str:
    """``name-2``, or with the next number that no experiment has."""
    stem, _, tail = name.rpartition("-")
    stem = stem if stem and tail.isdecimal() else name
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"

"""The runs of an experiment as the monitor needs them: read once, then only what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.storage.engine import Database
    from core.storage.fencing import RunState
    from core.storage.runs import Stage

RECENT_SECONDS = 5.0
"""Runs that ended so shortly before the newest known end are read again: clocks of hosts differ a little."""

_AT_ONCE = 500
"""Ids in one statement; databases limit how many values it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run without its configuration, results and messages: thousands of them are quick to read."""

    id: str
    stage: Stage
    optimizer: str
    scheduler: str
    trial: int | None
    seed: int
    budget: int
    position: int
    state: RunState
    attempt: int
    worker_id: str | None
    device: str | None
    epoch: int
    value: float | None
    created_at: float
    started_at: float | None
    finished_at: float | None

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


class Roster:
    """Every run of an experiment by id. For one thread at a time.

    A refresh reads the runs that train, those that trained at the last one, and those that have come or ended since.
    The numbers by state, from the same transaction, tell whether that was all; if not, everything is read again.
    """

    def __init__(self, db: Database, experiment_id: int) -> None:
        self._db = db
        self._experiment_id = experiment_id
        self._rows: dict[str, RunRow] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[RunRow]:
        return iter(self._rows.values())

    def get(self, run_id: str) -> RunRow | None:
        return self._rows.get(run_id)

    def refresh(self) -> set[str]:
        """Read what has changed.

        Returns:
            Ids of the runs whose curves may have lost points: another state, another attempt, or fewer epochs.

        Raises:
            StorageError: the database is out of reach.
        """
        import sqlalchemy as sa

        from core.storage.tables import run

        mine = run.c.experiment_id == self._experiment_id
        with self._db.read() as connection:
            numbers = sa.select(run.c.state, sa.func.count()).where(mine).group_by(run.c.state)
            counted = {row[0]: row[1] for row in connection.execute(numbers)}
            old = self._rows
            changed: list[RunRow] = []
            if old:
                changed = self._read(connection, sa.and_(mine, self._fresh(sa, run)))
                seen = {row.id for row in changed}
                were = [row.id for row in old.values() if row.state == "running" and row.id not in seen]
                for start in range(0, len(were), _AT_ONCE):
                    changed += self._read(connection, run.c.id.in_(were[start : start + _AT_ONCE]))
            rows = old | {row.id: row for row in changed}
            if Counter(row.state for row in rows.values()) != counted:
                changed = sorted(self._read(connection, mine), key=lambda row: (row.position, row.id))
                rows = {row.id: row for row in changed}
        self._rows = rows
        return {row.id for row in changed if row.id in old and _may_have_lost_points(old[row.id], row)}

    def _fresh(self, sa: Any, run: Any) -> Any:
        created = max(row.created_at for row in self)
        finished = max((row.finished_at for row in self if row.finished_at is not None), default=0.0)
        return sa.or_(
            run.c.state == "running", run.c.created_at > created, run.c.finished_at > finished - RECENT_SECONDS
        )

    def _read(self, connection: Any, where: Any) -> list[RunRow]:
        import sqlalchemy as sa

        from core.storage.tables import run

        names = [field.name for field in fields(RunRow)]
        found = connection.execute(sa.select(*(run.c[name] for name in names)).where(where))
        return [RunRow(**dict(zip(names, row, strict=True))) for row in found]


def _may_have_lost_points(before: RunRow, now: RunRow) -> bool:
    return before.state != now.state or before.attempt != now.attempt or now.epoch < before.epoch

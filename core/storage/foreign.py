"""Trials of other programs in our studies, as those of the paper's experiment code."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.search import MARK, is_ours
from core.storage.engine import Database, optuna_storage

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

_studies = sa.table("studies", sa.column("study_id"), sa.column("study_name"))
_trials = sa.table("trials", sa.column("trial_id"), sa.column("study_id"), sa.column("state"))
_attributes = sa.table("trial_system_attributes", sa.column("trial_id"), sa.column("key"))


def shared_studies(db: Database, names: Collection[str]) -> list[str]:
    """Those of the studies `names` that hold a trial which we did not ask, in the order of `names`. Cheap: Optuna,
    which takes a quarter of a second to load, need be asked only about studies that are named here."""
    found = _count(db, names, sa.true())
    return [name for name in names if name in found]


def ended_elsewhere(db: Database, names: Collection[str]) -> dict[str, int]:
    """How many trials that we did not ask have ended with a result, by study; as cheap."""
    # A text in SQLite and an enumeration in PostgreSQL, which compares with nothing but itself.
    return _count(db, names, sa.cast(_trials.c.state, sa.Text).in_(["COMPLETE", "PRUNED"]))


def _count(db: Database, names: Collection[str], which: sa.ColumnElement[bool]) -> dict[str, int]:
    marked = sa.exists().where(_attributes.c.trial_id == _trials.c.trial_id, _attributes.c.key == MARK)
    query = (
        sa.select(_studies.c.study_name, sa.func.count())
        .join(_trials, _trials.c.study_id == _studies.c.study_id)
        .where(_studies.c.study_name.in_(names), ~marked, which)
        .group_by(_studies.c.study_name)
    )
    with db.read() as connection:
        if not sa.inspect(connection).has_table("trials"):
            return {}
        return {str(name): int(number) for name, number in connection.execute(query)}


def foreign_trials(db: Database, names: Collection[str]) -> dict[str, list[FrozenTrial]]:
    """The trials that we did not ask, by study and in the order of their numbers; studies without any are left out.

    Raises:
        StorageError: Optuna's tables are of a version that the installed Optuna cannot use.
    """
    shared = shared_studies(db, names)
    if not shared:
        return {}
    import optuna

    storage = optuna_storage(db)
    found = {}
    for name in shared:
        trials = optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
        found[name] = [trial for trial in trials if not is_ours(trial)]
    return found

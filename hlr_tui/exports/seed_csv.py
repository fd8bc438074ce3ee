"""Learning curves in the files that the original's tools read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.analysis.original import seed_csvs


def files(db: Any, experiment: Any, optimizer: str | None = None) -> Mapping[str, str]:
    """The text of ``Result_{Dataset}_{Model}-{Code}.csv`` of each method, by file name.

    Args:
        optimizer: the code of the one to write; needed where several share a scheduler, since the name has no place
            for it.
    """
    return seed_csvs(db, experiment, optimizer)

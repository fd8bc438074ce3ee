"""Points as CSV."""

from __future__ import annotations

import csv
from typing import Any, TextIO

from hlr_tui.exports.points import COLUMNS, rows


def write(db: Any, experiment: Any, file: TextIO) -> None:
    """A header and one line per point; numbers in full precision, an absent trial as nothing."""
    writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(db, experiment))

"""Points as one JSON document, a list of objects."""

from __future__ import annotations

import json
from typing import Any, TextIO

from hlr_tui.exports.points import rows
from hlr_tui.output import plain


def write(db: Any, experiment: Any, file: TextIO) -> None:
    """An object per point, on a line of its own; NaN and ±inf are the strings "nan", "inf" and "-inf"."""
    file.write("[")
    for number, row in enumerate(rows(db, experiment)):
        file.write(("\n" if number == 0 else ",\n") + json.dumps(plain(row), allow_nan=False))
    file.write("\n]\n")

"""Results in the layout of the original's ``results_{project}.json``."""

from __future__ import annotations

import json
from typing import Any, TextIO

from core.analysis.original import results_json
from hlr_tui.output import plain


def write(db: Any, experiment: Any, file: TextIO, optimizer: str | None = None) -> None:
    """One JSON document; NaN and ±inf are the strings "nan", "inf" and "-inf".

    Args:
        optimizer: see `hlr_tui.exports.seed_csv.files`.
    """
    json.dump(plain(results_json(db, experiment, optimizer)), file, indent=2, allow_nan=False)
    file.write("\n")


def default_name(experiment: Any) -> str:
    """The name of the file in a folder; the original's project is our experiment."""
    return f"results_{experiment.name}.json"

"""What `hlr-tui export` writes: one file per format.

A text or binary format is a module with ``write(db, experiment, file)``; a folder format has ``files(db, experiment)``,
the text of each file by its name. Formats whose names have no place for an optimizer take ``optimizer=`` besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        module: the file under `hlr_tui.exports` that writes it; imported when it is asked for.
        kind: what comes out: a text, bytes that no terminal can show, or a folder of texts.
        summary: its line in the help.
        one_optimizer: it goes by schedulers alone, so that one optimizer must be chosen where there are several.
    """

    module: str
    kind: Literal["text", "binary", "folder"]
    summary: str
    one_optimizer: bool = False


FORMATS = {
    "csv": Format("points_csv", "text", "one row per point"),
    "json": Format("points_json", "text", "the same rows as objects"),
    "parquet": Format("points_parquet", "binary", "the same rows, typed and compressed"),
    "seed-csv": Format("seed_csv", "folder", "a file Result_{Dataset}_{Model}-{Code}.csv per method", True),
    "latex": Format("latex", "text", "the tables of results, for booktabs"),
    "markdown": Format("markdown", "text", "the tables of results"),
    "results-json": Format("results_json", "text", "best trials and final losses as in results_{project}.json", True),
}

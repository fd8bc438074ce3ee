"""Seed CSV files into experiments of mode "import"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.analysis.original import ACCURACY, lr_free
from core.analysis.results import OBJECTIVE
from core.analysis.seed_csv import STATISTICS, SeedFile, read_seed_csv
from core.errors import UsageError, show
from core.spec.sections import NAME_PATTERN
from core.storage.engine import Database
from core.storage.imports import ImportedExperiment, ImportedRun, add_imported


@dataclass(slots=True)
class Import:
    """The files of one data set and model, which become one experiment."""

    name: str
    label: str
    files: list[SeedFile] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return list(dict.fromkeys(file.code for file in self.files))

    def runs(self) -> list[ImportedRun]:
        """One run for each method, budget and file; the metrics of runs of one method and budget add up."""
        found = []
        for file in self.files:
            metric = ACCURACY if file.accuracy else OBJECTIVE
            free = lr_free(file.code)
            for budget, curve in file.curves.items():
                values = zip(STATISTICS, (curve.mean, curve.low, curve.high), strict=True)
                found.append(
                    ImportedRun(
                        study=f"{self.name}-{file.code}",
                        optimizer=file.code if free else "",  # the files do not say it
                        scheduler="N" if free else file.code,
                        budget=budget,
                        metrics={metric + ending: curve for ending, curve in values},
                    )
                )
        return found


def read_imports(paths: Sequence[Path], name: str | None = None) -> list[Import]:
    """Read seed CSV files, one import for each data set and model.

    Args:
        name: of the experiment; its data set and model by default.

    Raises:
        UsageError: a file is not of that form, or `name` is not legal or would have to name several experiments.
    """
    if name is not None and not re.fullmatch(NAME_PATTERN, name):
        legal = "must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first"
        raise UsageError(f"--name {show(name)}: {legal}")
    imports: dict[str, Import] = {}
    for file in map(read_seed_csv, paths):
        imports.setdefault(file.label, Import(name or file.label, file.label)).files.append(file)
    if name is not None and len(imports) > 1:
        raise UsageError(f"--name {name}: the files are of {' and '.join(imports)}; import each by itself")
    return list(imports.values())


def store_imports(db: Database, imports: Sequence[Import], workspace: str = "") -> list[int]:
    """Write them, all or none; what is there already stays. The number of new series of each, three to a curve.

    Raises:
        UsageError: an experiment of that name holds something else, or other values for the same curve.
    """
    made = [ImportedExperiment(name=each.name, label=each.label, runs=each.runs()) for each in imports]
    return add_imported(db, made, OBJECTIVE, workspace)

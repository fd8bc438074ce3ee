"""Learning curves over seeds as CSV files, in the form that the analysis programs of the paper read.

A file ``Result_{Dataset}_{Model}-{Code}.csv`` holds one method: a column ``epoch``, and for each budget N the mean, the
lowest and the highest value over seeds in ``{Code}{N}_val_loss``, ``…_min`` and ``…_max``; cells past a budget are
empty. Files of accuracies have ``_ACC`` after the model and, as in the paper's data, the same names of columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import UsageError, show

STATISTICS = ("", "_min", "_max")
"""Endings of the columns of one budget: mean, lowest and highest value over seeds."""

_NAME = re.compile(r"Result_(?P<label>[A-Za-z0-9][A-Za-z0-9._-]*?)(?P<acc>_ACC)?-(?P<code>[A-Za-z][A-Za-z0-9_]*)\.csv")


@dataclass(frozen=True, slots=True)
class SeedCurve:
    """A learning curve over seeds; every list has one value per epoch."""

    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, slots=True)
class SeedFile:
    """One method of one data set and model.

    Attributes:
        label: data set and model, ``CIFAR10_CNN``.
        code: the scheduler, or an LR-free optimizer.
        accuracy: the values are shares of right answers, not losses.
        curves: by budget, in epochs.
    """

    label: str
    code: str
    accuracy: bool
    curves: Mapping[int, SeedCurve]

    @property
    def name(self) -> str:
        return f"Result_{self.label}{'_ACC' if self.accuracy else ''}-{self.code}.csv"

    def text(self) -> str:
        """What the file holds; numbers are written so that reading gives the same floats."""
        budgets = sorted(self.curves)
        header = [f"{self.code}{budget}_val_loss{ending}" for budget in budgets for ending in STATISTICS]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["epoch", *header])
        for index in range(budgets[-1]):
            cells = []
            for curve in (self.curves[budget] for budget in budgets):
                cells += [repr(x[index]) if index < len(x) else "" for x in (curve.mean, curve.low, curve.high)]
            writer.writerow([index + 1, *cells])
        return out.getvalue()


def read_seed_csv(path: Path) -> SeedFile:
    """Read one file.

    Raises:
        UsageError: it cannot be read, or is not of that form; the message names line and column.
    """
    named = _NAME.fullmatch(path.name)
    if named is None:
        raise UsageError(
            f"{path}: must be named Result_DATASET_MODEL-CODE.csv, or Result_DATASET_MODEL_ACC-CODE.csv for accuracies"
        )
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise UsageError(f"{path}: is not CSV: {error}") from error
    curves = _Reader(path, named["code"], rows).curves()
    return SeedFile(named["label"], named["code"], named["acc"] is not None, curves)


class _Reader:
    def __init__(self, path: Path, code: str, rows: Sequence[Sequence[str]]) -> None:
        self.path, self.code, self.rows = path, code, rows

    def wrong(self, line: int, column: str, message: str) -> UsageError:
        return UsageError(f"{self.path}: line {line}, column {show(column)}: {message}")

    def curves(self) -> dict[int, SeedCurve]:
        columns = self._columns()
        body = self.rows[1:]
        while body and not body[-1]:
            body = body[:-1]  # blank lines at the end
        for number, row in enumerate(body, start=1):
            if len(row) != len(self.rows[0]):
                raise self.wrong(number + 1, "epoch", f"the line has {len(row)} cells, not {len(self.rows[0])}")
            if row[0].strip() != str(number):
                raise self.wrong(number + 1, "epoch", f"must be {number}, but is {show(row[0])}")
        longest = max(columns)
        if len(body) != longest:
            raise self.wrong(len(body) + 1, "epoch", f"the last epoch must be {longest}, the largest budget")
        return {
            budget: SeedCurve(*(self._values(body, at, budget) for at in places)) for budget, places in columns.items()
        }

    def _columns(self) -> dict[int, list[int]]:
        """Budget → where its mean, lowest and highest value stand."""
        header = self.rows[0] if self.rows else []
        if not header or header[0] != "epoch":
            raise self.wrong(1, header[0] if header else "", 'the first column must be "epoch"')
        found: dict[int, dict[str, int]] = {}
        for at, column in enumerate(header[1:], start=1):
            parts = re.fullmatch(re.escape(self.code) + r"([1-9]\d{0,6})_val_loss(|_min|_max)", column)
            if parts is None:
                raise self.wrong(1, column, f"must be {self.code}N_val_loss, …_min or …_max with a budget N in epochs")
            places = found.setdefault(int(parts[1]), {})
            if parts[2] in places:
                raise self.wrong(1, column, "stands twice")
            places[parts[2]] = at
        for budget, places in found.items():
            for ending in STATISTICS:
                if ending not in places:
                    raise self.wrong(1, f"{self.code}{budget}_val_loss{ending}", "is missing")
        if not found:
            raise self.wrong(1, f"{self.code}50_val_loss", "is missing, and so is every other budget")
        return {budget: [found[budget][ending] for ending in STATISTICS] for budget in sorted(found)}

    def _values(self, body: Sequence[Sequence[str]], at: int, budget: int) -> list[float]:
        column, values = self.rows[0][at], []
        for line, row in enumerate(body, start=2):
            cell = row[at].strip()
            if line - 1 > budget:
                if cell:
                    raise self.wrong(line, column, f"must be empty past epoch {budget}, but is {show(cell)}")
                continue
            try:
                values.append(float(cell))
            except ValueError as error:
                raise self.wrong(line, column, f"must be a number, but is {show(cell)}") from error
        return values

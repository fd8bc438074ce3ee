"""The tables of a search: heads, and cells as texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hlr_tui.output import number_text
from hlr_tui.search_view.edges import edges
from hlr_tui.search_view.trials import Study, Trial
from hlr_tui.tables import value_text

LONGEST = 60
"""Letters of an error that stand in its row; the whole of it is shown with the trial."""

Row = tuple[str, ...]

SORTS = ("trial", "objective", "state")


def trial_heads(study: Study) -> list[str]:
    return ["trial", "objective", "state", "epochs", *study.parameters, "note"]


class TrialRows:
    """Makes the rows of trials, and keeps those of trials that have not changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[Trial, bool, Row]] = {}

    def of(self, study: Study, sort: str = "trial") -> dict[str, Row]:
        """Cells by trial number, in the order asked for."""
        orders: dict[str, Callable[[Trial], Any]] = {
            "trial": lambda trial: trial.number,
            "objective": lambda trial: (trial.value is None, trial.value or 0.0, trial.number),
            "state": lambda trial: (trial.state, trial.number),
        }
        best, parameters = study.best, study.parameters
        rows = {}
        for trial in sorted(study.trials, key=orders[sort]):
            leads, key = trial is best, (study.name, trial.number)
            was = self._known.get(key)
            if was is None or was[0] is not trial or was[1] != leads:
                self._known[key] = was = (trial, leads, _cells(parameters, trial, leads))
            rows[str(trial.number)] = was[2]
        return rows


def _cells(parameters: Sequence[str], trial: Trial, best: bool) -> Row:
    params = [value_text(trial.params[name]) if name in trial.params else "-" for name in parameters]
    epochs = "-" if trial.elsewhere else f"{trial.epoch}/{trial.budget}"
    value, state = "-", trial.state if not best else f"{trial.state}, best"
    if trial.value is not None:
        value = number_text(trial.value, 4)
    elif trial.guess is not None:
        value, state = f"~{number_text(trial.guess[0], 3)}", f"{state}, guess"
    return (str(trial.number), value, state, epochs, *params, note(trial))


def note(trial: Trial) -> str:
    """What else there is to know of a trial, in a few words."""
    parts = ["trained elsewhere"] if trial.elsewhere else []
    if trial.guess is not None:
        parts.append(guess_text(trial.guess))
    elif trial.state in ("running", "pruned", "diverged") and trial.latest is not None:
        parts.append(f"last loss {number_text(trial.latest, 3)}")
    if trial.state == "failed" and trial.error:
        line = trial.error.splitlines()[0]
        parts.append(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…")
    return ", ".join(parts)


def guess_text(guess: Sequence[float]) -> str:
    """``guess 0.081 (0.07 … 0.1)``"""
    middle, low, high = (number_text(value, 3) for value in guess)
    return f"guess {middle} ({low} … {high})"


STUDY_HEADS = ("", "method", "trials", "best")

BEST_OF_ALL, EDGE = "★", "!"
"""Marks of a study: it holds the best trial of all, and its best trial sits at the edge of a range."""


def study_rows(studies: Sequence[Study], best: Study | None, *, ascii: bool = False) -> dict[str, list[str]]:
    """Cells by name of the study.

    Args:
        best: the study with the best trial of all.
    """
    rows = {}
    for study in studies:
        own, number = study.best, len(study.trials)
        wanted = "" if study.wanted is None else f"/{study.wanted}"
        value = "-" if own is None or own.value is None else number_text(own.value, 3)
        mark = ("*" if ascii else BEST_OF_ALL) if best is not None and study.name == best.name else " "
        mark += EDGE if edges(study) else " "
        rows[study.name] = [mark, study.method, f"{number}{wanted}", value]
    return rows


def by_best(studies: Sequence[Study]) -> list[Study]:
    """The lowest objective first, those without one last."""

    def order(study: Study) -> tuple[bool, float]:
        best = study.best
        return (best is None, 0.0) if best is None or best.value is None else (False, best.value)

    return sorted(studies, key=order)

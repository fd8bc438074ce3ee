"""What the results screen reads of an experiment, and its first line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hlr_tui.results_view.rows import diverged_text

if TYPE_CHECKING:
    from core.storage.runs import Run
    from hlr_tui.desk import Desk


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to show, and what to do about it."""

    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """The result document, the runs behind it, and the spec file that repeats them, where it is still there."""

    document: dict[str, Any]
    runs: Sequence[Run]
    spec: Path | None


def read_results(desk: Desk, name: str) -> Found:
    """One look at an experiment; the document says ``diverged`` besides, like ``failures``.

    Raises:
        StorageError: the database is out of reach.
    """
    document, runs, spec = desk.results(name), desk.runs(name), desk.spec_path(name)
    document["diverged"] = [
        {"run": run.id, "study": run.study, "seed": run.seed, "log": run.log, "error": diverged_text(run)}
        for run in runs
        if run.state == "diverged"
    ]
    return Found(document, runs, spec if spec.exists() else None)


def heading(document: Mapping[str, Any]) -> str:
    """``compare, running · 12 runs: 10 complete, 2 running``"""
    runs = ", ".join(f"{number} {state}" for state, number in document["runs"].items() if number)
    return f"{document['mode']}, {document['state']} · {sum(document['runs'].values())} runs: {runs or 'none'}"


def missing(document: Mapping[str, Any]) -> str:
    """Why there is nothing to show, "" where there is something."""
    if document["comparison"] or document["failures"] or document["studies"]:
        return ""
    kind = "The best trials" if document["mode"] in ("optimize", "optimize-compare", "all") else "The ranking"
    then = "" if document["state"] == "running" else f" It is {document['state']}: resume it on screen 1."
    return f"Nothing has ended yet. {kind} will stand here as soon as the first run has ended.{then}"

"""One run in full, as lines of text."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hlr_tui.output import number_text
from hlr_tui.tables import duration_text

if TYPE_CHECKING:
    from core.storage.runs import Run


def details(run: Run) -> list[tuple[str, str]]:
    """What is known of a run, as pairs of a name and a text; texts may hold anything."""
    found = [("state", f"{run.state}, epoch {run.epoch} of {run.budget}")]
    if run.error:
        found.append(("error", run.error))
    where = " · ".join(part for part in (f"worker {run.worker_id}" if run.worker_id else "", run.device or "") if part)
    if where:
        found.append(("trained by", where))
    if run.attempt > 1 or run.deaths:
        died = {0: "", 1: ", a worker died on it"}.get(run.deaths, f", {run.deaths} workers died on it")
        found.append(("attempt", f"{run.attempt}{died}"))
    if run.started_at is not None:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started_at))
        took = "" if run.finished_at is None else f", took {duration_text(run.finished_at - run.started_at)}"
        found.append(("began", began + took))
    if run.results:
        found.append(("results", ", ".join(f"{name} {_text(value)}" for name, value in run.results.items())))
    found += [(name, text) for name, text in _flat(run.config)]
    found += [("study", run.study), ("id", run.id)]
    return found


def _flat(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``optimizer: AdamW (weight_decay 0.01)``: one line for each part of a configuration."""
    plain = []
    for name, value in config.items():
        if isinstance(value, Mapping) and "name" in value:
            params = ", ".join(f"{key} {_text(each)}" for key, each in dict(value.get("params", {})).items())
            yield name, f"{value['name']} ({params})" if params else str(value["name"])
        else:
            plain.append(f"{name} {_text(value)}")
    if plain:
        yield "training", ", ".join(plain)


def _text(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)

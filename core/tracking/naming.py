"""How a run is called in W&B: project, group, name, tags and keys in the manner of the original's experiments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.plan import Plan
from core.storage.reader import Point
from core.storage.runs import Run

LONGEST = 128
"""Characters in a project, a group or a name; W&B refuses more."""

LONGEST_TAG = 64

_WINDOWS = ("dtype", "mode", "hist", "pred")
"""Parameters of a task on sequences, which the original puts into group and tags."""

_KEYS = {"val_accuracy": "acc"}
"""Keys of W&B that differ from the name of the metric."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A run as W&B shows it.

    Attributes:
        id: the run's own id, by which it is found again.
        group: method, budget and hyper-parameters: the runs that differ in the seed alone.
        config: the run's configuration, with the model's and the searched parameters beside it by their bare names.
    """

    id: str
    project: str
    group: str
    name: str
    tags: tuple[str, ...]
    job_type: str
    config: dict[str, Any]


def identify(plan: Plan, experiment: str, run: Run) -> Identity:
    """How `run` of `experiment` is called."""
    task = run.config["task"]["params"]
    windows = [str(task[name]) for name in _WINDOWS] if all(name in task for name in _WINDOWS) else []
    data = [*windows[:2], "-".join(windows[2:])] if windows else []
    hparams = _hparams(plan, run)
    method = "_".join([run.optimizer, run.scheduler, *(["-".join(windows)] if windows else [])])
    group = f"{method}({run.budget})[" + "-".join(f"{name[0]}{_text(value)}" for name, value in hparams.items()) + "]"
    seed = f"[{run.seed}]"
    group = _short(group, LONGEST - len(seed))
    tags = [*data, str(run.budget), run.optimizer, run.scheduler]
    return Identity(
        id=run.id,
        project=_project(plan, experiment, run),
        group=group,
        name=group + seed,
        tags=tuple(dict.fromkeys(tag[:LONGEST_TAG] for tag in tags)),
        job_type=run.stage,
        config=hparams
        | run.config
        | {"experiment": experiment, "study": run.study, "stage": run.stage, "trial": run.trial, "budget": run.budget},
    )


def _project(plan: Plan, experiment: str, run: Run) -> str:
    # Compared after a search: a project of its own, as in the original.
    suffix = "[Compare]" if run.stage == "compare" and run.trial is not None else ""
    project = re.sub(r"[/\\#?%:]", "-", plan.spec.tracking.project or experiment)  # W&B refuses these
    return _short(project, LONGEST - len(suffix)) + suffix


def _hparams(plan: Plan, run: Run) -> dict[str, Any]:
    """The model's parameters and, for a trial, those that its search has moved."""
    found: dict[str, Any] = dict(run.config["model"]["params"])
    space = next((study.space for study in plan.studies if study.name == run.study), {})
    if run.trial is not None:
        given = {"lr": run.config["lr"], **run.config["optimizer"]["params"], **run.config["scheduler"]["params"]}
        found |= {name: given[name] for name in space if name in given}
    return found


def _text(value: object) -> str:
    return f"{value:.4e}" if isinstance(value, float) else str(value)


def _short(text: str, most: int) -> str:
    """`text`, or its beginning with a digest, so that what differs stays apart."""
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{text[: most - len(digest) - 1]}~{digest}"


def rows(points: Iterable[Point]) -> dict[int, dict[str, float]]:
    """What is logged at each epoch, in rising order: every metric recorded by epoch, under W&B's key."""
    found: dict[int, dict[str, float]] = {}
    for point in points:
        if point.unit == "epoch":
            found.setdefault(point.step, {"epoch": point.step})[_KEYS.get(point.metric, point.metric)] = point.value
    return dict(sorted(found.items()))


def summary(run: Run) -> Mapping[str, Any]:
    """What W&B shows of an ended run beside its curves."""
    results = {_KEYS.get(name, name): value for name, value in run.results.items()}
    return results | {"state": run.state}

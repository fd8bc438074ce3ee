"""What is in the form, and the components that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.catalog import Shelf, called, catalog
from core.component import ModelInfo, OptimizerInfo, SchedulerInfo, TaskInfo
from core.spec.experiment import Document
from core.spec.files import LISTS
from core.spec.methods import NO_SCHEDULE
from core.spec.sections import ExperimentSection, MethodsSection

Part = SchedulerInfo | OptimizerInfo
Word = str | Document
"""A name in a list of the spec, or ``{"file": path}``."""

Raw = str | list[Word]
"""What a field holds: a text, or the words of a list; "all" stands for every word. "" is a field left empty."""

Values = Mapping[str, Raw]
"""What is in the form, by dotted key."""

OWN = "own file"
"""In place of the name of a task or model: its file is named in the field below."""


def text_in(values: Values, key: str) -> str:
    """The text of a field, "" where it is empty or holds a list."""
    raw = values.get(key, "")
    return raw if isinstance(raw, str) else ""


def mode_of(values: Values) -> str:
    return text_in(values, "experiment.mode") or ExperimentSection().mode


def name_of(values: Values) -> str:
    """The name of the experiment: what was typed, else made of task and mode."""
    task = component(values, "task")
    return text_in(values, "experiment.name") or f"{task.name if task else 'experiment'}-{mode_of(values)}"


def component(values: Values, section: str) -> TaskInfo | ModelInfo | None:
    """The record that [task] or [model] names; of a file only once its code has run."""
    shelf: Shelf[Any] = catalog().tasks if section == "task" else catalog().models
    word = text_in(values, f"{section}.name")
    found: TaskInfo | ModelInfo | None
    if word == OWN:
        found = from_file(shelf, text_in(values, f"{section}.file"))
        return found
    if not word and section == "model":
        task = component(values, "task")
        word = task.model if isinstance(task, TaskInfo) else ""
    found = called(word, shelf.all())
    return found


def from_file(shelf: Shelf[Any], path: str) -> Any:
    resolved = Path(path).expanduser().resolve()
    return next((info for info in shelf.all() if catalog().file_of(info) == resolved), None)


def parts_of(values: Values) -> list[Part]:
    """The records that the methods are made of: optimizers, schedulers, LR-free optimizers."""
    found: dict[str, Part] = {}
    for key in LISTS:
        for info in chosen(values, key):
            found[info.name] = info
    if chosen(values, "lr_free"):
        found.setdefault(NO_SCHEDULE, catalog().schedulers.get(NO_SCHEDULE))
    return list(found.values())


def chosen(values: Values, key: str) -> list[Part]:
    """The records that one list of [methods] names; unknown words are left out."""
    raw = values.get(f"methods.{key}", "")
    raw = default_words(key) if raw == "" else raw
    known = fitting(key)
    if raw == "all":
        return known
    shelf: Shelf[Any] = catalog().schedulers if key == "schedulers" else catalog().optimizers
    found: list[Part | None] = [
        from_file(shelf, word.get("file", "")) if isinstance(word, dict) else called(word, known) for word in raw
    ]
    return [info for info in found if info is not None]


def default_words(key: str) -> Raw:
    """What a list of [methods] holds where it is not given; `key` may have the section before it."""
    words: tuple[str, ...] = getattr(MethodsSection(), key.rpartition(".")[2])
    return "all" if words == ("all",) else list(words)


def fitting(key: str) -> list[Part]:
    if key == "schedulers":
        return [*catalog().schedulers.all()]
    return [info for info in catalog().optimizers.all() if info.lr_free == (key == "lr_free")]


def every_part() -> list[Part]:
    """Every record that a method may be made of."""
    return [*catalog().schedulers.all(), *catalog().optimizers.all()]

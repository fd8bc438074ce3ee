"""``--set KEY=VALUE``: single keys of a spec, given on the command line and laid over its document."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from core.catalog import called, catalog
from core.component import ModelInfo, OptimizerInfo, SchedulerInfo, TaskInfo, parameters_class
from core.errors import MISSING, Problem, SpecError
from core.params import Choice, Param, Text, Wholes, Words, params_of
from core.spec.experiment import Document
from core.spec.sections import SECTIONS

RULES = (
    "KEY has dots where the spec has tables (training.epochs, methods.params.EH.upper_bound, optimize.search.lr.low); "
    "VALUE is TOML, but a text needs no quotes and a list of names or whole numbers no brackets "
    "(methods.schedulers=EH,N); a list is given as a whole; of several values for one key the last holds"
)
"""How a setting is written, for the help."""

_NAME = Text(default=None, help="")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def lay_over(document: Document, settings: Sequence[str]) -> frozenset[str]:
    """Lay ``section.key=value`` settings over a document, later ones over earlier ones, and return their keys.

    Raises:
        SpecError: a setting is not written as `RULES` says, or its key leads through a value that is no table.
    """
    placed = []
    for setting in settings:
        keys, written = _parts(setting)
        keys = _as_written(document, keys)
        table = _table(document, keys, written)
        table[keys[-1]] = _plain(written)
        placed.append((table, keys, written))
    # What a key takes is known when all are there: [task] has the parameters of the task that a setting may name.
    for table, keys, written in placed:
        param = _declared(document, keys)
        if param is not None:
            table[keys[-1]] = _taken(".".join(keys), param, written)
    return frozenset(".".join(_by_code(keys)) for _, keys, _ in placed)


def _parts(setting: str) -> tuple[list[str], str]:
    """The names that a setting's key is made of, and the text of its value."""
    path, equals, written = setting.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys) or len(keys) < 2:
        legal = (
            "must be written section.key=value; the value is TOML, a text without quotes, or a list without brackets: "
            "methods.schedulers=EH,N"
        )
        raise SpecError("--set", [Problem(setting, MISSING, legal)])
    return keys, written.strip()


def _table(document: Document, keys: Sequence[str], written: str) -> Document:
    """The table that holds the last of `keys`; missing ones are made."""
    table = document
    for depth, key in enumerate(keys[:-1], start=1):
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            way = ".".join(keys[:depth])
            kind = "a list; give it as a whole" if isinstance(inner, list) else "not a table"
            raise SpecError("--set", [Problem(".".join(keys), _plain(written), f"{way} is {kind}: {way}=…")])
        table = inner
    return table


def _plain(written: str) -> Any:
    """`written` as TOML or as a number; as the text it is where it is neither."""
    value = _toml(written)
    if value is not MISSING:
        return value
    return float(written) if NUMBER.fullmatch(written) else written  # .5 and 1. are numbers, but not in TOML


def _toml(written: str) -> Any:
    """The value that `written` is in TOML, MISSING where it is none."""
    try:
        found = tomllib.loads(f"value = {written}")
    except (ValueError, RecursionError):
        return MISSING
    return found["value"] if len(found) == 1 else MISSING  # a second line could hold a second key


def _taken(key: str, param: Param, written: str) -> Any:
    """The value that `written` stands for where `param` is declared."""
    value = _toml(written)
    match param:
        case Text() | Choice():
            if value is MISSING and written[:1] in ('"', "'"):
                raise SpecError("--set", [Problem(key, written, "must be a text in quotes, or one without any")])
            return value if isinstance(value, str) else written  # 2024 and true are names, too
        case Words():
            if value is not MISSING:
                return value
            words = _items(written)
            return "all" if words == ["all"] else words if all(words) else written
        case Wholes():
            if value is MISSING:
                numbers = [_toml(item) for item in _items(written)]
                return written if MISSING in numbers else numbers
            single = isinstance(value, int) and not param.count  # else it means 1 … n
            return [value] if single else value
        case _:
            return _plain(written)


def _items(written: str) -> list[str]:
    """The items of a list without brackets, or of one whose quotes the shell has taken away."""
    inner = written[1:-1] if written[:1] + written[-1:] == "[]" else written
    return [item.strip().strip("\"'") for item in inner.split(",")]


def _declared(document: Document, keys: Sequence[str]) -> Param | None:
    """The declaration of the parameter that `keys` name; None where there is none, and for ranges of a search."""
    match keys:
        case ["task" | "model", "name" | "file"]:
            return _NAME
        case ["task" | "model" as section, key]:
            info = _component(document, section)
            return None if info is None else dict(params_of(parameters_class(info))).get(key)
        case ["methods", "params", word, key]:
            part = called(word, _method_parts())
            return None if part is None else dict(params_of(parameters_class(part))).get(key)
        case [section, key] if section in SECTIONS:
            return dict(params_of(SECTIONS[section])).get(key)
        case _:
            return None


def _component(document: Document, section: str) -> TaskInfo | ModelInfo | None:
    """The task or the model of a document; without a name, the model of the task."""
    name = document.get(section, {}).get("name")
    if section == "task":
        return called(str(name), catalog().tasks.all())
    if name is None:
        task = _component(document, "task") if isinstance(document.get("task", {}), dict) else None
        name = task.model if isinstance(task, TaskInfo) else None
    return called(str(name), catalog().models.all())


def _method_parts() -> list[SchedulerInfo | OptimizerInfo]:
    return [*catalog().schedulers.all(), *catalog().optimizers.all()]


def _as_written(document: Document, keys: list[str]) -> list[str]:
    """`keys` with the word that the document has for a scheduler or optimizer: its name, or its code in any case."""
    match keys:
        case ["methods", "params", word, _] | ["optimize", "search", word, _, *_]:
            table = document.get(keys[0], {})
            table = table.get(keys[1], {}) if isinstance(table, dict) else {}
            part = called(word, _method_parts())
            if isinstance(table, dict) and word not in table and part is not None:
                others = [other for other in table if called(other, [part]) is not None]
                return [*keys[:2], *(others or [word])[:1], *keys[3:]]
    return keys


def _by_code(keys: Sequence[str]) -> Sequence[str]:
    """`keys` as messages about [methods.params] write them, with the code of a part."""
    match keys:
        case ["methods", "params", word, key]:
            part = called(word, _method_parts())
            return keys if part is None else ["methods", "params", part.code, key]
    return keys

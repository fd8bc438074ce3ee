"""Every component by name or code: the built-in ones, installed plug-ins, and files in a plug-in folder."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from core.component import Info, MetricInfo, ModelInfo, OptimizerInfo, SchedulerInfo, TaskInfo, parameters_class
from core.errors import UsageError, did_you_mean, show
from core.metrics import METRICS
from core.user_code import blame, file_digest, load_user_file, run_file

PLUGINS_ENV = "HLR_PLUGINS"
"""Folders of plug-in files, separated as in PATH. Named by the user, never searched for: a file there runs."""

Records = dict[str, Info | MetricInfo]
"""The records of one file, by kind."""

AnyInfo = TypeVar("AnyInfo", bound=Info | MetricInfo)
InfoT = TypeVar("InfoT", SchedulerInfo, OptimizerInfo, ModelInfo, TaskInfo, MetricInfo)


class UnknownName(UsageError):
    """No component has that name; `legal` and `hint` say what would do."""

    def __init__(self, kind: str, word: str, codes: Sequence[str], names: Sequence[str]) -> None:
        self.legal = f"must be one of {', '.join(codes)}"
        self.hint = did_you_mean(word, codes) or did_you_mean(word, names)
        super().__init__(f"no {kind[:-1]} {show(word)}: {self.legal}" + (f" ({self.hint})" if self.hint else ""))


def called(word: str, infos: Sequence[AnyInfo]) -> AnyInfo | None:
    """The one of `infos` that has `word` for its name or code, ignoring case."""
    # Codes are short enough to be somebody else's name in another case, so an exact match goes first.
    for fold in (str, str.casefold):
        for info in infos:
            if fold(word) in (fold(info.code), fold(info.name)):
                return info
    return None


@dataclass(slots=True)
class Shelf(Generic[InfoT]):
    """The components of one kind, in a stable order."""

    kind: str
    by_name: dict[str, InfoT] = field(default_factory=dict)

    def add(self, info: InfoT, origin: str) -> None:
        self.refuse_taken(info, origin)
        self.by_name[info.name] = info

    def refuse_taken(self, info: Info | MetricInfo, origin: str) -> None:
        """
        Raises:
            UsageError: the name or the code of `info` is that of a component here.
        """
        for word in (info.name, info.code):
            other = called(word, self.all())
            if other is not None:
                shown = other.code if other.code == other.name else f"{other.code} ({other.name})"
                raise UsageError(f'{origin}: the name or code "{word}" is taken by {self.kind[:-1]} {shown}')

    def get(self, word: str) -> InfoT:
        """The component called `word`, by name or by code, ignoring case.

        Raises:
            UnknownName: nothing is called that.
        """
        info = called(word, self.all())
        if info is None:
            raise UnknownName(self.kind, word, self.codes(), list(self.by_name))
        return info

    def codes(self) -> list[str]:
        return [info.code for info in self.by_name.values()]

    def all(self) -> list[InfoT]:
        return list(self.by_name.values())

    def drop(self, info: Info | MetricInfo) -> None:
        self.by_name = {name: one for name, one in self.by_name.items() if one is not info}


@dataclass(slots=True)
class Catalog:
    schedulers: Shelf[SchedulerInfo] = field(default_factory=lambda: Shelf("schedulers"))
    optimizers: Shelf[OptimizerInfo] = field(default_factory=lambda: Shelf("optimizers"))
    models: Shelf[ModelInfo] = field(default_factory=lambda: Shelf("models"))
    tasks: Shelf[TaskInfo] = field(default_factory=lambda: Shelf("tasks"))
    metrics: Shelf[MetricInfo] = field(default_factory=lambda: Shelf("metrics"))
    _from_files: dict[Path, tuple[str, Records]] = field(default_factory=dict)
    _files: dict[int, tuple[Info | MetricInfo, Path]] = field(default_factory=dict)
    """By `id` of a record from a file: the record, which keeps the id its own, and the file."""

    def add(self, info: object, origin: str) -> None:
        """Put one record on its shelf.

        Raises:
            UsageError: it is no record, its name or code is not usable or taken, or its parameters are not declared
                in a dataclass.
        """
        if isinstance(info, (SchedulerInfo, OptimizerInfo, ModelInfo, TaskInfo, MetricInfo)):
            _refuse_unusable(info, origin)
        match info:
            case SchedulerInfo():
                self.optimizers.refuse_taken(info, origin)  # [methods.params] names both kinds
                self.schedulers.add(info, origin)
            case OptimizerInfo():
                self.schedulers.refuse_taken(info, origin)
                self.optimizers.add(info, origin)
            case ModelInfo():
                self.models.add(info, origin)
            case TaskInfo():
                self.tasks.add(info, origin)
            case MetricInfo():
                self.metrics.add(info, origin)
            case _:
                raise UsageError(f"{origin}: {info!r} is not the record of a component")

    def add_file(self, path: Path) -> Records:
        """Put the records of one file of the user's on their shelves; returns them by kind.

        The same text is added once; a file that has changed since replaces its former records. A record of another
        file that is called the same gives way: one process may read the specs of several experiments, and a copy of a
        folder is an experiment of its own.

        Raises:
            Untrusted: nobody has allowed its code to run.
            UsageError: it cannot be loaded, has no record, or one that is not usable.
        """
        file = load_user_file(path)
        digest, records = self._from_files.get(file.path, ("", {}))
        if digest == file.sha256:
            return records
        self._drop(records)
        records = _records_of(file.module, str(file.path))
        for other, (_, theirs) in list(self._from_files.items()):
            if other == file.path or shared_word(records, theirs):
                self._drop(theirs)
                del self._from_files[other]
        added: Records = {}
        try:
            for kind, info in records.items():
                self.add(info, str(file.path))
                added[kind] = info
        except UsageError:
            self._drop(added)
            raise
        self._files |= {id(info): (info, file.path) for info in records.values()}
        self._from_files[file.path] = (file.sha256, records)
        return records

    def note_plugin(self, path: Path, records: Records) -> None:
        """Remember the records of a plug-in file, so that a spec may name it as a file of its own, too."""
        self._from_files[path.resolve()] = (file_digest(path), records)

    def file_of(self, info: Info) -> Path | None:
        """The file of the user's that `info` came from by `add_file`; None for every other record."""
        found = self._files.get(id(info))
        return None if found is None else found[1]

    def _drop(self, records: Records) -> None:
        for info in records.values():
            for shelf in (self.schedulers, self.optimizers, self.models, self.tasks, self.metrics):
                shelf.drop(info)


def shared_word(one: Records, other: Records) -> str | None:
    """A name or code that records of two files both claim; None where they can stand side by side."""
    taken = {claim for kind, info in other.items() for claim in _claims(kind, info)}
    for kind, info in one.items():
        for place, word in _claims(kind, info):
            if (place, word) in taken:
                return info.name if word == info.name.casefold() else info.code
    return None


def _claims(kind: str, info: Info | MetricInfo) -> list[tuple[str, str]]:
    place = "methods" if kind in ("schedulers", "optimizers") else kind  # [methods.params] names both kinds
    return [(place, word.casefold()) for word in (info.name, info.code)]


def _refuse_unusable(info: Info | MetricInfo, origin: str) -> None:
    for word in (info.name, info.code):
        # They stand in study names, in TOML keys and in file names.
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word) or word == "all":
            legal = 'must be letters, digits and underscores, a letter first, and not "all"'
            raise UsageError(f"{origin}: the name or code {show(word)}: {legal}")
    if isinstance(info, MetricInfo):
        return
    cls = parameters_class(info)
    if not dataclasses.is_dataclass(cls):
        raise UsageError(f"{origin}: {cls.__name__} must be a dataclass: @dataclass(frozen=True, kw_only=True)")


RECORDS = {
    "schedulers": "SCHEDULER",
    "optimizers": "OPTIMIZER",
    "models": "MODEL",
    "tasks": "TASK",
    "metrics": "METRIC",
}
"""Kind of a component → the name of its record in a file."""


@cache
def catalog() -> Catalog:
    """All components of this process. Importing them loads neither torch nor numpy.

    Raises:
        UsageError: a plug-in cannot be loaded; the message names its file.
    """
    found = Catalog()
    for metric in METRICS:
        found.add(metric, metric.name)
    for kind, constant in RECORDS.items():
        if kind == "metrics":
            continue
        package = importlib.import_module(f"core.{kind}")
        order = getattr(package, "ORDER", ())
        names = [module.name for module in pkgutil.iter_modules(package.__path__)]
        for name in sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name)):
            module = importlib.import_module(f"core.{kind}.{name}")
            info: Info | None = getattr(module, constant, None)
            if info is not None:
                found.add(info, name)
    _add_installed(found)
    for folder in filter(None, os.environ.get(PLUGINS_ENV, "").split(os.pathsep)):
        _add_folder(found, Path(folder))
    return found


def _add_installed(found: Catalog) -> None:
    from importlib.metadata import entry_points

    for kind in RECORDS:
        for entry in sorted(entry_points(group=f"hlr_tui.{kind}"), key=lambda entry: entry.name):
            try:
                info = entry.load()
            except (Exception, SystemExit) as error:  # the user's own code: it may raise anything
                raise UsageError(f"plug-in {entry.name} ({entry.value}): {blame(error)}") from error
            found.add(info, f"plug-in {entry.name}")


def _add_folder(found: Catalog, folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"{PLUGINS_ENV} = {folder}: must name an existing folder")
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue  # what several plug-ins share
        records = _records_of(run_file(path), str(path))
        for info in records.values():
            found.add(info, str(path))
        found.note_plugin(path, records)


def _records_of(module: object, origin: str) -> Records:
    """The records that a file defines, by kind."""
    records = {kind: getattr(module, constant) for kind, constant in RECORDS.items() if hasattr(module, constant)}
    if not records:
        raise UsageError(f"{origin}: defines none of {', '.join(RECORDS.values())}")
    return records

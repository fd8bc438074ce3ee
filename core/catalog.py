"""Every component by name or code: the built-in ones, installed plug-ins, and files in a plug-in folder."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from core.component import Info, ModelInfo, OptimizerInfo, SchedulerInfo, TaskInfo
from core.errors import UsageError, did_you_mean

PLUGINS_ENV = "HLR_PLUGINS"
"""Folders of plug-in files, separated as in PATH. Named by the user, never searched for: a file there runs."""

InfoT = TypeVar("InfoT", SchedulerInfo, OptimizerInfo, ModelInfo, TaskInfo)


class UnknownName(UsageError):
    """No component has that name; `legal` and `hint` say what would do."""

    def __init__(self, kind: str, word: str, known: list[str]) -> None:
        self.legal = f"must be one of {', '.join(known)}"
        self.hint = did_you_mean(word, known)
        super().__init__(f'no {kind[:-1]} "{word}": {self.legal}' + (f" ({self.hint})" if self.hint else ""))


@dataclass(slots=True)
class Shelf(Generic[InfoT]):
    """The components of one kind, in a stable order."""

    kind: str
    by_name: dict[str, InfoT] = field(default_factory=dict)

    def add(self, info: InfoT, origin: str) -> None:
        for word in {info.name, info.code}:
            other = self._find(word)
            if other is not None:
                raise UsageError(
                    f'{origin}: the name or code "{word}" is already taken by {self.kind[:-1]} "{other.name}"'
                )
        self.by_name[info.name] = info

    def get(self, word: str) -> InfoT:
        """The component called `word`, by name or by code, ignoring case.

        Raises:
            UnknownName: nothing is called that.
        """
        info = self._find(word)
        if info is None:
            raise UnknownName(self.kind, word, self.codes())
        return info

    def _find(self, word: str) -> InfoT | None:
        # Codes are short enough to be somebody else's name in another case, so an exact match goes first.
        for fold in (str, str.casefold):
            for info in self.by_name.values():
                if fold(word) in (fold(info.code), fold(info.name)):
                    return info
        return None

    def codes(self) -> list[str]:
        return [info.code for info in self.by_name.values()]

    def all(self) -> list[InfoT]:
        return list(self.by_name.values())


@dataclass(slots=True)
class Catalog:
    schedulers: Shelf[SchedulerInfo] = field(default_factory=lambda: Shelf("schedulers"))
    optimizers: Shelf[OptimizerInfo] = field(default_factory=lambda: Shelf("optimizers"))
    models: Shelf[ModelInfo] = field(default_factory=lambda: Shelf("models"))
    tasks: Shelf[TaskInfo] = field(default_factory=lambda: Shelf("tasks"))

    def add(self, info: object, origin: str) -> None:
        """Put one record on its shelf.

        Raises:
            UsageError: it is no record, or its name or code is taken.
        """
        match info:
            case SchedulerInfo():
                self.schedulers.add(info, origin)
            case OptimizerInfo():
                self.optimizers.add(info, origin)
            case ModelInfo():
                self.models.add(info, origin)
            case TaskInfo():
                self.tasks.add(info, origin)
            case _:
                raise UsageError(f"{origin}: {info!r} is not the record of a component")


RECORDS = {"schedulers": "SCHEDULER", "optimizers": "OPTIMIZER", "models": "MODEL", "tasks": "TASK"}


@cache
def catalog() -> Catalog:
    """All components of this process. Importing them loads neither torch nor numpy.

    Raises:
        UsageError: a plug-in cannot be loaded; the message names its file.
    """
    found = Catalog()
    for kind, constant in RECORDS.items():
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
            except Exception as error:  # the user's own code: it may raise anything
                raise UsageError(f"plug-in {entry.name} ({entry.value}): {type(error).__name__}: {error}") from error
            found.add(info, f"plug-in {entry.name}")


def _add_folder(found: Catalog, folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"{PLUGINS_ENV} = {folder}: must name an existing folder")
    for path in sorted(folder.glob("*.py")):
        module_name = f"hlr_plugin_{path.stem}"
        spec = importlib.util.spec_from_file_location(module_name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module  # dataclasses look their module up there
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the user's own code: it may raise anything
            raise UsageError(f"{path}: {type(error).__name__}: {error}") from error
        records = [getattr(module, constant) for constant in RECORDS.values() if hasattr(module, constant)]
        if not records:
            raise UsageError(f"{path}: defines none of {', '.join(RECORDS.values())}")
        for info in records:
            found.add(info, str(path))

"""Workspace, database and data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.errors import EnvironmentFailure, printable
from core.storage import inspection, mounts, tables
from hlr_tui.doctor.finding import Finding, State, size_text
from hlr_tui.settings import Settings

_LITTLE_SPACE = 1024**3
_NO_SPACE = 50 * 1024**2


def check_workspace(settings: Settings) -> Iterator[Finding]:
    """Whether run folders and logs can be written, and how much fits."""
    workspace = settings.workspace
    folder = mounts.nearest_folder(workspace / "runs")
    there = "" if workspace.is_dir() else ", made by the first experiment"
    if workspace.exists() and not workspace.is_dir():
        yield Finding("failed", "workspace", f"{workspace} is no folder", "name another one with --workspace")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        todo = f"make {folder} writable for you, or name another folder with --workspace"
        yield Finding("failed", "workspace", f"{workspace}: {folder} cannot be written", todo)
        return
    free = shutil.disk_usage(folder).free
    kind = mounts.file_system(folder, mounts.mounted()) or "unknown file system"
    text = f"{workspace} ({kind}, {size_text(free)} free{there})"
    state: State = "failed" if free < _NO_SPACE else "warning" if free < _LITTLE_SPACE else "ok"
    yield Finding(state, "workspace", text, "" if state == "ok" else "free some space: checkpoints and points need it")


def check_storage(settings: Settings) -> Iterator[Finding]:
    """Whether the database can be used, is whole, and has tables that this release and this Optuna know."""
    path = inspection.sqlite_path(settings.storage)
    if path is not None:
        trouble = _file_trouble(path)
        if trouble is not None:
            yield trouble
            return
        if not path.exists():
            yield Finding("ok", "storage", f"{path}, made by the first experiment")
            return
    try:
        found = inspection.inspect_database(settings.storage)
        damaged = inspection.damage(path) if path is not None else ""
    except EnvironmentFailure as error:
        text, _, todo = str(error).partition("; ")
        unsettled = isinstance(error, inspection.Unsettled)
        yield Finding("warning" if unsettled else "failed", "storage", text, todo)
        return
    size = f", {size_text(found.size)}" if path is not None else ""
    text = f"{found.shown}{size}; experiments: {found.experiments}, runs: {found.runs}, studies: {found.studies}"
    if damaged:
        todo = f"restore a copy, or save what is left with: sqlite3 {found.shown} .recover"
        yield Finding("failed", "storage", f"{text}; damaged: {damaged}", todo)
        return
    unchecked = "; too large to check for damage here" if damaged is None else ""
    yield Finding("ok", "storage", text + unchecked)
    yield from _versions(found)


def _file_trouble(path: Path) -> Finding | None:
    folder = mounts.nearest_folder(path)
    network = mounts.network_type(folder, mounts.mounted())
    if network is not None:
        todo = "put the workspace on a local disk, or share a PostgreSQL server with --storage"
        return Finding(
            "failed", "storage", f"{path} lies on a network file system ({network}): SQLite loses data", todo
        )
    if path.is_dir():
        return Finding("failed", "storage", f"{path} is a folder", "name a file with --storage")
    # SQLite keeps its log beside the file, so the folder must be writable too.
    locked = next((each for each in (folder, path) if each.exists() and not os.access(each, os.W_OK)), None)
    if locked is not None:
        return Finding("failed", "storage", f"{locked} cannot be written", "make it writable for you, or see --storage")
    return None


def _versions(found: inspection.Inspection) -> Iterator[Finding]:
    """What of the tables does not fit the programs."""
    if found.schema is not None and (not found.schema.isdigit() or int(found.schema) > tables.SCHEMA):
        text = f"tables of version {printable(found.schema)}; this hlr-tui knows {tables.SCHEMA}"
        yield Finding("failed", "schema", text, "pip install --upgrade hlr-tui")
    if found.optuna is None:
        return

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = optuna.storages.RDBStorage("sqlite:///:memory:")
    if found.optuna != known.get_head_version():
        text = f"Optuna's tables are of version {found.optuna}; Optuna {optuna.__version__} needs another"
        older = found.optuna in known.get_all_versions()
        todo = f"optuna storage upgrade --storage sqlite:///{found.path}" if older else "pip install --upgrade optuna"
        yield Finding("failed", "schema", text, todo)


def check_data(settings: Settings) -> Iterator[Finding]:
    """What lies in the data folder, and whether more could."""
    data = settings.data_dir
    folder = mounts.nearest_folder(data / "any")
    if data.exists() and not data.is_dir():
        yield Finding("failed", "data", f"{data} is no folder", "name another one with --data-dir")
        return
    present = [path for path in data.rglob("*") if path.is_file()] if data.is_dir() else []
    size = sum(path.stat().st_size for path in present)
    names = sorted({path.relative_to(data).parts[0] for path in present})
    what = f"{size_text(size)}: {', '.join(map(printable, names))}" if names else "empty"
    text = f"{data} ({what}); `hlr-tui data list` says which tasks have theirs"
    if os.access(folder, os.W_OK | os.X_OK):
        yield Finding("ok", "data", text)
    else:
        todo = f"make {folder} writable for you, or name another folder with --data-dir"
        yield Finding("warning", "data", f"{data} ({what}); nothing can be added: {folder} cannot be written", todo)

"""`hlr-tui data`: the data sets of the tasks."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from core.catalog import catalog
from core.component import LoaderTask, TaskInfo
from core.errors import EnvironmentFailure, HlrError, Problem, SpecError, UsageError, did_you_mean
from core.tasks.stored import StoredFile, stored_files
from core.user_code import blame
from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings
from hlr_tui.tables import printable

HELP = "Data sets: which of them are here, download or generate one, compare all files with their checksums."

ACTIONS = ("list", "get", "verify")

State = Literal["here", "absent", "damaged", "installed", "own"]


@dataclass(frozen=True, slots=True)
class Holding:
    """What the data folder has of a task.

    Attributes:
        state: "here" (all that is there matches its checksum), "damaged", "absent" (made or fetched when needed),
            "installed" (with a package) or "own" (read by loaders of the task's own).
        files: those in the data folder.
    """

    task: TaskInfo
    state: State
    files: tuple[StoredFile, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def folder(self) -> Path | None:
        return Path(os.path.commonpath([file.path.parent for file in self.files])) if self.files else None

    def document(self) -> dict[str, object]:
        return {
            "task": self.task.name,
            "state": self.state,
            "installed_with": self.task.installed_with or None,
            "bytes": self.size,
            "path": None if self.folder is None else str(self.folder),
            "files": [file_document(self.task.name, file) for file in self.files],
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", metavar="ACTION", help="list, get or verify")
    parser.add_argument("task", metavar="TASK", nargs="?", help="the task whose data to get")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    if args.action not in ACTIONS:
        problem = Problem(
            "ACTION", args.action, f"must be one of {', '.join(ACTIONS)}", did_you_mean(args.action, ACTIONS)
        )
        raise SpecError("data", [problem])
    if (args.task is not None) != (args.action == "get"):
        known = ", ".join(catalog().tasks.codes())
        raise UsageError(
            f"data get needs a task: one of {known}" if args.action == "get" else f"data {args.action} takes no task"
        )
    if args.action == "verify":
        return verify(settings.data_dir, as_json=args.json)
    if args.action == "get":
        info = catalog().tasks.get(args.task)
        get(info, settings.data_dir)
        if args.json:
            print_json(holding(info, settings.data_dir).document())
        return 0
    holdings = [holding(info, settings.data_dir) for info in catalog().tasks.all()]
    if args.json:
        print_json([found.document() for found in holdings])
    else:
        print_holdings(holdings, settings.data_dir)
    return 0


def holding(info: TaskInfo, data_dir: Path) -> Holding:
    """What `data_dir` has of a task, every file read and compared with its checksum.

    Raises:
        EnvironmentFailure: a file cannot be read.
    """
    if info.installed_with:
        return Holding(info, "installed")
    if issubclass(info.recipe, LoaderTask):
        return Holding(info, "own")
    found = info.recipe().files(data_dir)
    files = tuple(stored_files(data_dir / info.name) if found is None else found)
    if not files:
        return Holding(info, "absent")
    return Holding(info, "here" if all(file.intact for file in files) else "damaged", files)


def get(info: TaskInfo, data_dir: Path) -> None:
    """Load the data of a task with its default parameters, which fetches or makes what is missing.

    Raises:
        UsageError: the task reads its data itself, or its code fails.
        EnvironmentFailure: the data cannot be had or kept.
    """
    if issubclass(info.recipe, LoaderTask):
        raise UsageError(f"{info.name}: reads its data with loaders of its own; there is nothing to get")
    source = f"installed with {info.installed_with}" if info.installed_with else f"data folder {data_dir}"
    print(f"{info.name}: {source}", file=sys.stderr)
    try:
        data = info.recipe().load(data_dir)
    except (HlrError, OSError):
        raise
    except (Exception, SystemExit) as error:  # the user's own code: it may raise anything
        raise UsageError(f"{info.name}: {blame(error)}") from error
    print(f"{info.name}: {len(data.targets):,} samples, SHA-256 {data.checksum}", file=sys.stderr)


def verify(data_dir: Path, *, as_json: bool) -> int:
    """Compare every file with its checksum, also those that belong to no task of the catalogue.

    Raises:
        EnvironmentFailure: a file is damaged or cannot be read.
    """
    holdings = [holding(info, data_dir) for info in catalog().tasks.all()]
    files: list[tuple[str | None, StoredFile]] = [(own.task.name, file) for own in holdings for file in own.files]
    known = {file.path for _, file in files}
    files += [(None, file) for file in stored_files(data_dir) if file.path not in known]
    if as_json:
        print_json([file_document(task, file) for task, file in files])
    else:
        for _, file in files:
            print(printable(f"{_state_text(file):8}  {file.path}"))
    damaged = [f"{file.path} is {_state_text(file)}" for _, file in files if not file.intact]
    if damaged:
        hint = "delete damaged files: a task makes or fetches again what it misses"
        raise EnvironmentFailure("\n".join([*damaged, hint]))
    if not files:
        print(f"no data in {data_dir}", file=sys.stderr)
    return 0


def file_document(task: str | None, file: StoredFile) -> dict[str, object]:
    """A file as JSON data; `task` is None where no task is known to use it."""
    return {"task": task, "path": str(file.path), "bytes": file.size, "state": _state_text(file)}


def _state_text(file: StoredFile) -> Literal["intact", "damaged", "missing"]:
    if file.intact:
        return "intact"
    return "damaged" if file.path.exists() else "missing"


def print_holdings(holdings: Sequence[Holding], data_dir: Path) -> None:
    """The data folder, and one row per task."""
    from rich import box
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Task", no_wrap=True, style="bold")
    table.add_column("State")
    table.add_column("Size", no_wrap=True, justify="right")
    table.add_column("In the data folder", overflow="fold")
    for found in holdings:
        size = decimal(found.size) if found.files else "-"
        entries = dict.fromkeys(_entry(file.path, data_dir) for file in found.files)
        table.add_row(found.task.name, printable(_holding_text(found)), size, printable(", ".join(entries) or "-"))
    console = open_console()
    console.print(printable(f"data folder {data_dir}"), style="dim", soft_wrap=True)
    console.print(table)
    absent = [found.task.name for found in holdings if found.state == "absent"]
    if absent:
        console.print(f"Fetched or made when a run needs it, or now: hlr-tui data get {absent[0]}", style="dim")


def _entry(path: Path, data_dir: Path) -> str:
    """The file or folder directly in `data_dir` that `path` belongs to; `path` itself where it lies elsewhere."""
    return path.relative_to(data_dir).parts[0] if path.is_relative_to(data_dir) else str(path)


def _holding_text(found: Holding) -> str:
    match found.state:
        case "here":
            return "here, checksums match"
        case "absent":
            return "not here"
        case "damaged":
            return "; ".join(f"{file.path.name} {_state_text(file)}" for file in found.files if not file.intact)
        case "installed":
            return f"installed with {found.task.installed_with}"
        case "own":
            return "read by loaders of its own"
        case _:
            assert_never(found.state)

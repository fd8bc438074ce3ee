"""Where things are: workspace, storage, data and plug-ins, resolved once from options and environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Problem, SpecError

SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The places of one invocation; every path is absolute.

    Attributes:
        workspace: folder of the database, run folders, logs and reports; it may not exist yet.
        storage: SQLAlchemy URL of the database.
        data_dir: folder of downloaded and generated data sets; it may not exist yet.
        plugins: folders of plug-in files.
    """

    workspace: Path
    storage: str
    data_dir: Path
    plugins: tuple[Path, ...]


def add_global_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every command takes."""
    group = parser.add_argument_group("places")
    group.add_argument("--workspace", metavar="DIR", help="database, run folders, logs (./hlr; env HLR_WORKSPACE)")
    group.add_argument("--storage", metavar="URL", help="database (the workspace's hlr.db; env HLR_STORAGE)")
    group.add_argument("--data-dir", metavar="DIR", help="data sets (./data; env HLR_DATA)")
    group.add_argument(
        "--plugins", metavar="DIR", action="append", help="folder of plug-in files, may repeat (env HLR_PLUGINS)"
    )
    group.add_argument(
        "--trust",
        metavar="PATH",
        action="append",
        help="file or folder whose code may run when a spec names it; remembered (env HLR_TRUST)",
    )


GLOBAL_OPTIONS = ("--workspace", "--storage", "--data-dir", "--plugins", "--trust")
"""The options of `add_global_options`; each takes one value."""


def resolve_settings(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """The settings of an invocation: an option wins over the environment, an empty variable counts as unset.

    Raises:
        SpecError: a plug-in folder does not exist, or the storage cannot be shared between processes.
    """
    workspace = absolute(args.workspace or environ.get("HLR_WORKSPACE") or "hlr")
    if args.storage or environ.get("HLR_STORAGE"):
        source = "--storage" if args.storage else "HLR_STORAGE"
        storage = absolute_storage(source, args.storage or environ["HLR_STORAGE"])
    else:
        storage = absolute_storage("--workspace", f"{SQLITE}{workspace}/hlr.db")
    return Settings(
        workspace=workspace,
        storage=storage,
        data_dir=absolute(args.data_dir or environ.get("HLR_DATA") or "data"),
        plugins=_plugin_folders(args.plugins, environ.get("HLR_PLUGINS", "")),
    )


def absolute(path: str) -> Path:
    """`path` without ``~`` and relative to no folder; it need not exist."""
    return Path(os.path.abspath(Path(path).expanduser()))


def absolute_storage(source: str, url: str) -> str:
    """`url` as it is, or with an absolute path for SQLite; a bare path means SQLite.

    Workers may start in another folder, where a relative path would name another database.
    """
    if "://" in url and not url.startswith("sqlite"):
        return url
    head, _, rest = url.partition(":///") if "://" in url else ("sqlite", "", url)
    path, mark, query = rest.partition("?")
    if path in ("", ":memory:") or "://" in path:
        raise SpecError(
            source, [Problem("storage", url, "must name a file, which worker processes share", f"{SQLITE}hlr.db")]
        )
    if mark and source == "--workspace":
        raise SpecError(source, [Problem("workspace", path, 'must not contain "?", which ends a path in a URL')])
    return f"{head}:///{absolute(path)}{mark}{query}"


def _plugin_folders(options: list[str] | None, variable: str) -> tuple[Path, ...]:
    source = "--plugins" if options else "HLR_PLUGINS"
    folders = [(given, absolute(given)) for given in options or filter(None, variable.split(os.pathsep))]
    problems: list[Problem] = []
    for given, path in folders:
        if not path.is_dir():
            problems.append(Problem("folder", given, "must name an existing folder"))
        elif os.pathsep in str(path):
            problems.append(Problem("folder", given, f'must not contain "{os.pathsep}", which separates folders'))
    if problems:
        raise SpecError(source, problems)
    return tuple(path for _, path in folders)

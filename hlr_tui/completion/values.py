"""The values that an argument may take, by its metavar: the word that says what it is."""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from core.errors import HlrError
from hlr_tui.settings import SQLITE, resolve_settings

Given = Mapping[str, Sequence[str]]
"""The words of the command line so far, by the name of their argument."""

BUSY_SECONDS = 0.2
"""How long TAB waits for a database that somebody writes to."""


def values_of(action: argparse.Action, given: Given, prefix: str) -> dict[str, str]:
    """What `action` may take, with a line of help for each; nothing where that is not known or cannot be read."""
    if action.choices is not None:
        return dict.fromkeys(map(str, action.choices), "")
    values = VALUES.get(action.metavar if isinstance(action.metavar, str) else "")
    try:
        return {} if values is None else values(given, prefix)
    except (HlrError, OSError, sqlite3.Error):  # TAB has nowhere to say what is wrong; running the command does
        return {}


def _names(given: Given, prefix: str) -> dict[str, str]:
    """The names that `list` takes are those of components, all others those of experiments."""
    return _shelf(given["kind"][0])(given, prefix) if "kind" in given else _experiments(given)


def _experiments(given: Given) -> dict[str, str]:
    """The experiments of the workspace, newest first. Only a file is asked: a server could keep the user waiting."""
    storage = resolve_settings(_places(given), os.environ).storage
    if not storage.startswith(SQLITE):
        return {}
    path = storage.removeprefix(SQLITE).partition("?")[0]
    # Not by core.storage: SQLAlchemy alone takes longer to load than a user waits for TAB.
    with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as db:
        return dict(db.execute("SELECT name, mode || ', ' || state FROM hlr_experiment ORDER BY id DESC").fetchall())


def _places(given: Given) -> argparse.Namespace:
    """The global options, as argparse would give them."""
    last = {name: given[name][-1] if name in given else None for name in ("workspace", "storage", "data_dir")}
    return argparse.Namespace(**last, plugins=list(given.get("plugins", ())) or None)


def use_plugins(given: Given) -> None:
    """Let the catalogue find the plug-ins that the command line names."""
    from hlr_tui.cli import publish_plugins

    publish_plugins(resolve_settings(_places(given), os.environ))


def _components(kind: str) -> dict[str, str]:
    from hlr_tui.describe import records

    return {record.code: record.summary for record in records(kind)}


def _shelf(kind: str) -> Callable[[Given, str], dict[str, str]]:
    def values(given: Given, prefix: str) -> dict[str, str]:
        use_plugins(given)
        return _components(kind)

    return values


def _actions(given: Given, prefix: str) -> dict[str, str]:
    from hlr_tui.commands.data import ACTIONS

    return dict.fromkeys(ACTIONS, "")


def _kinds(given: Given, prefix: str) -> dict[str, str]:
    from hlr_tui.describe import KINDS

    return dict.fromkeys(KINDS, "")


def _modes(given: Given, prefix: str) -> dict[str, str]:
    from core.params import Choice, params_of
    from core.spec.sections import ExperimentSection

    mode = dict(params_of(ExperimentSection))["mode"]
    assert isinstance(mode, Choice)
    return dict.fromkeys(mode.options, "")


def _schedules(given: Given, prefix: str) -> dict[str, str]:
    from hlr_tui.curves import ALL

    use_plugins(given)
    return _components("schedulers") | {ALL: "every one"}


def _schedule_params(given: Given, prefix: str) -> dict[str, str]:
    from hlr_tui.curves import choose_schedulers

    use_plugins(given)
    from core.params import params_of

    infos = choose_schedulers(list(given.get("codes", ())))
    return {f"{info.code}.{name}=": param.help for info in infos for name, param in params_of(info.schedule)}


def _settings(given: Given, prefix: str) -> dict[str, str]:
    from hlr_tui.completion.spec_keys import settings

    use_plugins(given)
    return settings(Path(given["batch"][-1]).expanduser() if given.get("batch") else None, prefix)


def _paths(*endings: str, folders_only: bool = False) -> Callable[[Given, str], dict[str, str]]:
    def values(given: Given, prefix: str) -> dict[str, str]:
        folder, slash, start = prefix.rpartition("/")
        found = {}
        for entry in os.scandir(os.path.expanduser(folder + slash) or "."):
            is_folder = entry.is_dir()
            if entry.name.startswith(".") and not start.startswith("."):
                continue
            if is_folder or (not folders_only and entry.name.endswith(endings or "")):
                found[folder + slash + entry.name + "/" * is_folder] = ""
        return dict(sorted(found.items()))

    return values


def _words(*words: str) -> Callable[[Given, str], dict[str, str]]:
    return lambda given, prefix: dict.fromkeys(words, "")


VALUES: Mapping[str, Callable[[Given, str], dict[str, str]]] = {
    "NAME": _names,
    "ACTION": _actions,
    "KIND": _kinds,
    "CODE": _schedules,
    "CODE.param=value": _schedule_params,
    "OPTIMIZER": _shelf("optimizers"),
    "TASK": _shelf("tasks"),
    "MODE": _modes,
    "SPEC.toml": _paths(".toml"),
    "KEY=VALUE": _settings,
    "FILE": _paths(),
    "PATH": _paths(),
    "DIR": _paths(folders_only=True),
    "D": _words("auto", "cpu", "cuda", "mps"),
}

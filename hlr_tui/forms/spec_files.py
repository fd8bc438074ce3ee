"""The spec files that somebody may want to load: those at hand, and those below a path that is being typed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

MOST = 300
"""Files that are looked into, in each of the places."""

LARGEST = 1 << 20
"""Bytes beyond which a file is no spec."""

HERE, EXAMPLES, LAUNCHED = "this folder", "examples", "launched in this workspace"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to load, or a folder to look into.

    Attributes:
        path: of the file or folder.
        shown: how it is written in the list.
        about: what the spec is, "" where that is not known.
        group: where it was found.
        folder: it is one.
    """

    path: Path
    shown: str
    about: str = ""
    group: str = ""
    folder: bool = False


def at_hand(folder: Path, workspace: Path) -> list[Entry]:
    """The specs in `folder`, among the examples beside it, and those that were launched in the workspace, the newest
    of them first."""
    launched = sorted(_files(workspace / "specs", "*.toml"), key=_age)
    places: list[tuple[str, Iterable[Path]]] = [
        (HERE, sorted(_files(folder, "*.toml"))),
        (EXAMPLES, sorted(_files(folder / "examples", "**/*.toml"), key=lambda path: (len(path.parts), path))),
        (LAUNCHED, launched),
    ]
    found: dict[Path, Entry] = {}
    for group, paths in places:
        for path in paths:
            about = about_spec(path)
            if about:
                shown = path.stem if group == LAUNCHED else str(path.relative_to(folder))
                found.setdefault(path.resolve(), Entry(path, shown, about, group))
    return list(found.values())


def matching(entries: Iterable[Entry], text: str) -> list[Entry]:
    """The entries in which every word of `text` occurs, in any case."""
    words = text.lower().split()
    return [entry for entry in entries if all(word in f"{entry.shown} {entry.about}".lower() for word in words)]


def is_path(text: str) -> bool:
    """Whether `text` is a path rather than words to look for."""
    return "/" in text or text.startswith(("~", "."))


def below(text: str) -> list[Entry]:
    """Folders and TOML files whose path begins with `text`; empty where its folder cannot be read."""
    folder, _, start = text.rpartition("/")
    place = Path(f"{folder}/" if folder or text.startswith("/") else ".").expanduser()
    if text.startswith("~") and not folder:
        place, start = Path.home(), ""
        folder = "~"
    prefix = f"{folder}/" if folder or text.startswith("/") else ""
    try:
        paths = sorted(place.iterdir(), key=lambda path: (not path.is_dir(), path.name))
    except OSError:
        return []
    found = []
    for path in paths:
        hidden = path.name.startswith(".") and not start.startswith(".")
        if hidden or not path.name.startswith(start):
            continue
        if path.is_dir():
            found.append(Entry(path, f"{prefix}{path.name}/", folder=True))
        elif path.suffix == ".toml":
            found.append(Entry(path, f"{prefix}{path.name}"))
    return found[:MOST]


def about_spec(path: Path) -> str:
    """What a spec file is, ``all · osc · LSTM_Seq2Seq``; "" where it is none."""
    try:
        if path.stat().st_size > LARGEST:
            return ""
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return ""
    experiment, task, model = (document.get(name) for name in ("experiment", "task", "model"))
    if not isinstance(experiment, dict) or not isinstance(task, dict):
        return ""
    parts = [experiment.get("mode", ""), _named(task), _named(model) if isinstance(model, dict) else ""]
    return " · ".join(str(part) for part in parts if part) or "spec"


def _named(table: dict[str, Any]) -> str:
    return str(table.get("name") or Path(str(table.get("file", ""))).name)


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from islice((path for path in folder.glob(pattern) if path.is_file()), MOST)
    except OSError:
        return


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0

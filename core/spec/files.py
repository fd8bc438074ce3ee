"""``{ file = "my_task.py" }``: parts of a spec that are files of the user's own."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from core.catalog import RECORDS, Records, catalog, shared_word
from core.errors import Problem, UsageError
from core.spec.experiment import Document
from core.user_code import Untrusted, load_user_file

TABLES = {"task": "tasks", "model": "models"}
"""Section → kind of the component that its key ``file`` may name."""

Loaded = dict[str, tuple[str, Records]]
"""Path → SHA-256 and records of the files loaded so far."""

LISTS = {"optimizers": "optimizers", "schedulers": "schedulers", "lr_free": "optimizers"}
"""Key of [methods] → kind of the components that its list may name by file."""


def absolute_files(document: Document, folder: Path) -> None:
    """Make every file that `document` names absolute, in place; relative ones lie in `folder`."""
    for place in _places(document):
        if isinstance(place.get("file"), str):
            place["file"] = str((folder / Path(place["file"]).expanduser()).resolve())


def named_document(document: Document, problems: list[Problem]) -> tuple[Document, dict[str, str]]:
    """`document` with the name of its component in place of every file, once these have been loaded.

    Returns:
        The document, and the SHA-256 of each file by its path. Problems are appended to `problems`.

    Raises:
        Untrusted: nobody has allowed the code of a file to run.
    """
    named = copy.deepcopy(document)
    loaded: Loaded = {}
    for section, kind in TABLES.items():
        table = named.get(section)
        if isinstance(table, dict) and "file" in table:
            if "name" in table:
                problems.append(Problem(f"{section}.file", table["file"], "must stand alone: the file says the name"))
            name = _name(f"{section}.file", kind, table.pop("file"), loaded, problems)
            if name is not None:
                table["name"] = name
    methods = named.get("methods")
    for key, kind in LISTS.items():
        if isinstance(methods, dict) and isinstance(methods.get(key), list):
            words = [_word(f"methods.{key}", kind, word, loaded, problems) for word in methods[key]]
            methods[key] = [word for word in words if word is not None]
    return named, {file: digest for file, (digest, _) in loaded.items()}


def _word(key: str, kind: str, word: object, loaded: Loaded, problems: list[Problem]) -> object:
    """`word` of a list, or the name that it stands for; None where it stands for none."""
    if not isinstance(word, dict):
        return word
    if set(word) != {"file"}:
        legal = 'must be a name, or { file = "PATH" } alone; parameters go to [methods.params.CODE]'
        problems.append(Problem(key, word, legal))
        return None
    return _name(key, kind, word["file"], loaded, problems)


def _places(document: Document) -> list[dict[str, Any]]:
    """Every table that may name a file."""
    methods = document.get("methods")
    lists = [methods.get(key) for key in LISTS] if isinstance(methods, dict) else []
    tables = [document.get(section) for section in TABLES]
    tables += [word for words in lists if isinstance(words, list) for word in words]
    return [table for table in tables if isinstance(table, dict)]


def _name(key: str, kind: str, file: object, loaded: Loaded, problems: list[Problem]) -> str | None:
    """The name of the record of `kind` in a file."""
    if not isinstance(file, str) or not file:
        problems.append(Problem(key, file, "must be the path of a Python file"))
        return None
    try:
        records = catalog().add_file(Path(file))
        digest = load_user_file(Path(file)).sha256
    except Untrusted:
        raise
    except UsageError as error:
        problems.append(Problem(key, file, str(error).removeprefix(f"{file}: ")))
        return None
    for other, (_, theirs) in loaded.items():
        word = shared_word(records, theirs)
        if other != file and word is not None:
            problems.append(Problem(key, file, f'the name or code "{word}" is taken by {other}'))
            return None
    loaded[file] = (digest, records)
    if kind not in records:
        problems.append(Problem(key, file, f"defines no {RECORDS[kind]}"))
        return None
    return records[kind].name

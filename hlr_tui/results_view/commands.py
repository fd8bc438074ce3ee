"""Command lines that show or write the same results outside the UI."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from hlr_tui.exports import FORMATS
from hlr_tui.output import program_name
from hlr_tui.settings import SQLITE, Settings

ENDINGS = {"latex": "tex", "markdown": "md", "results-json": "json"}


def show_command(settings: Settings, name: str) -> str:
    """``hlr-tui show NAME``, with the places that are not the default ones in the current folder. A storage with a
    password is left to HLR_STORAGE: the clipboard is no place for it."""
    return shlex.join([program_name(), "show", name, *_places(settings)])


def batch_command(settings: Settings, spec: Path) -> str:
    """``hlr-tui --batch SPEC``, likewise."""
    return shlex.join([program_name(), "--batch", str(spec), *_places(settings)])


def _places(settings: Settings) -> list[str]:
    """The options for what is not where a command in the current folder looks for it."""
    words = []
    if settings.workspace != Path.cwd() / "hlr":
        words += ["--workspace", str(settings.workspace)]
    if settings.storage != f"{SQLITE}{settings.workspace}/hlr.db" and urlsplit(settings.storage).password is None:
        words += ["--storage", settings.storage]
    for folder in settings.plugins:
        words += ["--plugins", str(folder)]
    return words


def default_path(name: str, form: str) -> str:
    """Where an export goes unless the user says otherwise: in the current folder."""
    if FORMATS[form].kind == "folder":
        return f"{name}-{form}"
    if form == "results-json":
        return f"results_{name}.json"
    return f"{name}.{ENDINGS.get(form, form)}"


def export_words(name: str, form: str, path: str, optimizer: str | None) -> list[str]:
    """The words of the command ``export``."""
    words = ["export", name, "--format", form, "--out", str(Path(path).expanduser())]
    if optimizer is not None and FORMATS[form].one_optimizer:
        words += ["--optimizer", optimizer]
    return words


def replaces(path: str, form: str) -> str:
    """What an export to `path` would do to what is there, "" where nothing is."""
    target = Path(path).expanduser()
    if not path.strip() or not target.exists() or forbids(path, form):
        return ""
    if FORMATS[form].kind == "folder":
        return "files of the same names in that folder are replaced"
    return "the file that is there is replaced"


def forbids(path: str, form: str) -> str:
    """Why an export cannot go to `path`, "" where nothing is known against it."""
    target = Path(path).expanduser()
    if not path.strip():
        return "a path is needed"
    if FORMATS[form].kind == "folder":
        return "that is a file" if target.is_file() else ""
    if target.is_dir():
        return "that is a folder"
    return "" if target.absolute().parent.is_dir() else f"there is no folder {target.absolute().parent}"

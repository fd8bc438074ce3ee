"""Spec files that the form reads and writes."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

from core.errors import EnvironmentFailure, UsageError
from core.spec.experiment import Document
from core.spec.files import absolute_files
from hlr_tui.forms.spec_text import spec_text
from hlr_tui.whole_files import write_whole


def open_document(path: Path) -> Document:
    """The document of a spec file, with the files that it names made absolute.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: is not TOML: it is nested too deeply") from error
    except ValueError as error:  # UnicodeDecodeError is one
        raise UsageError(f"{path}: is not TOML: {error}") from error
    absolute_files(document, path.parent)
    return document


def placed(document: Document) -> Document:
    """A copy of `document` that means the same wherever it is written: relative files lie in the current folder."""
    document = copy.deepcopy(document)
    absolute_files(document, Path.cwd())
    return document


def save_document(document: Document, path: Path) -> None:
    """Write a document as a spec file, as a whole or not at all; its folder is made where there is none.

    Raises:
        EnvironmentFailure: it cannot be written.
    """
    try:
        write_whole(path, spec_text(document))
    except OSError as error:
        raise EnvironmentFailure(f"{path}: cannot be written: {error.strerror}") from error

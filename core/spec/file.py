"""Where specs come from and go to: a TOML file with settings laid over it, and JSON in the database."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from core.errors import MISSING, Problem, SpecError, UsageError
from core.spec.experiment import Document, ExperimentSpec
from core.spec.reader import build_spec


def load_spec(path: Path, settings: Sequence[str] = ()) -> ExperimentSpec:
    """Read a spec file, with ``key.path=value`` settings laid over it.

    Raises:
        SpecError, UsageError: the file cannot be read, or something in it or in the settings is not legal.
    """
    try:
        document = _parsed(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file; `hlr-tui init` writes one to start from") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start}); a spec is a TOML file") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not TOML: {error}") from error
    given = [_apply(document, setting) for setting in settings]
    try:
        return build_spec(document, str(path))
    except SpecError as error:
        raise SpecError(str(path), [_traced(problem, given) for problem in error.problems]) from error


def _parsed(text: str) -> Document:
    """
    Raises:
        ValueError: `text` is not TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _traced(problem: Problem, given: Sequence[str]) -> Problem:
    """`problem`, which says so where the command line and not the file is at fault."""
    if not any(problem.key == key or problem.key.startswith(f"{key}.") for key in given):
        return problem
    hint = "; ".join(filter(None, (problem.hint, "given on the command line")))
    return Problem(problem.key, problem.value, problem.legal, hint)


def _apply(document: Document, setting: str) -> str:
    """Lay one ``training.epochs=20`` over the document and return its key; the value is TOML, or else a plain text."""
    path, equals, written = setting.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys) or len(keys) < 2:
        raise SpecError("--set", [Problem(setting, MISSING, "must be written section.key=value")])
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except (ValueError, RecursionError):
        value = written.strip()
    table = document
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise SpecError("--set", [Problem(path.strip(), value, f"{key} is not a table")])
    table[keys[-1]] = value
    return ".".join(keys)


def spec_to_json(spec: ExperimentSpec) -> str:
    """The document of a spec as one line of JSON; `spec_from_json` reads it."""
    return json.dumps(spec.document, sort_keys=True)


def spec_from_json(text: str, source: str) -> ExperimentSpec:
    """The spec that `spec_to_json` wrote.

    Raises:
        SpecError: it does not fit this version, or a plug-in that it names is not there.
    """
    return build_spec(json.loads(text), source)

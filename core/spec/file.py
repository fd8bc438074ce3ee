"""Where specs come from and go to: a TOML file with settings laid over it, and JSON in the database."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path

from core.errors import Problem, SpecError, UsageError
from core.spec.experiment import Document, ExperimentSpec
from core.spec.files import absolute_files
from core.spec.reader import build_spec
from core.spec.setting import lay_over
from core.user_code import Untrusted


def load_spec(path: Path, settings: Sequence[str] = ()) -> ExperimentSpec:
    """Read a spec file, with ``key.path=value`` settings laid over it as `core.spec.setting` says.

    Raises:
        SpecError, UsageError: the file cannot be read, or something in it or in the settings is not legal.
        Untrusted: it names a file whose code nobody has allowed to run.
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
    absolute_files(document, path.parent)
    alone = copy.deepcopy(document)
    given = lay_over(document, settings)
    absolute_files(document, Path.cwd())  # those of the settings
    try:
        return build_spec(document, str(path))
    except SpecError as error:
        if not settings:
            raise
        raise _traced(error, alone, given) from error


def _parsed(text: str) -> Document:
    """
    Raises:
        ValueError: `text` is not TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _traced(error: SpecError, document: Document, given: Collection[str]) -> SpecError:
    """`error`, which says so where the command line and not the file is at fault.

    Args:
        document: the file without the settings.
        given: the keys of the settings.
    """
    try:
        build_spec(document, error.source)
        own: set[str] = set()
    except SpecError as before:
        own = {str(problem) for problem in before.problems}
    except Untrusted:
        own = set()
    problems = []
    for problem in error.problems:
        new = str(problem) not in own
        trace = ""
        if any(_within(problem.key, key) or (new and _within(key, problem.key)) for key in given):
            trace = "given on the command line"
        elif new:
            trace = "because of what is given on the command line"
        hint = "; ".join(filter(None, (problem.hint, trace)))
        problems.append(Problem(problem.key, problem.value, problem.legal, hint))
    return SpecError(error.source, problems)


def _within(key: str, table: str) -> bool:
    return key == table or key.startswith(f"{table}.")


def spec_to_json(spec: ExperimentSpec) -> str:
    """The document of a spec as one line of JSON; `spec_from_json` reads it."""
    return json.dumps(spec.document, sort_keys=True)


def spec_from_json(text: str, source: str) -> ExperimentSpec:
    """The spec that `spec_to_json` wrote.

    Raises:
        SpecError: it does not fit this version, or a plug-in that it names is not there.
    """
    return build_spec(json.loads(text), source)

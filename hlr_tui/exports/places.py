"""Where an export goes: stdout, a file or a folder, which appear only when they are complete."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from core.errors import EnvironmentFailure, UsageError


@contextmanager
def opened(path: str | None, *, binary: bool = False) -> Iterator[IO[Any]]:
    """stdout where `path` is None, else the file, which replaces one that is there when all of it is written.

    Raises:
        UsageError: it is a folder, or in none that exists; or bytes would go to a terminal.
        EnvironmentFailure: it cannot be written; a file that was there is as it was.
    """
    if path is None:
        if binary and sys.stdout.isatty():
            raise UsageError("this format is no text for a terminal: name a file with --out, or pipe it on")
        yield sys.stdout.buffer if binary else sys.stdout
        return
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"--out {path}: is a folder; name a file in it")
    _check_parent(path, target)
    # A device or a pipe (/dev/null, process substitution) is written to; only a file can be replaced.
    special = target.exists() and not target.is_file()
    written = target if special else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with written.open("wb") if binary else written.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not special:
            written.replace(target)
    except OSError as error:
        raise _failure(path, error) from error
    finally:
        if not special:
            written.unlink(missing_ok=True)


def write_folder(path: str | None, make: Callable[[], Mapping[str, str]]) -> None:
    """Write every text that `make` gives under its name into the folder `path`, which is made where it is missing.

    A new folder appears with all its files; in one that is there, no file appears before all of them are written.

    Raises:
        UsageError: no folder is named, it is a file, or in no folder that exists.
        EnvironmentFailure: something cannot be written.
    """
    if path is None:
        raise UsageError("this format writes several files: name a folder with --out")
    target = Path(path)
    there = target.is_dir()
    if target.exists() and not there:
        raise UsageError(f"--out {path}: is a file; this format writes several files, so name a folder")
    _check_parent(path, target)
    files = make()
    work = target / f".{os.getpid()}.part" if there else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        work.mkdir()
        for name, text in files.items():
            (work / name).write_text(text, encoding="utf-8", newline="")
        if there:
            for name in files:
                (work / name).replace(target / name)
        else:
            work.rename(target)
    except OSError as error:
        raise _failure(path, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_parent(path: str, target: Path) -> None:
    if not target.parent.is_dir():
        raise UsageError(f"--out {path}: there is no folder {target.parent}")


def _failure(path: str, error: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(f"--out {path}: cannot be written: {error.strerror or error}")

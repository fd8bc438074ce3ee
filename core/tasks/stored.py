"""Arrays kept in the data folder, each beside a checksum that is verified whenever it is read."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import EnvironmentFailure

if TYPE_CHECKING:
    import numpy
    import torch

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

SUFFIX = ".sha256"
"""The checksum of ``a.npy`` stands in ``a.npy.sha256``, in the form that ``sha256sum -c`` reads."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the data folder that has a checksum.

    Attributes:
        path: the data file.
        size: bytes; 0 where the file is missing.
        intact: its bytes have the recorded checksum.
    """

    path: Path
    size: int
    intact: bool


def stored_array(path: Path, make: Callable[[], Array]) -> Array:
    """The array in `path` (.npy), made and written there first where the file is missing or damaged.

    Any number of processes may call this at once: each writes a file of its own and renames it, so a reader sees a
    whole file or none. `make` must give the same bytes every time.

    Raises:
        EnvironmentFailure: the folder cannot be read or written.
    """
    import numpy

    try:
        content = _verified(path)
        if content is None:
            buffer = io.BytesIO()
            numpy.save(buffer, make(), allow_pickle=False)
            content = buffer.getvalue()
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, content)
            _replace(_checksum_path(path), f"{_sha256(content)}  {path.name}\n".encode())
    except OSError as error:
        raise EnvironmentFailure(f"cannot keep data in {path.parent} (see --data-dir): {error}") from error
    array: Array = numpy.load(io.BytesIO(content), allow_pickle=False)
    return array


def stored_files(data_dir: Path) -> Iterator[StoredFile]:
    """Every file under `data_dir` that has a checksum, in order of its path, verified.

    Raises:
        EnvironmentFailure: a file cannot be read.
    """
    for checksum in sorted(data_dir.rglob("*" + SUFFIX)):
        path = checksum.with_name(checksum.name.removesuffix(SUFFIX))
        try:
            content = _read(path)
            intact = content is not None and _recorded(path) == _sha256(content)
        except OSError as error:
            raise EnvironmentFailure(f"cannot read {path}: {error}") from error
        yield StoredFile(path, len(content or b""), intact)


def fingerprint(*tensors: torch.Tensor) -> str:
    """SHA-256 over type, shape and values of CPU tensors, in hexadecimal: the checksum of a `DataSet`."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def _verified(path: Path) -> bytes | None:
    """The bytes of `path`, None where they are missing, of unknown checksum (a writer died between the two files) or
    damaged; the last is reported."""
    content, recorded = _read(path), _recorded(path)
    if content is None or recorded is None:
        return None
    if _sha256(content) != recorded:
        log.warning("%s is damaged (its SHA-256 is not the recorded one) and is made anew", path)
        return None
    return content


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _recorded(path: Path) -> str | None:
    line = _read(_checksum_path(path))
    return None if line is None else line.decode("ascii", errors="replace").partition(" ")[0]


def _checksum_path(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, in a temporary file of the same folder first."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    with ExitStack() as cleanup:
        cleanup.callback(temporary.unlink, missing_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        cleanup.pop_all()

"""Data sets that torchvision downloads: fetched once by any number of processes, their MD5s compared."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import EnvironmentFailure
from core.tasks.stored import StoredFile

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10

PATIENCE = 60.0
"""Seconds without a byte after which a download is given up; torchvision itself would wait for ever."""

log = logging.getLogger(__name__)


def read_parts(published: type[CIFAR10], task: str, data_dir: Path) -> tuple[CIFAR10, CIFAR10]:
    """The training and the test part of a data set with root `data_dir`, downloaded and unpacked where need be.

    Whole files are read without a lock and without writing anything, so `data_dir` may be read-only then.

    Args:
        published: torchvision's class, whose attributes name archive, files, MD5s and URL.
        task: the name that messages use.

    Raises:
        EnvironmentFailure: the archive cannot be had, is not the published one, or the folder cannot be used.
    """
    try:
        try:
            return _read(published, data_dir)
        except RuntimeError:  # torchvision's word for files that are missing or damaged
            _fetch(published, task, data_dir)
            return _read(published, data_dir)
    except RuntimeError as error:
        raise EnvironmentFailure(
            f"{task}: what {data_dir / published.filename} holds is not the published data set: {error}"
        ) from error
    except OSError as error:
        raise EnvironmentFailure(f"cannot keep data in {data_dir} (see --data-dir): {error}") from error


def downloaded_files(published: type[CIFAR10], data_dir: Path) -> list[StoredFile]:
    """The archive where it is kept, and all that is unpacked from it once anything of that is there.

    Raises:
        EnvironmentFailure: a file cannot be read.
    """
    expected = []
    if (data_dir / published.filename).exists():
        expected.append((data_dir / published.filename, published.tgz_md5))
    folder = data_dir / published.base_folder
    if folder.exists():
        meta = (published.meta["filename"], published.meta["md5"])
        expected += [(folder / name, md5) for name, md5 in (*published.train_list, *published.test_list, meta)]
    return [_stored(path, md5) for path, md5 in expected]


def _read(published: type[CIFAR10], data_dir: Path) -> tuple[CIFAR10, CIFAR10]:
    return published(data_dir, train=True), published(data_dir, train=False)


def _stored(path: Path, md5: str) -> StoredFile:
    from torchvision.datasets.utils import check_integrity

    try:
        size = path.stat().st_size if path.exists() else 0
        return StoredFile(path, size, check_integrity(path, md5))
    except OSError as error:
        raise EnvironmentFailure(f"cannot read {path}: {error}") from error


def _fetch(published: type[CIFAR10], task: str, data_dir: Path) -> None:
    """Download the archive, unless a whole one is there, and unpack it; one process at a time.

    Raises:
        EnvironmentFailure: the archive cannot be downloaded or is not the published one.
        OSError: `data_dir` cannot be written.
    """
    from http.client import HTTPException
    from urllib.error import URLError

    # CIFAR10(download=True) does the same, but never looks at batches.meta, which it needs nevertheless.
    from torchvision.datasets.utils import calculate_md5, download_and_extract_archive

    archive = data_dir / published.filename
    by_hand = (
        f"place {published.filename} (MD5 {published.tgz_md5}, from {published.url}) in {data_dir}, "
        f"then: hlr-tui data get {task}"
    )
    data_dir.mkdir(parents=True, exist_ok=True)
    with _alone(data_dir / f".{task}.lock", task):
        files = downloaded_files(published, data_dir)
        unpacked = [file for file in files if file.path != archive]
        if unpacked and all(file.intact for file in unpacked):
            return  # the process that held the lock before has done it
        damaged = [str(file.path) for file in files if file.size and not file.intact]
        known = f"damaged: {', '.join(damaged)} (wrong MD5); " if damaged else ""
        try:
            with _patience():
                download_and_extract_archive(
                    published.url, data_dir, filename=published.filename, md5=published.tgz_md5
                )
        except (URLError, TimeoutError, ConnectionError, HTTPException, RecursionError) as error:
            reason = getattr(error, "reason", None) or error
            raise EnvironmentFailure(f"{task}: {known}the archive cannot be downloaded: {reason}; {by_hand}") from error
        except RuntimeError as error:  # torchvision has compared the MD5
            raise EnvironmentFailure(
                f"{task}: {archive}, as downloaded, is damaged: its MD5 is {calculate_md5(archive)}; {by_hand}"
            ) from error
        for path in damaged:
            log.warning("%s was damaged (its MD5 was not the published one) and has been replaced", path)


@contextmanager
def _alone(path: Path, task: str) -> Iterator[None]:
    """Hold the lock on `path`, which the system releases when this process dies."""
    import fcntl

    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("%s: waiting for another process that downloads it", task)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _patience() -> Iterator[None]:
    """Let sockets opened meanwhile time out: torchvision passes no timeout on."""
    import socket

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)

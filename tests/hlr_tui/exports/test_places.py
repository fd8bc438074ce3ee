from __future__ import annotations

import os
import pty
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import EnvironmentFailure, UsageError
from hlr_tui.exports.places import opened, write_folder

FILES = {"a.csv": "one\n", "b.csv": "é\r\n"}


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A disk that is full after so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_made_with_all_its_files(tmp_path: Path) -> None:
    write_folder(f"{tmp_path}/out/", lambda: FILES)
    assert contents(tmp_path / "out") == {"a.csv": b"one\n", "b.csv": "é\r\n".encode()}
    assert os.listdir(tmp_path) == ["out"]


def test_files_in_a_folder_that_is_there_are_replaced_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    write_folder(".", lambda: FILES)
    assert contents(tmp_path) == {"a.csv": b"one\n", "b.csv": "é\r\n".encode(), "mine.txt": b"mine"}


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_appears_whole_or_not_at_all(there: bool, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "a.csv").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    with no_file_larger_than(100), pytest.raises(EnvironmentFailure, match=f"--out {out}: cannot be written: File too"):
        write_folder(str(out), lambda: {"a.csv": "new", "b.csv": "x" * 200})
    assert sorted(tmp_path.rglob("*")) == before
    assert not there or (out / "a.csv").read_text() == "old"


def test_nothing_is_left_where_the_texts_cannot_be_made(tmp_path: Path) -> None:
    def fail() -> dict[str, str]:
        raise UsageError("nothing to write")

    with pytest.raises(UsageError, match="nothing to write"):
        write_folder(f"{tmp_path}/out", fail)
    assert os.listdir(tmp_path) == []


def test_places_that_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        UsageError, match=r"--out .*/file: is a file; this format writes several files, so name a folder"
    ):
        write_folder(f"{tmp_path}/file", lambda: FILES)
    with pytest.raises(UsageError, match=f"there is no folder {tmp_path}/none"):
        write_folder(f"{tmp_path}/none/out", lambda: FILES)
    with pytest.raises(UsageError, match="name a folder with --out"):
        write_folder(None, lambda: FILES)


def test_bytes_do_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        with (
            pytest.raises(UsageError, match="no text for a terminal: name a file with --out"),
            opened(None, binary=True),
        ):
            pass
        with opened(None) as file:
            assert file is stdout
    os.close(master)


def test_an_interrupted_file_is_not_there(tmp_path: Path) -> None:
    def interrupted() -> None:
        with opened(f"{tmp_path}/x", binary=True) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []

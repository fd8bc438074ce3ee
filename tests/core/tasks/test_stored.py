"""Data files: written once, verified always, made anew when damaged, by any number of processes."""

import hashlib
import logging
import subprocess
import sys

import numpy
import pytest
import torch

from core.errors import EnvironmentFailure
from core.tasks.stored import StoredFile, fingerprint, stored_array, stored_files

ARRAY = numpy.arange(6.0).reshape(2, 3)


def never() -> numpy.ndarray:
    raise AssertionError("the stored array was not used")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "task" / "a.npy"
    stored_array(path, lambda: ARRAY)
    return path


def test_made_once_and_read_afterwards(path):
    assert numpy.array_equal(stored_array(path, never), ARRAY)


def test_checksum_is_readable_by_the_usual_tool(path):
    checksum = path.with_name("a.npy.sha256").read_text()
    assert checksum == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  a.npy\n"


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_file_is_reported_and_made_anew(path, damage, caplog):
    whole = path.read_bytes()
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    path.write_bytes({"flip": flipped, "cut": whole[:-1], "empty": b""}[damage])
    assert [file.intact for file in stored_files(path.parent)] == [False]
    with caplog.at_level(logging.WARNING):
        assert numpy.array_equal(stored_array(path, lambda: ARRAY), ARRAY)
    assert f"{path} is damaged" in caplog.text
    assert path.read_bytes() == whole
    assert [file.intact for file in stored_files(path.parent)] == [True]


@pytest.mark.parametrize("lost", ["a.npy", "a.npy.sha256"])
def test_half_of_the_pair_is_completed_in_silence(path, lost, caplog):
    """A writer that was killed between the two files leaves such a state; nothing is wrong with the disk."""
    path.with_name(lost).unlink()
    other = ARRAY + 1
    assert numpy.array_equal(stored_array(path, lambda: other), other), "data of unknown checksum are not used"
    assert numpy.array_equal(stored_array(path, never), other)
    assert caplog.text == ""


def test_listing_names_every_file_with_its_state(path):
    stored_array(path.with_name("b.npy"), lambda: ARRAY)
    path.unlink()
    (path.parent / "notes.txt").write_text("not ours")
    size = path.with_name("b.npy").stat().st_size
    assert list(stored_files(path.parent.parent)) == [
        StoredFile(path, 0, False),
        StoredFile(path.with_name("b.npy"), size, True),
    ]


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "data").write_text("a file where a folder is needed")
    with pytest.raises(EnvironmentFailure, match=r"cannot keep data in .*data.osc \(see --data-dir\)"):
        stored_array(tmp_path / "data" / "osc" / "a.npy", lambda: ARRAY)


def test_failed_generation_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        stored_array(tmp_path / "a.npy", lambda: numpy.array(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_processes_that_generate_at_once_agree(tmp_path):
    program = (
        "import sys, hashlib, pathlib, numpy\n"
        "from core.tasks.osc import trajectory\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for ratio in (0.0, 0.01, 0.02):\n"
        "    rows = trajectory(pathlib.Path(sys.argv[1]), ratio)\n"
        "    print(hashlib.sha256(rows.tobytes()).hexdigest())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert len({answer for answer, _ in answers}) == 1
    assert [talk for _, talk in answers] == ["", "", ""]
    assert len(list((tmp_path / "osc").iterdir())) == 6, "three files and their checksums, nothing temporary"
    assert all(file.intact for file in stored_files(tmp_path))


def test_fingerprint_tells_values_shapes_and_types_apart():
    base = torch.arange(4.0)
    others = [base.reshape(2, 2), base.flip(0), base.to(torch.int64), base.double()]
    assert len({fingerprint(tensor) for tensor in [base, *others]}) == 5
    assert fingerprint(base.reshape(2, 2).T) == fingerprint(base.reshape(2, 2).T.contiguous())
    assert fingerprint(base, base) != fingerprint(base)

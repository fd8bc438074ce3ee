"""The question before a file of the user's own runs: on a terminal alone, and only a yes is a yes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from core.user_code import trust_store

SPEC = """
[experiment]
name = "own"
mode = "run"
[task]
name = "digits"
[training]
epochs = 4
[methods]
schedulers = [{ file = "half.py" }]
"""
HALF = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo

@dataclass(frozen=True, kw_only=True)
class Half(Schedule):
    def lr(self, tick, horizon):
        return horizon.lr / 2

SCHEDULER = SchedulerInfo(name="half", schedule=Half)
"""
ARGV = [sys.executable, "-m", "hlr_tui", "--batch", "spec.toml", "--dry-run"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "half.py").write_text(HALF)
    return tmp_path


def answered(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """What the command says to somebody at a terminal who types `answer`."""
    theirs, ours = pty.openpty()
    try:
        os.write(theirs, f"{answer}\n".encode())
        return subprocess.run(ARGV, cwd=folder, stdin=ours, capture_output=True, text=True, check=False)
    finally:
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize("answer", ["y", "Yes"])
def test_a_yes_is_remembered(answer: str, folder: Path) -> None:
    first = answered(folder, answer)
    assert first.returncode == 0, first.stderr
    assert f"A spec runs the code of {folder}/half.py" in first.stderr
    assert "AdamW + half" in first.stdout
    assert trust_store().read_text() == f"{folder}/half.py\n"
    again = subprocess.run(ARGV, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")


@pytest.mark.parametrize("answer", ["n", "", "yep"])
def test_anything_else_is_a_no(answer: str, folder: Path) -> None:
    refused = answered(folder, answer)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"add --trust {folder}/half.py" in refused.stderr
    assert not trust_store().exists()


def test_nobody_is_asked_where_there_is_no_terminal(folder: Path) -> None:
    done = subprocess.run(ARGV, cwd=folder, input="y\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Allow it" not in done.stderr

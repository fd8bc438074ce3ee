"""The program from outside: exit codes, and what goes to stdout and what to stderr."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hlr_tui.__main__ import main

PROGRAM = [sys.executable, "-P", "-m", "hlr_tui"]


CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("HLR_") and key != "PYTHONUNBUFFERED"}
"""Without settings of the caller, and with a stdout that holds text back until exit, as users have it."""


def run(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], cwd=folder, env=CLEAN | environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_mistake_is_one_message_on_stderr_and_exit_code_2(tmp_path: Path) -> None:
    done = run("preview", "EHX", "--epochs", "5", "--json", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith('hlr-tui: preview: CODE = "EHX": must be one of ')
    assert 'did you mean "EH"?' in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_one_document_and_talk_goes_to_stderr(tmp_path: Path) -> None:
    done = run("preview", "OC", "--epochs", "1", "--json", folder=tmp_path)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["schedules"][0]["lr"]) == 101
    assert "100 steps per epoch" in done.stderr


@pytest.mark.parametrize("words", [("list", "tasks"), ("list", "tasks", "--json"), ("reference",), ("--help",)])
def test_a_reader_that_leaves_is_no_failure(words: tuple[str, ...], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        done = subprocess.run(
            [*PROGRAM, *words], cwd=tmp_path, env=CLEAN, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [("list", "tasks"), ("list", "tasks", "--json"), ("reference",)])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_exit_code_3(words: tuple[str, ...], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words], cwd=tmp_path, env=CLEAN, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr == "hlr-tui: No space left on device\n"


def test_output_that_stdout_cannot_encode_is_replaced(tmp_path: Path) -> None:
    done = run("preview", "EH", "--epochs", "5", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "*" in done.stdout
    assert "?" not in done.stdout
    assert run("list", "schedulers", "H", folder=tmp_path, PYTHONIOENCODING="ascii").returncode == 0


def test_colour_only_on_terminals(tmp_path: Path) -> None:
    assert "\x1b" not in run("preview", "EH", "C", "--epochs", "5", folder=tmp_path).stdout


def test_help_names_every_listed_command_and_three_next_steps(tmp_path: Path) -> None:
    bare = run("--help", folder=tmp_path)
    assert bare.returncode == 0
    assert bare.stderr == ""
    for word in (
        "list",
        "preview",
        "--batch SPEC.toml",
        "hlr-tui init digits compare > spec.toml",
        "hlr-tui list schedulers",
    ):
        assert word in bare.stdout


def test_starting_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from hlr_tui.__main__ import main; main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'matplotlib', 'optuna', 'sqlalchemy', 'textual', 'wandb'} & set(sys.modules); "
        "print(sorted(heavy), 'rich' in sys.modules, file=sys.stderr)"
    )
    for words, expected in (
        (("--help",), "[] False"),
        (("list", "tasks"), "[] True"),
        (("preview", "all", "--epochs", "3", "--steps-per-epoch", "2"), "[] True"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stderr.strip() == expected, words


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hlr-tui {importlib.metadata.version('hlr-tui')}\n"


def test_a_message_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reference", "surprise\x1b[31m"]) == 2
    assert "surprise\\x1b[31m" in capsys.readouterr().err


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(text: str) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdout.write", interrupt)
    assert main(["reference"]) == 130
    assert capsys.readouterr().err == "hlr-tui: interrupted\n"

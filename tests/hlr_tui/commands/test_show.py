from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_database import NAME, make

from hlr_tui.__main__ import main


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    make(tmp_path / "hlr").close()
    return tmp_path / "hlr"


def test_json_is_one_document_without_bare_nan(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert main(["--workspace", str(workspace), "show", NAME, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out, parse_constant=refuse)
    assert captured.err == ""
    assert (document["experiment"], document["mode"], document["state"]) == (NAME, "run", "running")
    assert document["runs"] == {"complete": 1, "failed": 1, "running": 1, "queued": 0, "diverged": 0, "pruned": 0}
    (row,) = document["comparison"]
    assert (row["mean"], row["std"], row["seeds"], row["planned"]) == (0.1, None, 1, 3)
    assert row["metrics"]["val_odd"]["mean"] == "nan"


def test_the_report_is_for_people(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workspace", str(workspace), "show", NAME]) == 0
    out = capsys.readouterr().out
    assert "1  AdamW + EH" in out
    assert "failed: small-AdamW-EH seed 8: ValueError: \\x1b[31mred\\x1b[0m, [bold]é" in out
    assert "\x1b" not in out


def test_an_unknown_name_is_the_users_mistake(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workspace", str(workspace), "show", "smal"]) == 2
    assert 'did you mean "small"?' in capsys.readouterr().err
    assert main(["--workspace", str(workspace / "none"), "show", NAME]) == 3

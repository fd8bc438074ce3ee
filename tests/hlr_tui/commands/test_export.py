from __future__ import annotations

import csv
import io
import json
import os
import resource
import sqlite3
import sys
from pathlib import Path

import pytest
from small_database import CURVES, NAME, make

from core.storage.engine import open_database
from core.storage.experiments import create_experiment
from hlr_tui.__main__ import main

CONTRACT = ["experiment", "study", "optimizer", "scheduler", "trial", "budget", "seed", "metric", "step", "value"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    make(tmp_path / "hlr").close()
    return tmp_path / "hlr"


def export(workspace: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["--workspace", str(workspace), "export", NAME, *options]) == 0
    return capsys.readouterr().out


def test_csv_has_the_columns_of_the_contract_and_a_row_for_each_point(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = export(workspace, capsys).splitlines()
    assert lines[0].split(",")[: len(CONTRACT)] == CONTRACT
    rows = list(csv.DictReader(lines))
    losses = [row for row in rows if row["metric"] == "val_loss"]
    written = [(int(row["seed"]), int(row["step"]), row["value"]) for row in losses]
    assert written == [(seed, step, str(loss)) for seed, all_ in CURVES.items() for step, loss in enumerate(all_, 1)]
    assert [row["value"] for row in losses[4:8]] == ["0.5", "nan", "inf", "-inf"]
    assert len(rows) == 2 * 9
    assert {float(row["value"]) for row in rows if row["metric"] == "lr"} == {0.01 / 3}, "written in full precision"
    first = {key: rows[0][key] for key in CONTRACT[:7]}
    assert first == {
        "experiment": NAME,
        "study": "small-AdamW-EH",
        "optimizer": "AdamW",
        "scheduler": "EH",
        "trial": "",
        "budget": "4",
        "seed": "7",
    }


def test_json_says_the_same_as_csv(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(export(workspace, capsys))))
    document = json.loads(export(workspace, capsys, "--format", "json"))
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in document] == rows
    assert list(document[0]) == list(rows[0])
    assert document[4]["value"] == 0.5
    assert [row["value"] for row in document if row["seed"] == 8 and row["metric"] == "val_loss"][1:] == [
        "nan",
        "inf",
        "-inf",
    ]


def test_an_experiment_without_points_is_an_empty_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = open_database(str(tmp_path / "hlr.db"))
    create_experiment(db, NAME, "run", "{}")
    db.close()
    assert export(tmp_path, capsys).splitlines() == [",".join([*CONTRACT, "stage", "unit", "run", "state"])]
    assert json.loads(export(tmp_path, capsys, "--format", "json")) == []


def test_a_file_appears_whole_or_not_at_all(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = export(workspace, capsys)
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "points.csv"
    assert export(workspace, capsys, "--out", str(path)) == ""
    assert path.read_text(encoding="utf-8") == expected
    assert os.listdir(folder) == ["points.csv"]

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    large = (workspace / "hlr.db").stat().st_size
    assert len(expected) < large
    path.write_text("the one before")
    # Nothing but the read-only look at the database happens before the first byte is written.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        code = main(["--workspace", str(workspace), "export", NAME, "--out", str(path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 3
    assert path.read_text() == "the one before"
    assert os.listdir(folder) == ["points.csv"]


def test_places_that_cannot_be_written_to(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--workspace", str(workspace), "export", NAME, "--out"]
    missing = tmp_path / "none" / "points.csv"
    assert main([*command, str(missing)]) == 2
    assert f"--out {missing}: there is no folder {missing.parent}" in capsys.readouterr().err
    assert main([*command, str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_device_is_written_to_and_not_replaced(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = export(workspace, capsys)
    reader, writer = os.pipe()
    # The pipe holds 64 KiB, more than these points.
    assert main(["--workspace", str(workspace), "export", NAME, "--out", f"/dev/fd/{writer}"]) == 0
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as file:
        assert file.read() == expected


def test_points_are_read_while_they_are_written(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Meddler(io.StringIO):
        """Deletes the points of the last run when those of the first one come out."""

        def write(self, text: str) -> int:
            if ",7,val_loss,1," in text:
                with sqlite3.connect(workspace / "hlr.db") as db:
                    db.execute("DELETE FROM hlr_point WHERE value = 1e-30")
            return super().write(text)

    out = Meddler()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["--workspace", str(workspace), "export", NAME]) == 0
    assert ",7,val_loss,4,0.1," in out.getvalue()
    assert ",9,val_loss," not in out.getvalue(), "the whole experiment was read before"

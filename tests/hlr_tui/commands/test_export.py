from __future__ import annotations

import csv
import io
import json
import os
import pty
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_database import CURVES, NAME, make

from core.storage.engine import open_database
from core.storage.experiments import create_experiment
from hlr_tui.__main__ import main
from hlr_tui.exports import points_parquet

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


def test_parquet_says_the_same_as_csv(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(export(workspace, capsys))))
    assert export(workspace, capsys, "--format", "parquet", "--out", str(tmp_path / "points.parquet")) == ""
    assert sorted(os.listdir(tmp_path)) == ["hlr", "points.parquet"]
    table = pq.read_table(tmp_path / "points.parquet")
    assert table.column_names == list(rows[0])
    read = {pa.string(): str, pa.int64(): int, pa.float64(): float}
    kinds = [str(field.type) for field in table.schema]
    assert kinds == [*["string"] * 4, *["int64"] * 3, "string", "int64", "double", *["string"] * 4]
    assert table.num_rows == len(rows) == 18
    for column in table.schema:
        expected = [None if row[column.name] == "" else read[column.type](row[column.name]) for row in rows]
        found = table.column(column.name).to_pylist()
        assert [repr(cell) for cell in found] == [repr(cell) for cell in expected]  # repr, since nan is not nan
    assert {"nan", "inf", "-inf"} <= {repr(value) for value in table.column("value").to_pylist()}


def test_parquet_comes_in_row_groups(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points_parquet, "GROUP", 5)
    export(workspace, capsys, "--format", "parquet", "--out", str(tmp_path / "points.parquet"))
    file = pq.ParquetFile(tmp_path / "points.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [5, 5, 5, 3]
    steps = [int(row["step"]) for row in csv.DictReader(io.StringIO(export(workspace, capsys)))]
    assert file.read().column("step").to_pylist() == steps


def test_parquet_of_an_experiment_without_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = open_database(str(tmp_path / "hlr.db"))
    create_experiment(db, NAME, "run", "{}")
    db.close()
    export(tmp_path, capsys, "--format", "parquet", "--out", str(tmp_path / "points.parquet"))
    table = pq.read_table(tmp_path / "points.parquet")
    assert (table.num_rows, table.column_names[0]) == (0, "experiment")


def test_parquet_goes_through_a_pipe_but_not_to_a_terminal(workspace: Path) -> None:
    program = [sys.executable, "-P", "-m", "hlr_tui", "--workspace", str(workspace), "export", NAME]
    done = subprocess.run([*program, "--format", "parquet"], capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 18
    master, terminal = pty.openpty()
    refused = subprocess.run(
        [*program, "--format", "parquet"], stdout=terminal, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(terminal)
    assert refused.returncode == 2
    assert b"name a file with --out" in refused.stderr
    os.close(master)


def test_a_reader_of_parquet_that_leaves_is_no_failure(workspace: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-P", "-m", "hlr_tui", "--workspace", str(workspace), "export", NAME]
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            [*program, "--format", "parquet"], stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_parquet_file_appears_whole_or_not_at_all(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    path.write_text("the one before")
    kept_open = open_database(str(workspace / "hlr.db"))  # SQLite's own files are there already
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        code = main(["--workspace", str(workspace), "export", NAME, "--format", "parquet", "--out", str(path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        kept_open.close()
    assert code == 3
    assert path.read_text() == "the one before"
    assert sorted(os.listdir(tmp_path)) == ["hlr", "points.parquet"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("markdown", "| 1 | AdamW + EH | 0.100 | 1 | 90.0 | 1 of 3 |"),
        ("latex", r"1 & AdamW + EH & $0.100$ & 1 & $90.0$ & 1 of 3 \\"),
    ],
)
def test_tables_of_results(form: str, expected: str, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = export(workspace, capsys, "--format", form)
    assert expected in text
    assert "small: run, running; runs: 1 running, 1 complete, 1 failed" in text


def test_curves_as_the_originals_tools_read_them(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "curves"
    assert export(workspace, capsys, "--format", "seed-csv", "--out", str(out)) == ""
    assert os.listdir(out) == ["Result_digits_MLP-EH.csv"]
    with open(out / "Result_digits_MLP-EH.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["EH4_val_loss"]) for row in rows] == CURVES[7]
    assert main(["--workspace", str(workspace), "export", NAME, "--format", "seed-csv"]) == 2
    assert "name a folder with --out" in capsys.readouterr().err


def test_results_as_the_original_writes_them(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = export(workspace, capsys, "--format", "results-json", "--optimizer", "AdamW")
    document = json.loads(text)
    assert document["comparison"] == {"EH": {"4": 0.1}}
    assert document["config"]["project"] == NAME
    out = tmp_path / "out"
    out.mkdir()
    export(workspace, capsys, "--format", "results-json", "--out", str(out))
    export(workspace, capsys, "--format", "results-json", "--out", str(out / "mine.json"))
    assert sorted(os.listdir(out)) == ["mine.json", f"results_{NAME}.json"]
    assert {path.read_text(encoding="utf-8") for path in out.iterdir()} == {text}


def test_an_optimizer_is_for_formats_that_go_by_schedulers(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--workspace", str(workspace), "export", NAME, "--optimizer"]
    assert main([*command, "AdamW"]) == 2
    assert '--optimizer = "AdamW": goes with --format seed-csv or results-json only' in capsys.readouterr().err
    assert main([*command, "Adam", "--format", "results-json"]) == 2
    assert "AdamW" in capsys.readouterr().err


def test_an_export_of_points_loads_no_parquet(workspace: Path) -> None:
    program = [sys.executable, "-P", "-X", "importtime", "-m", "hlr_tui", "--workspace", str(workspace), "export", NAME]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    loaded = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
    assert "sqlalchemy" in loaded
    assert loaded & {"pyarrow", "argcomplete", "torch", "optuna"} == set()

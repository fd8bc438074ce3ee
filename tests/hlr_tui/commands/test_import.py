from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from small_database import NAME, make

from hlr_tui.__main__ import main

TEXT = """\
epoch,H1_val_loss,H1_val_loss_min,H1_val_loss_max,H3_val_loss,H3_val_loss_min,H3_val_loss_max
1,0.75,0.5,1.0,0.7,0.6,0.8
2,,,,0.25,0.125,0.5
3,,,,2.01662208265674E-08,1.4E-08,2.6E-08
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    texts = {
        "Result_OSC_LSTM-H.csv": TEXT,
        "Result_OSC_LSTM-Prodigy.csv": TEXT.replace("H1", "Prodigy1").replace("H3", "Prodigy3").replace("0.75", "0.8"),
        "Result_CIFAR10_CNN_ACC-H.csv": TEXT,
    }
    for name, text in texts.items():
        Path(name).write_text(text)
    return list(texts)


def test_an_import_is_an_experiment_like_others(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", *files]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == ["OSC_LSTM: 2 files, H, Prodigy: 12 new series", "CIFAR10_CNN: 1 file, H: 6 new series"]

    assert main(["status", "--json"]) == 0
    (osc, cnn) = json.loads(capsys.readouterr().out)["experiments"]
    assert (osc["experiment"], osc["mode"], osc["state"], osc["progress"]) == ("OSC_LSTM", "import", "complete", 1.0)
    assert cnn["runs"]["complete"] == 2

    assert main(["show", "OSC_LSTM", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["comparison"]
    assert [(row["method"], row["budget"], row["mean"], row["std"]) for row in rows] == [
        ("H", 1, 0.75, None),
        ("Prodigy", 1, 0.8, None),
        ("H", 3, 2.01662208265674e-08, None),
        ("Prodigy", 3, 2.01662208265674e-08, None),
    ]
    assert main(["show", "CIFAR10_CNN"]) == 0
    shown = capsys.readouterr().out
    assert "imported means over seeds; the files tell neither how many seeds nor their deviation" in shown
    assert "±" not in shown

    assert main(["export", "OSC_LSTM", "--format", "csv"]) == 0
    points = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(points) == 2 * 3 * (1 + 3)
    assert {row["scheduler"] for row in points if row["optimizer"] == ""} == {"H"}


def test_importing_again_changes_nothing(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    exports = []
    for new in (12, 0):
        assert main(["import", "--json", *files]) == 0
        documents = json.loads(capsys.readouterr().out)["experiments"]
        assert [document["new"] for document in documents] == [new, new // 2]
        assert main(["export", "OSC_LSTM", "--format", "csv"]) == 0
        exports.append(capsys.readouterr().out)
    assert exports[0] == exports[1]


def test_export_import_export_is_byte_equal(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", *files]) == 0
    assert main(["export", "OSC_LSTM", "--format", "seed-csv", "--out", "first"]) == 0
    written = sorted(Path("first").iterdir())
    assert [path.name for path in written] == files[:2]
    assert main(["import", "--name", "again", *map(str, written)]) == 0
    assert main(["export", "again", "--format", "seed-csv", "--out", "second"]) == 0
    assert [path.name for path in sorted(Path("second").iterdir())] == files[:2]
    for path in written:
        assert (Path("second") / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["Result_OSC_LSTM-H.csv", "Result_OSC_LSTM-E.csv"], "Result_OSC_LSTM-E.csv: cannot be read: No such file"),
        (["curves.csv"], "curves.csv: must be named Result_DATASET_MODEL-CODE.csv"),
        (["Result_OSC_LSTM-EH.csv"], 'line 1, column "H1_val_loss": must be EHN_val_loss'),
        (["--name", "a b", "Result_OSC_LSTM-H.csv"], '--name "a b": must be 1 to 64 letters'),
        (
            ["--name", "both", "Result_OSC_LSTM-H.csv", "Result_CIFAR10_CNN_ACC-H.csv"],
            "--name both: the files are of OSC_LSTM and CIFAR10_CNN; import each by itself",
        ),
    ],
)
def test_mistakes_leave_no_database_behind(
    files: list[str], capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    Path("Result_OSC_LSTM-EH.csv").write_text(TEXT)
    assert main(["import", *argv]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not Path("hlr").exists()


def test_imported_curves_cannot_be_trained(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    make(Path("hlr")).close()
    assert main(["import", "--name", NAME, files[0]]) == 2
    assert f'experiment "{NAME}"' in capsys.readouterr().err
    assert main(["import", files[0]]) == 0
    capsys.readouterr()
    assert main(["resume", "OSC_LSTM"]) == 2
    assert 'experiment "OSC_LSTM" holds imported curves, there is nothing to train' in capsys.readouterr().err

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hlr_tui.__main__ import main

PLUGIN = """
from dataclasses import dataclass

from core.component import Schedule, SchedulerInfo
from core.params import real, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Halving(Schedule):
    period: float = real(2.0, above=0.0, search=span(1, 4), help="epochs [per] halving")

    def lr(self, tick, horizon):
        return horizon.lr * 0.5 ** (tick / self.period)


SCHEDULER = SchedulerInfo(
    name="halving", code="HALF", family="decay", tick="epoch", summary="halves", reference="", schedule=Halving
)
"""


def run(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HLR_")}
    command = [sys.executable, "-m", "hlr_tui", *words]
    return subprocess.run(command, cwd=folder, env=clean | environ, capture_output=True, text=True, check=False)


def test_a_plugin_file_is_listed_and_drawn_from_its_declaration(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "halving.py").write_text(PLUGIN)
    listed = run("--plugins", "parts", "list", "schedulers", "half", "--json", folder=tmp_path)
    assert json.loads(listed.stdout) == [
        {
            "name": "halving",
            "code": "HALF",
            "summary": "halves",
            "reference": None,
            "family": "decay",
            "tick": "epoch",
            "params": [
                {
                    "name": "period",
                    "kind": "real",
                    "default": 2.0,
                    "derived": False,
                    "low": None,
                    "high": None,
                    "above": 0.0,
                    "below": None,
                    "choices": None,
                    "search": {"low": 1, "high": 4, "step": None, "log": False},
                    "help": "epochs [per] halving",
                    "in_ticks": False,
                }
            ],
        }
    ]
    assert "epochs [per] halving" in run("list", "schedulers", "HALF", folder=tmp_path, HLR_PLUGINS="parts").stdout
    words = ["preview", "HALF", "--epochs", "2", "-p", "half.period=1", "--lr", "1", "--json", "--plugins", "parts"]
    assert json.loads(run(*words, folder=tmp_path).stdout)["schedules"][0]["lr"] == [1.0, 0.5, 0.25]
    broken = run("preview", "HALF", "--epochs", "5000", "--lr", "1", "--json", "--plugins", "parts", folder=tmp_path)
    assert broken.returncode == 0  # 0.5 ** 2500 underflows to 0, which is no error


@pytest.mark.parametrize("kind", ["schedulers", "optimizers", "models", "tasks", "metrics", "executors"])
def test_the_table_fits_80_columns_and_has_a_row_per_record(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["list", kind, "--json"]) == 0
    documents = json.loads(capsys.readouterr().out)
    assert main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    first_words = [line.split()[0] for line in lines if line.startswith(" ") and line.split() and line[1] != " "]
    assert [document["code"] for document in documents] == [word for word in first_words if word[0].isalnum()][1:]


def test_details_of_some_by_name_or_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "schedulers", "exp_hyperbolic", "h", "--json"]) == 0
    assert [document["code"] for document in json.loads(capsys.readouterr().out)] == ["EH", "H"]
    assert main(["list", "schedulers", "H"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "search 200 … 400 step 50" in shown
    assert "arXiv:2407.15200" in shown
    assert main(["list", "schedulers", "hyperbolik"]) == 2
    assert 'did you mean "hyperbolic"?' in capsys.readouterr().err

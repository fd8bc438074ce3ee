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

from core.component import LoaderTask, TaskInfo, TaskRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(LoaderTask):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(TaskRecipe):
    def load(self, data_dir):
        return {}["nothing"]


TASK = TaskInfo(name="CLASS", kind="own", model="MLP", recipe=CLASS)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HLR_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert main(["data", *words]) == code
    return capsys.readouterr()


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {row["task"]: row["state"] for row in json.loads(answer(capsys, "list", "--json")[0])}


def test_list_has_every_task_and_what_there_is_of_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "tasks", "--json"])
    tasks = [record["name"] for record in json.loads(capsys.readouterr().out)]
    before = states(capsys)
    assert list(before) == tasks
    assert {before.pop("digits"), *before.values()} == {"installed", "absent"}
    assert not (place / "data").exists(), "looking changes nothing"

    out, talk = answer(capsys, "get", "osc", "--json")
    file = place / "data" / "osc" / "newmark-zeta-0.npy"
    assert json.loads(out) == {
        "task": "osc",
        "state": "here",
        "installed_with": None,
        "bytes": file.stat().st_size,
        "path": str(file.parent),
        "files": [{"task": "osc", "path": str(file), "bytes": file.stat().st_size, "state": "intact"}],
    }
    assert "9,902 samples" in talk
    assert states(capsys)["osc"] == "here"

    out, _ = answer(capsys, "list")
    place_line, *table = out.splitlines()
    assert place_line == f"data folder {place / 'data'}"
    assert max(map(len, table)) <= 80
    words = " ".join(out.split())
    assert "digits installed with scikit-learn" in words
    assert "osc here, checksums match 240.2 kB osc" in words
    assert "cifar10 not here" in words


def test_nothing_is_to_be_got_for_what_is_installed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, talk = answer(capsys, "get", "digits")
    assert out == ""
    assert "installed with scikit-learn" in talk
    assert not (place / "data").exists()


def test_verify_names_what_is_damaged_or_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, talk = answer(capsys, "verify")
    assert out == ""
    assert f"no data in {place / 'data'}" in talk
    answer(capsys, "get", "osc")
    file = place / "data" / "osc" / "newmark-zeta-0.npy"
    stranger = place / "data" / "gone" / "a.npy"
    stranger.parent.mkdir()
    stranger.with_name("a.npy.sha256").write_text("0  a.npy\n")
    assert answer(capsys, "verify", code=3)[0].splitlines() == [f"intact    {file}", f"missing   {stranger}"]
    stranger.with_name("a.npy.sha256").unlink()
    assert answer(capsys, "verify") == (f"intact    {file}\n", "")

    file.write_bytes(file.read_bytes() + b"x")
    out, talk = answer(capsys, "verify", "--json", code=3)
    (document,) = json.loads(out)
    assert (document["task"], document["path"], document["state"]) == ("osc", str(file), "damaged")
    assert f"{file} is damaged" in talk
    assert states(capsys)["osc"] == "damaged"
    assert "newmark-zeta-0.npy damaged" in " ".join(answer(capsys, "list")[0].split())
    answer(capsys, "get", "osc")
    assert states(capsys)["osc"] == "here"


def test_a_damaged_archive_is_named_with_what_to_do(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import CIFAR100

    monkeypatch.setattr(CIFAR100, "url", "http://127.0.0.1:9/cifar-100-python.tar.gz")  # no network: nobody listens
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    archive = place / "there" / "cifar-100-python.tar.gz"
    archive.parent.mkdir()
    archive.write_bytes(b"half of it")
    monkeypatch.setenv("HLR_DATA", str(archive.parent))
    assert states(capsys)["cifar100"] == "damaged"
    assert states(capsys)["cifar10"] == "absent"
    assert f"{archive} is damaged" in answer(capsys, "verify", code=3)[1]
    out, talk = answer(capsys, "get", "cifar100", code=3)
    assert out == ""
    assert "(MD5 eb9058c3a382ffc7106e4002c42a8d85, from http://127.0.0.1:9/" in talk
    assert f"in {archive.parent}, then: hlr-tui data get cifar100" in talk


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gett"], 'ACTION = "gett": must be one of list, get, verify (did you mean "get"?)'),
        (["get"], "data get needs a task: one of digits, "),
        (["get", "cifar"], '(did you mean "cifar10"?)'),
        (["list", "osc"], "data list takes no task"),
        (["verify", "osc"], "data verify takes no task"),
    ],
)
def test_mistakes(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, talk = answer(capsys, *words, code=2)
    assert out == ""
    assert message in talk


@pytest.mark.parametrize(
    ("name", "state", "message"),
    [("Own", "own", "Own: reads its data with loaders of its own"), ("Broken", "absent", "KeyError: 'nothing'")],
)
def test_tasks_of_plug_ins(place: Path, name: str, state: str, message: str) -> None:
    (place / "parts").mkdir()
    (place / "parts" / "task.py").write_text(PLUGIN.replace("CLASS", name))
    command = [sys.executable, "-m", "hlr_tui", "--plugins", "parts", "data"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HLR_")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], env=clean, capture_output=True, text=True, check=False)

    assert {row["task"]: row["state"] for row in json.loads(run("list", "--json").stdout)}[name] == state
    got = run("get", name)
    assert got.returncode == 2
    assert message in got.stderr
    assert "Traceback" not in got.stderr

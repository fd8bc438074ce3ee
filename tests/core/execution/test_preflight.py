"""One step of every method before anything trains: what it finds, how it says so, and that it leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from campaign import Campaign

from core.catalog import catalog
from core.errors import EnvironmentFailure
from core.execution.preflight import preflight
from core.plan import Plan, make_plan
from core.spec.file import spec_from_json
from core.trainer.assemble import DataCache
from core.trainer.preflight import Probe, probe
from core.user_code import TRUST_ENV

MINE = """
import os
from dataclasses import dataclass
import torch
from torch.utils.data import DataLoader, TensorDataset
from core.component import (
    Loaders, LoaderTask, ModelInfo, ModelRecipe, OptimizerInfo, OptimizerRecipe, Schedule, SchedulerInfo, TaskInfo
)

print("loading")
INPUTS = 3

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(INPUTS, 2)

    def forward(self, inputs):
        print("forward")
        return self.layer(inputs)

@dataclass(frozen=True, kw_only=True)
class MyNet(ModelRecipe):
    def build(self, shape):
        return Net()

@dataclass(frozen=True, kw_only=True)
class Mine(LoaderTask):
    def train_size(self):
        return 20

    def loaders(self, data_dir, batch_size, seed):
        part = DataLoader(TensorDataset(torch.randn(20, 3), torch.arange(20) % 2), batch_size)
        return Loaders(train=part, validation=part, checksum="abc")

    def loss(self, outputs, targets):
        return torch.nn.functional.cross_entropy(outputs, targets)

    def metrics(self, outputs, targets):
        return {"accuracy": (outputs.argmax(1) == targets).double().mean(), "length": float(len(targets))}

class Steps(torch.optim.SGD):
    def step(self, closure=None):
        raise LookupError("no step")

@dataclass(frozen=True, kw_only=True)
class Broken(OptimizerRecipe):
    def build(self, parameters, lr):
        return Steps(parameters, lr=lr)

@dataclass(frozen=True, kw_only=True)
class Half(Schedule):
    def lr(self, tick, horizon):
        return horizon.lr / 2

TASK = TaskInfo(name="mine", kind="mine", model="MyNet", recipe=Mine)
MODEL = ModelInfo(name="MyNet", kind="mine", recipe=MyNet)
OPTIMIZER = OptimizerInfo(
    name="Broken", code="Broken", family="own", lr_free=False, summary="", reference="", recipe=Broken)
SCHEDULER = SchedulerInfo(name="half", code="HALF", schedule=Half)
"""

MISMATCH = ("INPUTS = 3", "INPUTS = 4")
"""Raised by torch, three frames below the user's line."""


@pytest.fixture
def mine(make_campaign: Callable[..., Campaign]) -> Iterator[Callable[..., Campaign]]:
    """Makes campaigns on the file, with texts in it replaced."""

    def make(*replaced: tuple[str, str], **changes: Any) -> Campaign:
        made = make_campaign(model={}, **({"training__batch_size": 8, "execution__workers": 2} | changes))
        text = MINE
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (made.folder / "mine.py").write_text(text)
        made.spec["task"] = {"file": "mine.py"}
        made.spec["model"] = {}
        return made

    return make


def found(text: str) -> list[str]:
    return [line.removeprefix("hlr-tui: ") for line in text.splitlines() if line.startswith("hlr-tui: ")]


def test_check_tells_of_every_method_and_leaves_nothing(mine: Callable[..., Campaign]) -> None:
    """One method of three cannot be trained, and what users' code prints is not data."""
    made = mine(methods__optimizers=["AdamW", {"file": "mine.py"}], methods__lr_free=["Prodigy"])
    done = made.end(made.start_batch("--check", "--trust", "mine.py"), code=2)
    table = {line[:16].strip(): line[16:].strip().split(None, 4) for line in done.stdout.splitlines()}
    assert table["AdamW + N"][0] == "8", "parameters"
    assert table["AdamW + N"][-1] == "works"
    assert table["Prodigy"][-1] == "works"
    assert table["Broken + N"] == ["LookupError:", "no", "step"]
    assert "3 methods tried in " in done.stdout
    assert "can be trained" not in done.stdout
    line = MINE.splitlines().index('        raise LookupError("no step")') + 1
    assert found(done.stderr)[-2:] == [
        f"{made.folder}/spec.toml: Broken + N cannot be trained: LookupError: no step",
        f'  {made.folder}/mine.py, line {line}, in step: raise LookupError("no step")',
    ]
    assert "Traceback" not in done.stderr
    assert "forward" not in done.stdout
    assert not made.workspace.exists()


def test_check_as_json_is_one_document(mine: Callable[..., Campaign]) -> None:
    made = mine(methods__schedulers=["N", {"file": "mine.py"}], compare__budgets=[3], compare__seeds=[1, 2])
    document = json.loads(made.end(made.start_batch("--check", "--json", "--trust", ".")).stdout)
    assert [check["method"] for check in document["checks"]] == ["AdamW + N", "AdamW + HALF"]
    first, second = document["checks"]
    assert (first["error"], first["exit_code"], first["parameters"], first["checksum"]) == ("", 0, 8, "abc")
    assert first["epoch_seconds"] > 0
    assert second["epoch_seconds"] is None, "another schedule takes no other time"
    assert (document["epochs"], document["workers"]) == (2 * 2 * 3, 2)
    assert document["total_seconds"] == pytest.approx(document["epoch_seconds"] * 12 / 2)
    assert not made.workspace.exists()


def test_an_experiment_that_cannot_train_is_not_begun(mine: Callable[..., Campaign]) -> None:
    made = mine(MISMATCH, methods__schedulers=["N", "C"])
    done = made.end(made.start_batch("--trust", "mine.py", "--json", check=True), code=2)
    assert done.stdout == ""
    line = MINE.splitlines().index("        return self.layer(inputs)") + 1
    first, *rest = found(done.stderr)
    assert first.startswith(f"{made.folder}/spec.toml: nothing can be trained: RuntimeError: ")
    assert rest[0] == f"  {made.folder}/mine.py, line {line}, in forward: return self.layer(inputs)"
    assert "Traceback" not in done.stderr
    assert "/core/" not in done.stderr
    assert not (made.workspace / "hlr.db").exists()


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Plan]]:
    """Makes plans on the file in this process."""
    monkeypatch.setenv(TRUST_ENV, str(tmp_path))
    catalog.cache_clear()

    def make(*replaced: tuple[str, str], **training: Any) -> Plan:
        text = MINE
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        document = {
            "experiment": {"name": "own", "mode": "run"},
            "task": {"file": str(tmp_path / "mine.py")},
            "training": {"epochs": 2, "seeds": 1, "batch_size": 8} | training,
            "methods": {"schedulers": ["N", "C"]},
        }
        return make_plan(spec_from_json(json.dumps(document), "spec.toml"))

    yield make
    catalog.cache_clear()


def tried(plan: Plan, folder: Path) -> Probe:
    config = plan.fixed_runs[0].config
    return probe(config, DataCache(folder), torch.device("cpu"), measured=True)


FAILURES: dict[str, tuple[tuple[str, str], int, str]] = {
    "shapes": (MISMATCH, 2, "RuntimeError: addmm: mat1 and mat2 shapes cannot be multiplied (8x3 and 4x2)\n  "),
    "loss of every sample": (
        ("cross_entropy(outputs, targets)", 'cross_entropy(outputs, targets, reduction="none")'),
        2,
        "TypeError: the loss of a batch must be one number, not a tensor of shape (8,)",
    ),
    "a plain number": (
        ("cross_entropy(outputs, targets)", "cross_entropy(outputs, targets).item()"),
        2,
        "TypeError: the loss of a batch must be a tensor, not float",
    ),
    "a metric of every sample": (
        (".double().mean()", ".double()"),
        2,
        'TypeError: metric "accuracy" of a batch must be one number, not a tensor of shape (8,)',
    ),
    "missing data": (
        ("        part = Data", "        torch.load(data_dir / 'x.pt')\n        part = Data"),
        3,
        "FileNotFoundError: [Errno 2] No such file or directory: ",
    ),
    "memory": (
        ("return self.layer(inputs)", "return torch.empty(1 << 60)"),
        3,
        "out of memory on cpu at batch size 8: ",
    ),
    "another size": (
        ("return 20", "return 30"),
        2,
        "Mine.train_size() = 30 makes 4 batches of 8, but the loader has 3: ",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_cannot_work_is_said(failure: str, planned: Callable[..., Plan], tmp_path: Path) -> None:
    replaced, code, said = FAILURES[failure]
    one = tried(planned(replaced), tmp_path)
    assert one.exit_code == code
    assert one.error.startswith(said)


def test_what_works_is_measured(planned: Callable[..., Plan], tmp_path: Path) -> None:
    one = tried(planned(), tmp_path)
    assert (one.error, one.exit_code, one.parameters, one.checksum, one.device) == ("", 0, 8, "abc", "cpu")
    assert one.memory > 0
    assert one.epoch_seconds is not None


def test_a_process_that_dies_names_the_method(
    planned: Callable[..., Plan], make_campaign: Callable[..., Campaign]
) -> None:
    place = make_campaign().place
    plan = planned(("return self.layer(inputs)", "os._exit(7)"))
    with pytest.raises(EnvironmentFailure, match=r"^spec\.toml: .* died \(exit code 7\) while it tried AdamW \+ N$"):
        preflight(plan, place)

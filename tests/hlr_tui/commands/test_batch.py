"""`hlr-tui --batch`: every mode, what may change between two calls, and what happens where things go wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from campaign import Campaign, leftovers

TRAP = """
import math
import os
from dataclasses import dataclass
from core.component import ModelInfo, ModelRecipe
from core.params import whole
from core.seeding import derived_seed

@dataclass(frozen=True, slots=True, kw_only=True)
class Trap(ModelRecipe):
    hidden_size: int = whole(8, low=1, help="width")
    num_layers: int = whole(1, low=0, help="depth")

    def build(self, shape):
        import torch
        armed = not os.path.exists(__file__ + ".off")
        if armed and torch.initial_seed() == derived_seed(2, "weights"):
            raise RuntimeError("the trap snaps")
        if armed and torch.initial_seed() == derived_seed(3, "weights"):
            os._exit(9)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(math.prod(shape.inputs), shape.outputs[0]))

MODEL = ModelInfo(name="Trap", code="Trap", kind="image", summary="a trap", reference="none", recipe=Trap)
"""

HOT = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo

@dataclass(frozen=True, slots=True, kw_only=True)
class Hot(Schedule):
    def lr(self, tick, horizon):
        return horizon.lr * 1e6

SCHEDULER = SchedulerInfo(
    name="hot", code="HOT", family="mine", tick="epoch", summary="too hot", reference="none", schedule=Hot)
"""


def test_search_then_comparison_on_one_name(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(compare__budgets=[2, 4], compare__seeds=2)
    made.spec["experiment"]["mode"] = "optimize-compare"
    refused = made.end(made.start_batch("--json"), code=2)
    assert refused.stdout == ""
    assert 'study "tiny-AdamW-N"' in refused.stderr
    assert 'mode = "all"' in refused.stderr
    assert "Traceback" not in refused.stderr

    made.spec["experiment"]["mode"] = "optimize"
    found = made.batch()
    assert (found["mode"], found["state"]) == ("optimize", "complete")
    assert found["runs"]["complete"] == 4
    assert found["comparison"] == []
    (study,) = found["studies"]
    assert (study["name"], study["optimizer"], study["scheduler"], study["trials"]) == (
        "tiny-AdamW-N", "AdamW", "N", 4
    )  # fmt: skip
    values = {run.trial: run.value for run in made.runs()}
    assert study["best"]["trial"] == min(values, key=lambda trial: values[trial] or math.inf)
    assert study["best"]["value"] == min(value for value in values.values() if value is not None)

    made.spec["experiment"]["mode"] = "optimize-compare"
    compared = made.batch()
    assert (compared["mode"], compared["state"]) == ("optimize-compare", "complete")
    assert compared["studies"] == found["studies"]
    assert [(row["budget"], row["seeds"], row["metric"]) for row in compared["comparison"]] == [
        (2, 2, "val_loss"), (4, 2, "val_loss")
    ]  # fmt: skip
    for row in compared["comparison"]:
        assert row["mean"] == pytest.approx(sum(row["values"]) / 2)
    assert set(made.attempts().values()) == {1}

    export, attempts = made.export(), made.attempts()
    points = [point["step"] for point in made.rows()]
    assert made.batch()["comparison"] == compared["comparison"]
    assert (made.export(), made.attempts()) == (export, attempts)
    assert len(points) > 0
    made.wait_quiet()
    assert leftovers(made.workspace) == []


def test_an_experiment_may_grow_but_not_change(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(experiment__mode="all", optimize__trials=2)
    found = made.batch()
    assert (found["mode"], found["runs"]["complete"]) == ("all", 2 + 1)
    runs, export = {run.id: run for run in made.runs()}, made.export()

    refused = made.end(made.start_batch("--set", "training.lr=0.02"), code=2)
    assert refused.stdout == ""
    assert 'training.lr = 0.02: was 0.01 when experiment "tiny" began' in refused.stderr
    assert "Traceback" not in refused.stderr

    made.write(optimize__trials=4, compare__budgets=[2, 3], methods__schedulers=["C", "N"])
    grown = made.batch()
    now = {run.id: run for run in made.runs()}
    assert {run_id: now[run_id] for run_id in runs} == runs
    assert set(export.splitlines()) <= set(made.export().splitlines())
    assert {run.state for run in now.values()} == {"complete"}
    assert set(made.attempts().values()) == {1}
    assert [(study["name"], study["trials"]) for study in grown["studies"]] == [
        ("tiny-AdamW-C", 4),
        ("tiny-AdamW-N", 4),
    ]
    best = {study["scheduler"]: study["best"]["trial"] for study in grown["studies"]}
    anew = (
        best["N"] != found["studies"][0]["best"]["trial"]
    )  # then the former best trial has its run at one budget, too
    assert grown["runs"]["complete"] == 2 * 4 + 2 * 2 + anew
    assert {(row["scheduler"], row["budget"], row["trial"]) for row in grown["comparison"]} == {
        (code, budget, best[code]) for code in ("N", "C") for budget in (2, 3)
    }


def test_a_model_fails_its_own_runs_alone(make_campaign: Callable[..., Campaign]) -> None:
    """It raises with seed 2, and ends its process with seed 3: another worker tries that again, two times."""
    made = make_campaign(model__name="Trap", compare__seeds=[1, 2, 3, 4])
    made.plugin("trap", TRAP)
    found = made.batch(code=1)
    assert found["state"] == "complete"
    assert (found["runs"]["complete"], found["runs"]["failed"]) == (2, 2)
    for document in (made.json("show", "tiny"), made.json("status", "tiny")["experiments"][0]):
        raised, died = sorted(document["failures"], key=lambda failure: failure["seed"])
        assert (raised["seed"], died["seed"]) == (2, 3)
        assert "RuntimeError: the trap snaps" in raised["error"]
        assert "the trap snaps" in Path(raised["log"]).read_text()
        assert died["log"] in died["error"]
    attempts = {run.seed: (run.attempt, run.deaths) for run in made.runs()}
    assert attempts == {1: (1, 0), 2: (1, 0), 3: (3, 3), 4: (1, 0)}
    made.wait_quiet()
    assert leftovers(made.workspace) == []

    (made.folder / "plugins" / "trap.py.off").touch()
    again = made.batch()
    assert (again["runs"]["complete"], again["runs"]["failed"]) == (4, 0)
    assert {run.seed: run.attempt for run in made.runs()} == {1: 1, 2: 2, 3: 4, 4: 1}


def test_a_device_that_is_not_there_fails_the_experiment(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(training__device="cuda:7", compare__seeds=[1, 2], execution__workers=2)
    ended = made.end(made.start_batch(), code=3)
    assert 'device "cuda:7" is not available here' in ended.stderr
    assert "Traceback" not in ended.stderr
    assert made.experiment.state == "failed"
    assert "3 workers in a row ended before they took a run" in ended.stderr
    # the one that was started in place of the second may have come that far, too
    assert 3 <= len(list((made.workspace / "logs" / "tiny").glob("worker-*.log"))) <= 4
    made.wait_quiet()
    assert made.batch("--set", "training.device=cpu", "--workers", "1")["runs"]["complete"] == 2


def test_divergence_is_the_worst_objective_and_no_error(make_campaign: Callable[..., Campaign]) -> None:
    """Some trials with N diverge, and all of those with a scheduler that multiplies the rate by a million."""
    import optuna

    made = make_campaign(
        experiment__mode="all",
        training__loss_bound=2.7,
        methods__schedulers=["N", "HOT"],
        optimize__search={"lr": {"low": 1e-3, "high": 100.0, "log": True}},
        optimize__trials=6,
    )
    made.plugin("hot", HOT)
    found = made.batch()
    assert found["state"] == "complete"
    normal, hot = sorted(found["studies"], key=lambda study: study["scheduler"] == "HOT")
    study = optuna.load_study(study_name="tiny-AdamW-N", storage=made.place.storage)
    told = {trial.number: trial.value for trial in study.trials}
    diverged = {run.trial for run in made.runs("diverged") if run.scheduler == "N" and run.stage == "search"}
    assert 0 < len(diverged) < 6
    assert {number for number, value in told.items() if value == math.inf} == diverged
    assert math.isfinite(normal["best"]["value"])

    assert hot["best"] is None
    assert {(run.stage, run.state) for run in made.runs() if run.scheduler == "HOT"} == {("search", "diverged")}
    assert [row["mean"] for row in found["comparison"] if row["scheduler"] == "HOT"] == [None]
    log = (made.workspace / "logs" / "tiny" / "conductor.log").read_text()
    assert "tiny-AdamW-HOT: no trial has a finite objective, nothing to compare" in log

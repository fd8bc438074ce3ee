"""`hlr-tui --batch`: every mode, what may change between two calls, and what happens where things go wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from campaign import Campaign, leftovers

RAISING = """
from dataclasses import dataclass
from core.component import ModelInfo, ModelRecipe
from core.params import choice, whole

@dataclass(frozen=True, slots=True, kw_only=True)
class Trap(ModelRecipe):
    hidden_size: int = whole(8, low=1, help="width")
    num_layers: int = whole(1, low=0, help="depth")
    how: str = choice("raise", "raise", "die", help="what it does")

    def build(self, shape):
        import math, os, pathlib
        import torch
        if torch.initial_seed() in SEEDS:
            if self.how == "die":
                os._exit(9)
            raise RuntimeError("the trap snaps")
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(math.prod(shape.inputs), shape.outputs[0]))

from core.seeding import derived_seed
SEEDS = {derived_seed(2, "weights")} if not __import__("os").path.exists(__file__ + ".off") else set()

MODEL = ModelInfo(name="Trap", code="Trap", kind="image", summary="a trap", reference="none", recipe=Trap)
"""

HALVING = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo

@dataclass(frozen=True, slots=True, kw_only=True)
class Halving(Schedule):
    def lr(self, tick, horizon):
        return horizon.lr * 0.5 ** tick

SCHEDULER = SchedulerInfo(
    name="halving", code="HV", family="mine", tick="epoch", summary="halves", reference="none", schedule=Halving)
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
    made = make_campaign(experiment__mode="run")
    found = made.batch()
    assert (found["mode"], found["runs"]["complete"]) == ("run", 1)
    before = made.export()
    for key, old, new in (
        ("training.lr", "0.01", 0.02),
        ("training.batch_size", "512", 256),
        ("model.hidden_size", "8", 16),
        ("optimize.sampler", '"tpe"', "random"),
    ):
        setting = f"{key}={new}"
        refused = made.end(made.start_batch("--set", setting), code=2)
        assert key in refused.stderr
        assert old in refused.stderr
        assert str(new) in refused.stderr
        assert "Traceback" not in refused.stderr
    made.write(training__seeds=[1, 2], methods__schedulers=["N", "C"])
    grown = made.batch("--workers", "2")
    assert grown["runs"]["complete"] == 4
    assert set(made.attempts().values()) == {1}
    assert set(before.splitlines()) <= set(made.export().splitlines())


def test_a_model_that_raises_fails_its_runs_alone(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(model__name="Trap", compare__seeds=[1, 2, 3])
    made.plugin("trap", RAISING)
    found = made.batch(code=1)
    assert found["state"] == "complete"
    assert (found["runs"]["complete"], found["runs"]["failed"]) == (2, 1)
    for document in (made.json("show", "tiny"), made.json("status", "tiny")["experiments"][0]):
        (failure,) = document["failures"]
        assert failure["seed"] == 2
        assert "RuntimeError: the trap snaps" in failure["error"]
        assert "the trap snaps" in open(failure["log"]).read()  # noqa: SIM115  (one look)
    attempts = made.attempts()
    (made.folder / "plugins" / "trap.py.off").touch()
    again = made.batch()
    assert (again["runs"]["complete"], again["runs"]["failed"]) == (3, 0)
    grown = {run.seed: made.attempts()[run.id] - attempts[run.id] for run in made.runs()}
    assert grown == {1: 0, 2: 1, 3: 0}


def test_a_model_that_kills_its_worker_fails_after_three_deaths(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(model__name="Trap", model__how="die", compare__seeds=[1, 2, 3])
    made.plugin("trap", RAISING)
    found = made.batch(code=1)
    assert (found["runs"]["complete"], found["runs"]["failed"]) == (2, 1)
    (failed,) = made.runs("failed")
    assert (failed.seed, failed.attempt, failed.deaths) == (2, 3, 3)
    assert failed.log is not None
    assert failed.log in (failed.error or "")
    made.wait_quiet()
    assert leftovers(made.workspace) == []


def test_a_device_that_is_not_there_fails_the_experiment(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(training__device="cuda:7")
    ended = made.end(made.start_batch(), code=3)
    assert 'device "cuda:7" is not available here' in ended.stderr
    assert "Traceback" not in ended.stderr
    assert made.experiment.state == "failed"
    assert len(list((made.workspace / "logs" / "tiny").glob("worker-*.log"))) == 3
    made.wait_quiet()
    assert made.batch("--set", "training.device=cpu")["state"] == "complete"


def test_divergence_is_the_worst_objective_and_no_error(make_campaign: Callable[..., Campaign]) -> None:
    import optuna

    made = make_campaign(
        experiment__mode="all",
        training__loss_bound=2.7,
        optimize__search={"lr": {"low": 1e-3, "high": 100.0, "log": True}},
        optimize__trials=6,
    )
    found = made.batch()
    assert found["state"] == "complete"
    study = optuna.load_study(study_name="tiny-AdamW-N", storage=made.place.storage)
    told = {trial.number: trial.value for trial in study.trials}
    diverged = {run.trial for run in made.runs("diverged") if run.stage == "search"}
    assert 0 < len(diverged) < 6
    assert {number for number, value in told.items() if value == math.inf} == diverged
    assert math.isfinite(found["studies"][0]["best"]["value"])

    hopeless = make_campaign("hopeless", experiment__mode="all", training__loss_bound=0.001)
    found = hopeless.batch()
    assert (found["state"], found["runs"]["diverged"]) == ("complete", 4)
    assert {run.stage for run in hopeless.runs()} == {"search"}
    assert all(row["mean"] is None for row in found["comparison"])
    assert found["studies"][0]["best"] is None
    assert "nothing to compare" in (hopeless.workspace / "logs" / "tiny" / "conductor.log").read_text()


def test_a_scheduler_of_ones_own(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(training__epochs=5, training__lr=0.08, methods__schedulers=["HV"])
    made.spec["compare"]["budgets"] = [5]
    made.plugin("halving", HALVING)
    made.batch()
    rates = [float(row["value"]) for row in made.rows() if row["metric"] == "lr"]
    assert rates == pytest.approx([0.08, 0.04, 0.02, 0.01, 0.005], rel=1e-12)
    assert made.json("show", "tiny")["runs"]["complete"] == 1

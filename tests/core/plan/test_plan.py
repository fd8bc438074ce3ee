"""Plans: which runs, in which order, under which ids, with which parameters."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from core.errors import SpecError
from core.params import Range
from core.plan import Plan, RunPlan, StudyPlan, compare_runs, make_plan, search_runs
from core.spec import ExperimentSpec
from core.spec.reader import build_spec

BASE: dict[str, Any] = {
    "experiment": {"name": "x", "mode": "compare"},
    "task": {"name": "digits"},
    "training": {"epochs": 10, "seeds": [1, 2]},
    "methods": {"schedulers": ["N", "S", "EH"], "lr_free": ["Prodigy"]},
    "compare": {"budgets": [5, 10]},
}
ORIGINAL = ["N", "P", "C", "E", "L", "S", "OC", "CY", "H", "EH", "WH", "WEH", "WC"]


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    tables = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(tables.get(key), dict)
        tables[key] = merged(tables[key], value) if both else value
    return tables


def spec_of(changes: dict[str, Any] | None = None) -> ExperimentSpec:
    return build_spec(merged(BASE, changes or {}), "spec.toml")


def plan_of(changes: dict[str, Any] | None = None) -> Plan:
    return make_plan(spec_of(changes))


def mode(name: str, **changes: Any) -> dict[str, Any]:
    return {"experiment": {"mode": name}, **changes}


def study(plan: Plan, name: str) -> StudyPlan:
    (found,) = [study for study in plan.studies if study.name == name]
    return found


def every_run(plan: Plan, params: dict[str, float] | None = None) -> list[RunPlan]:
    """All runs of an experiment, as if every search had drawn `params` in each trial and found trial 0 the best."""
    runs = list(plan.fixed_runs)
    for one in plan.studies:
        if plan.searches:
            for trial in range(plan.spec.optimize.trials):
                runs += search_runs(plan.spec, one, trial, params or {})
        if plan.compares_best:
            runs += compare_runs(plan.spec, one, 0, params or {})
    return runs


def test_a_run_has_this_id() -> None:
    """Ids are how a campaign that is started again finds what is finished: whoever changes them orphans all runs."""
    runs = plan_of().fixed_runs
    assert [run.id for run in runs[:2]] == ["8e22775fe17f74d18a9e201f0e2173c6", "ca3cfccab39ab7528ecbe9fd42cbd402"]
    assert runs[0].config == {
        "task": {"name": "digits", "params": {"label_smoothing": 0.0}},
        "model": {"name": "MLP", "params": {"hidden_size": 128, "num_layers": 2, "dropout": 0.0}},
        "optimizer": {
            "name": "AdamW",
            "params": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False},
        },
        "scheduler": {"name": "none", "params": {}},
        "lr": 0.001,
        "batch_size": 64,
        "epochs": 5,
        "loss_bound": 1e6,
        "threads": 1,
        "seed": 1,
    }


@pytest.mark.parametrize("name", ["run", "compare", "optimize", "optimize-compare", "all"])
def test_planning_twice_gives_the_same_and_totals_count_it(name: str) -> None:
    changes = mode(name, optimize={"trials": 3, "seeds": 2})
    plan, again = plan_of(changes), plan_of(changes)
    runs = every_run(plan)
    assert runs == every_run(again)
    totals = plan.totals()
    stages = Counter(run.stage for run in runs)
    assert stages["search"] == totals["search_runs"] == totals["trials"] * 2
    assert stages["compare"] + stages["run"] == totals["compare_runs"]
    assert sum(run.budget for run in runs) == totals["epochs"]
    assert totals["trials"] == (12 if name in ("optimize", "all") else 0)
    assert len({run.id for run in runs}) == len(runs)
    assert len({run.position for run in runs}) == len(runs)


@pytest.mark.parametrize("name", ["compare", "all"])
@pytest.mark.parametrize(
    "growth",
    [
        {"compare": {"budgets": [5, 10, 20]}},
        {"compare": {"seeds": [3, 1, 2]}},
        {"methods": {"schedulers": ["C", "N", "S", "EH"]}},
        {"methods": {"optimizers": ["Adam", "AdamW"]}},
        {"methods": {"lr_free": ["DAdapt", "Prodigy"]}},
        {"optimize": {"trials": 9}},
        {"training": {"device": "cpu"}, "execution": {"workers": 2}, "optimize": {"pruner": "median"}},
    ],
)
def test_what_grows_keeps_the_ids_of_what_was_there(name: str, growth: dict[str, Any]) -> None:
    before = merged(mode(name), {"compare": {"seeds": [1, 2]}, "optimize": {"trials": 3}})
    old = {run.id: run.config for run in every_run(plan_of(before))}
    new = {run.id: run.config for run in every_run(plan_of(merged(before, growth)))}
    assert old.items() <= new.items()
    assert len(new) > len(old) or not {"compare", "methods"} & growth.keys()


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"lr": 0.02}},
        {"training": {"batch_size": 32}},
        {"training": {"threads": 2}},
        {"task": {"label_smoothing": 0.1}},
        {"model": {"hidden_size": 64}},
        {"methods": {"params": {"AdamW": {"beta1": 0.8}, "Prodigy": {"d0": 1e-5}}}},
        {"experiment": {"name": "y"}},
    ],
)
def test_whatever_changes_the_points_of_a_run_changes_its_id(change: dict[str, Any]) -> None:
    before = {run.id for run in plan_of().fixed_runs if run.scheduler == "N"}
    after = {run.id for run in plan_of(change).fixed_runs if run.scheduler == "N"}
    kept = before & after
    # lr-free methods train at lr = 1 whatever training.lr is
    assert len(kept) == (4 if change == {"training": {"lr": 0.02}} else 0)


def test_a_comparison_is_queued_budget_by_budget_and_seed_by_seed() -> None:
    order = [(run.budget, run.seed, run.study) for run in plan_of().fixed_runs]
    studies = ["x-AdamW-N", "x-AdamW-S", "x-AdamW-EH", "x-Prodigy-N"]
    assert order == [(budget, seed, name) for budget in (5, 10) for seed in (1, 2) for name in studies]


def test_a_search_is_queued_trial_by_trial_before_every_comparison() -> None:
    runs = sorted(every_run(plan_of(mode("all", optimize={"trials": 2, "seeds": 2}))), key=lambda run: run.position)
    searched = [(run.trial, run.study, run.seed) for run in runs[:16]]
    studies = ["x-AdamW-N", "x-AdamW-S", "x-AdamW-EH", "x-Prodigy-N"]
    assert searched == [(trial, name, seed) for trial in (0, 1) for name in studies for seed in (1, 2)]
    assert {run.stage for run in runs[16:]} == {"compare"}


def test_run_mode_trains_every_seed_once_at_the_epochs_of_the_training() -> None:
    runs = plan_of(mode("run")).fixed_runs
    assert {(run.stage, run.budget, run.trial) for run in runs} == {("run", 10, None)}
    assert [run.seed for run in runs] == [1] * 4 + [2] * 4


def rates(plan: Plan) -> dict[str, set[float]]:
    found: dict[str, set[float]] = {}
    for run in every_run(plan):
        found.setdefault(run.study, set()).add(run.config["lr"])
    return found


def test_only_an_untuned_comparison_trains_without_schedule_at_a_tenth_of_the_rate() -> None:
    assert rates(plan_of()) == {
        **{"x-AdamW-N": {0.001}, "x-AdamW-S": {0.01}, "x-AdamW-EH": {0.01}},
        "x-Prodigy-N": {1.0},
    }
    for name in ("run", "all"):
        assert rates(plan_of(mode(name))) == {
            **{"x-AdamW-N": {0.01}, "x-AdamW-S": {0.01}, "x-AdamW-EH": {0.01}},
            "x-Prodigy-N": {1.0},
        }


def test_a_trial_sets_the_parameters_of_its_parts() -> None:
    plan = plan_of(mode("all"))
    config = search_runs(plan.spec, study(plan, "x-AdamW-EH"), 4, {"lr": 0.02, "upper_bound": 350})[0].config
    assert config["lr"] == 0.02
    assert config["scheduler"] == {"name": "exp_hyperbolic", "params": {"upper_bound": 350, "infimum_lr": 1e-6}}
    config = search_runs(plan.spec, study(plan, "x-Prodigy-N"), 4, {"d_coef": 2.5})[0].config
    assert (config["lr"], config["optimizer"]["params"]["d_coef"]) == (1.0, 2.5)


@pytest.mark.parametrize(("transfer", "expected"), [("absolute", [4, 4, 4]), ("relative", [2, 4, 8])])
def test_a_step_size_found_at_one_budget_is_kept_or_scaled(transfer: str, expected: list[int]) -> None:
    plan = plan_of(mode("all", compare={"budgets": [5, 10, 20], "transfer": transfer, "seeds": 1}))
    runs = compare_runs(plan.spec, study(plan, "x-AdamW-S"), 3, {"lr": 0.01, "step_size": 4, "gamma": 0.5})
    assert [run.config["scheduler"]["params"]["step_size"] for run in runs] == expected
    assert {run.config["scheduler"]["params"]["gamma"] for run in runs} == {0.5}
    upper = compare_runs(plan.spec, study(plan, "x-AdamW-EH"), 3, {"lr": 0.01, "upper_bound": 200})
    assert {run.config["scheduler"]["params"]["upper_bound"] for run in upper} == {200}


def test_defaults_follow_each_budget() -> None:
    runs = plan_of({"compare": {"budgets": [6, 60]}}).fixed_runs
    sizes = {run.budget: run.config["scheduler"]["params"]["step_size"] for run in runs if run.scheduler == "S"}
    assert sizes == {6: 2, 60: 20}


def spaces(epochs: int, changes: dict[str, Any] | None = None) -> dict[str, dict[str, Range]]:
    document = mode(
        "optimize",
        training={"epochs": epochs},
        methods={"schedulers": ORIGINAL, "lr_free": ["Prodigy", "DAdapt"]},
    )
    plan = plan_of(merged(document, changes or {}))
    return {
        one.method.optimizer.code if one.method.optimizer.lr_free else one.method.scheduler.code: {
            name: dimension.span for name, dimension in one.space.items()
        }
        for one in plan.studies
    }


LR = Range(1e-4, 5e-2, log=True)
INFIMUM = Range(1e-7, 1e-4, log=True)
UPPER = Range(200, 400, step=50)


@pytest.mark.parametrize(
    ("epochs", "step_size", "step_size_up"),
    # 17 steps per epoch: 1,079 training samples in batches of 64
    [(50, Range(5, 25), Range(17, 425)), (200, Range(20, 100), Range(17, 1700)), (2, Range(1, 2), Range(17, 18))],
)
def test_search_spaces_are_those_of_the_original(epochs: int, step_size: Range, step_size_up: Range) -> None:
    hyperbolic = {"lr": LR, "upper_bound": UPPER, "infimum_lr": INFIMUM}
    assert spaces(epochs) == {
        "N": {"lr": LR},
        "P": {"lr": LR, "power": Range(0.5, 3.0)},
        "C": {"lr": LR, "infimum_lr": INFIMUM},
        "E": {"lr": LR, "gamma": Range(0.9, 0.99)},
        "L": {"lr": LR, "end_factor": Range(1e-3, 0.1, log=True)},
        "S": {"lr": LR, "step_size": step_size, "gamma": Range(0.05, 0.5)},
        "OC": {"lr": LR, "pct_start": Range(0.1, 0.5)},
        "CY": {"lr": LR, "step_size_up": step_size_up},
        "H": hyperbolic,
        "EH": hyperbolic,
        "WH": hyperbolic,
        "WEH": hyperbolic,
        "WC": {"lr": LR, "infimum_lr": INFIMUM},
        "Prodigy": {"d_coef": Range(0.1, 10.0, log=True)},
        "DAdapt": {"growth_rate": Range(1.01, 2.0)},
    }


def test_the_nearest_word_on_a_parameter_decides_where_to_look() -> None:
    found = spaces(
        50,
        {
            "methods": {"params": {"EH": {"upper_bound": 300, "infimum_lr": 1e-5}, "Prodigy": {"d_coef": 2.0}}},
            "optimize": {
                "search": {
                    "upper_bound": {"low": 100, "high": 200},
                    "EH": {"infimum_lr": {"low": 1e-6, "high": 1e-5}},
                    "H": {"infimum_lr": 1e-7},
                    "gamma": {"low": 0.3, "high": 0.6},
                    "S": {"gamma": {"low": 0.2, "high": 0.4}},
                    "WC": {"warmup_epochs": {"low": 2, "high": 8}},
                    "lr": {"low": 1e-3, "high": 1e-2},
                }
            },
        },
    )
    lr = Range(1e-3, 1e-2)
    assert found["EH"] == {"lr": lr, "infimum_lr": Range(1e-6, 1e-5)}
    assert found["H"] == {"lr": lr, "upper_bound": Range(100, 200)}
    assert found["WH"] == {"lr": lr, "upper_bound": Range(100, 200), "infimum_lr": INFIMUM}
    assert found["E"] == {"lr": lr, "gamma": Range(0.3, 0.6)}
    assert found["S"] == {"lr": lr, "step_size": Range(5, 25), "gamma": Range(0.2, 0.4)}
    assert found["WC"] == {"lr": lr, "infimum_lr": INFIMUM, "warmup_epochs": Range(2, 8)}
    assert found["Prodigy"] == {}


def test_values_that_leave_the_search_hold_in_its_runs_and_in_the_comparison_of_the_best() -> None:
    ranges = {"lr": 0.003, "EH": {"infimum_lr": 1e-5}, "weight_decay": 0.1}
    changes = mode(
        "all", methods={"params": {"EH": {"upper_bound": 300}}}, optimize={"search": ranges}, compare={"seeds": 1}
    )
    plan = plan_of(changes)
    one = study(plan, "x-AdamW-EH")
    assert dict(one.space) == {}
    for run in (*search_runs(plan.spec, one, 0, {}), *compare_runs(plan.spec, one, 0, {})):
        assert run.config["lr"] == 0.003
        assert run.config["scheduler"]["params"] == {"upper_bound": 300, "infimum_lr": 1e-5}
        assert run.config["optimizer"]["params"]["weight_decay"] == 0.1
    assert rates(plan)["x-Prodigy-N"] == {1.0}


def test_the_search_has_no_say_where_nothing_is_tuned() -> None:
    search = {"optimize": {"search": {"lr": 0.003, "upper_bound": 300}}}
    assert plan_of(search).fixed_runs == plan_of().fixed_runs


def test_ranges_that_meet_in_one_point_are_no_mistake() -> None:
    touching = {"optimize": {"search": {"lr": {"low": 1e-4, "high": 1e-2}}}}  # infimum_lr is searched up to 1e-4
    plan_of(mode("optimize", **touching))
    crossing = {"optimize": {"search": {"lr": {"low": 0.9e-4, "high": 1e-2}}}}
    with pytest.raises(SpecError, match=r"search.EH.infimum_lr.high = 0.0001: must be < 9e-05.*lowest lr .* 9e-05"):
        plan_of(mode("optimize", **crossing))


def test_a_plan_names_every_method_and_budget_that_cannot_be() -> None:
    changes = {"methods": {"schedulers": ["H", "EH", "N"]}, "compare": {"budgets": [5, 260, 300]}}
    with pytest.raises(SpecError) as caught:
        plan_of(changes)
    assert str(caught.value).splitlines() == [
        f"spec.toml: methods.params.{code}.upper_bound = 250: must be >= {budget}, the number of epochs of the run "
        "(its default)"
        for code in ("H", "EH")
        for budget in (260, 300)
    ]

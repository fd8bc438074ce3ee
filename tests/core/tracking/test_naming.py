"""Names in the manner of the original's experiments, taken from its format: see shared/reference/original.md."""

from __future__ import annotations

from typing import Any

from campaign import document, plan_of

from core.plan import Plan, RunPlan, compare_runs, search_runs
from core.storage.reader import Point
from core.storage.runs import Run
from core.tracking.naming import Identity, identify, rows

OSC: dict[str, Any] = {
    "task": {"name": "osc", "dtype": "damped", "hist": 50, "pred": 20},
    "model": {"name": "LSTM_Seq2Seq", "hidden_size": 64, "num_layers": 3},
}


def queued(planned: RunPlan) -> Run:
    """The row of a planned run."""
    given = {name: getattr(planned, name) for name in ("id", "stage", "study", "optimizer", "scheduler", "trial")}
    given |= {name: getattr(planned, name) for name in ("seed", "budget", "config", "position")}
    none = dict.fromkeys(
        ("trial_id", "worker_id", "device", "steps_per_epoch", "prune_at", "value", "error", "log", "checkpoint")
    )
    none |= dict.fromkeys(("started_at", "finished_at"))
    rest = {
        "experiment_id": 1,
        "state": "queued",
        "attempt": 0,
        "deaths": 0,
        "epoch": 0,
        "results": {},
        "created_at": 0,
    }
    return Run(**given, **none, **rest)


def named(plan: Plan, planned: RunPlan) -> Identity:
    return identify(plan, plan.spec.experiment.name, queued(planned))


def test_a_run_on_sequences() -> None:
    plan = plan_of(document(**{"compare__budgets": [50], "compare__seeds": [89]}) | OSC)
    (planned,) = plan.fixed_runs
    found = named(plan, planned)
    assert found.group == "AdamW_N_damped-S-50-20(50)[h64-n3-d0.0000e+00]"
    assert found.name == "AdamW_N_damped-S-50-20(50)[h64-n3-d0.0000e+00][89]"
    assert found.tags == ("damped", "S", "50-20", "50", "AdamW", "N")
    assert found.project == "tiny"


def test_a_run_of_the_operator_task() -> None:
    parts = {"task": {"name": "integral"}, "model": {"name": "TFONet"}}
    plan = plan_of(document(methods__schedulers=["WEH"], compare__budgets=[150], compare__seeds=[928]) | parts)
    (planned,) = plan.fixed_runs
    found = named(plan, planned)
    assert found.name == "AdamW_WEH(150)[d128-n2-d512-n3-d0.0000e+00][928]"
    assert found.tags == ("150", "AdamW", "WEH")


def test_trials_carry_what_was_searched_and_their_comparison_goes_to_a_project_of_its_own() -> None:
    plan = plan_of(
        document(
            experiment__mode="all",
            methods__schedulers=["EH"],
            tracking__project="HyperbolicLR-OSC",
            training__epochs=50,
            compare__budgets=[100],
            compare__seeds=[1],
        )
        | OSC
    )
    (study,) = plan.studies
    params = {"lr": 0.004, "upper_bound": 300.0, "infimum_lr": 1e-6}
    searched = named(plan, search_runs(plan.spec, study, 7, params)[0])
    head, _, tail = searched.group.partition("[")
    assert head == "AdamW_EH_damped-S-50-20(50)"
    assert "-l4.0000e-03" in tail
    assert "-i1.0000e-06" in tail
    assert (searched.project, searched.job_type) == ("HyperbolicLR-OSC", "search")
    assert (searched.config["lr"], searched.config["infimum_lr"], searched.config["trial"]) == (0.004, 1e-6, 7)
    compared = named(plan, compare_runs(plan.spec, study, 7, params)[0])
    assert compared.project == "HyperbolicLR-OSC[Compare]"
    assert compared.group.startswith("AdamW_EH_damped-S-50-20(100)[h64-n3-d0.0000e+00-l4.0000e-03")


def test_an_untuned_comparison_stays_in_its_project() -> None:
    plan = plan_of(document(methods__lr_free=["Prodigy"]))
    found = {planned.optimizer: named(plan, planned) for planned in plan.fixed_runs}
    assert {one.project for one in found.values()} == {"tiny"}
    assert found["Prodigy"].group.startswith("Prodigy_N(2)[")


def test_what_the_server_refuses_never_reaches_it() -> None:
    """At most 128 characters in a name, no / \\ # ? % : in a project; long groups that differ stay apart."""
    long = {"tracking__project": "lab/a:b" + "x" * 121, "experiment__mode": "all", "methods__schedulers": ["WEH"]}
    plan = plan_of(document(**long, compare__budgets=[2]))
    (study,) = plan.studies
    params = {name: dimension.span.low for name, dimension in study.space.items()}
    found = [named(plan, compare_runs(plan.spec, study, 1, params | {"lr": lr})[0]) for lr in (0.01, 0.02)]
    for one in found:
        assert one.project.startswith("lab-a-b")
        assert one.project.endswith("[Compare]")
        assert max(map(len, (one.project, one.group, one.name))) <= 128
        assert one.name == f"{one.group}[1]"
    assert found[0].group != found[1].group


def test_keys_of_the_original() -> None:
    points = [
        Point(1, "r", "val_accuracy", "epoch", 1, 0.5),
        Point(2, "r", "val_loss", "epoch", 2, 0.25),
        Point(3, "r", "val_loss", "epoch", 1, 0.75),
        Point(4, "r", "grad_norm", "epoch", 1, 3.0),
        Point(5, "r", "lr", "step", 30, 0.1),
    ]
    found = rows(points)
    assert found == {1: {"epoch": 1, "acc": 0.5, "val_loss": 0.75, "grad_norm": 3.0}, 2: {"epoch": 2, "val_loss": 0.25}}
    assert list(found) == [1, 2]

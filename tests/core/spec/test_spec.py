"""From spec.toml to a spec and back: what is accepted, what holds without being written, what settings change."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.errors import SpecError
from core.params import Range
from core.spec import ExperimentSpec
from core.spec.file import load_spec, spec_from_json, spec_to_json
from core.spec.ranges import Override
from core.spec.reader import build_spec

EXAMPLE = """
[experiment]
name = "osc-lstm"
mode = "all"
seed = 42

[task]
name = "osc"
dtype = "simple"

[model]
name = "LSTM_Seq2Seq"
hidden_size = 128

[training]
epochs = 50
batch_size = 64
lr = 0.01
infimum_lr = 1e-6
seeds = [89, 231, 928, 814, 269]
device = "auto"

[methods]
optimizers = ["AdamW"]
schedulers = ["N", "P", "C", "E", "L", "S", "OC", "CY", "H", "EH", "WH", "WEH", "WC"]
lr_free = ["Prodigy", "DAdapt"]
[methods.params.EH]
upper_bound = 300

[optimize]
trials = 25
seeds = 1
sampler = "tpe"
pruner = "none"
[optimize.search]
lr = { low = 1e-4, high = 5e-2, log = true }

[compare]
budgets = [50, 100, 150, 200]
seeds = 5

[execution]
executor = "local"
workers = "auto"

[tracking]
wandb = "disabled"
project = "osc-lstm"
"""
"""The example that docs promise to scripts."""


def built(text: str) -> ExperimentSpec:
    return build_spec(tomllib.loads(text), "spec.toml")


def smallest(**tables: Any) -> ExperimentSpec:
    return build_spec({"experiment": {"name": "x"}, "task": {"name": "digits"}} | tables, "spec.toml")


def test_the_documented_example_is_accepted_as_written() -> None:
    spec = built(EXAMPLE)
    assert (spec.experiment.name, spec.experiment.mode, spec.task_info.name) == ("osc-lstm", "all", "osc")
    assert (spec.model_info.name, spec.lr, spec.batch_size, spec.training.epochs) == ("LSTM_Seq2Seq", 0.01, 64, 50)
    assert [method.label for method in spec.methods] == [
        *[f"AdamW + {code}" for code in ("N", "P", "C", "E", "L", "S", "OC", "CY", "H", "EH", "WH", "WEH", "WC")],
        *("Prodigy", "DAdapt"),
    ]
    assert spec.study_name(spec.methods[9]) == "osc-lstm-AdamW-EH"
    assert getattr(spec.methods[9].schedule, "upper_bound") == 300
    assert getattr(spec.methods[8].schedule, "upper_bound") == 250
    assert spec.given == {"EH": {"upper_bound"}}
    assert (spec.optimize.trials, spec.optimize.seeds, spec.execution.workers) == (25, (1,), None)
    assert spec.search == (Override("", "lr", Range(1e-4, 5e-2, None, True)),)
    assert (spec.compare.budgets, spec.compare.seeds) == ((50, 100, 150, 200), (1, 2, 3, 4, 5))


def test_what_holds_where_nothing_is_written() -> None:
    spec = smallest()
    assert (spec.experiment.mode, spec.experiment.seed, spec.training.epochs) == ("compare", 42, 50)
    assert (spec.lr, spec.batch_size, spec.model_info.name) == (0.01, 64, "MLP")  # the task's own
    assert len(spec.methods) == 13
    assert {method.optimizer.code for method in spec.methods} == {"AdamW"}
    assert (spec.training.seeds, spec.optimize.trials) == ((89, 231, 928, 814, 269), 25)


@pytest.mark.parametrize(
    ("mode", "budgets", "seeds"),
    [
        ("compare", (7,), (89, 231, 928, 814, 269)),
        ("all", (50, 100, 150, 200), (1, 2, 3, 4, 5)),
        ("optimize-compare", (50, 100, 150, 200), (1, 2, 3, 4, 5)),
    ],
)
def test_budgets_and_seeds_of_a_comparison_depend_on_the_mode(
    mode: str, budgets: tuple[int, ...], seeds: tuple[int, ...]
) -> None:
    tables: dict[str, Any] = {"experiment": {"name": "x", "mode": mode}, "training": {"epochs": 7}}
    compare = smallest(**tables).compare
    assert (compare.budgets, compare.seeds) == (budgets, seeds)
    given = smallest(**tables, compare={"budgets": [9, 3], "seeds": [4]}).compare
    assert (given.budgets, given.seeds) == ((3, 9), (4,))


def test_steps_per_epoch_counts_the_last_short_batch() -> None:
    assert smallest(training={"batch_size": 1000}).steps_per_epoch == 2  # 1,797 digits, three fifths of them
    assert smallest(training={"batch_size": 1}).steps_per_epoch == smallest().task.train_size()


def test_names_and_codes_in_any_case_mean_the_same() -> None:
    spec = smallest(
        methods={
            "optimizers": ["adamw"],
            "schedulers": ["eh", "Hyperbolic"],
            "lr_free": ["dadaptadam"],
            "params": {"exp_hyperbolic": {"upper_bound": 99}},
        },
        optimize={"search": {"hyperbolic": {"upper_bound": 70}}},
    )
    assert [method.label for method in spec.methods] == ["AdamW + EH", "AdamW + H", "DAdapt"]
    assert spec.given == {"EH": {"upper_bound"}}
    assert spec.search == (Override("H", "upper_bound", None, 70),)


def test_the_infimum_of_the_training_is_that_of_every_scheduler_without_its_own() -> None:
    spec = smallest(
        training={"infimum_lr": 1e-5}, methods={"schedulers": ["C", "EH"], "params": {"EH": {"infimum_lr": 1e-3}}}
    )
    assert [getattr(method.schedule, "infimum_lr") for method in spec.methods] == [1e-5, 1e-3]


def test_all_names_every_fitting_part() -> None:
    spec = smallest(methods={"optimizers": "all", "schedulers": ["N"], "lr_free": "all"})
    assert [method.label for method in spec.methods] == ["Adam + N", "AdamW + N", "SGD + N", "Prodigy", "DAdapt"]


@pytest.mark.parametrize("missing", ["experiment", "task"])
def test_experiment_and_task_are_required(missing: str) -> None:
    document = {"experiment": {"name": "x"}, "task": {"name": "digits"}}
    del document[missing]
    with pytest.raises(SpecError, match=f"^spec.toml: {missing}.name: is missing; "):
        build_spec(document, "spec.toml")


def test_what_is_written_for_all_parts_must_be_legal_for_each() -> None:
    tables = {
        "methods": {"schedulers": ["C", "EH"]},  # C may end at zero, EH may not
        "optimize": {"search": {"infimum_lr": {"low": 0.0, "high": 1e-4}}},
    }
    with pytest.raises(SpecError, match=r"optimize\.search\.infimum_lr\.low = 0\.0: must be > 0$"):
        smallest(**tables)


def test_settings_lie_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(EXAMPLE)
    settings = [
        "training.epochs=20",
        'methods.schedulers=["EH", "N"]',
        "experiment.name=osc-2",
        "methods.params.EH.upper_bound = 400",
        "optimize.search.lr=0.002",
    ]
    spec = load_spec(path, settings)
    assert (spec.training.epochs, spec.experiment.name) == (20, "osc-2")
    assert [method.scheduler.code for method in spec.methods] == ["EH", "N", "N", "N"]
    assert getattr(spec.methods[0].schedule, "upper_bound") == 400
    assert spec.search == (Override("", "lr", None, 0.002),)
    assert load_spec(path).training.epochs == 50


def test_a_spec_comes_back_from_the_database_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(EXAMPLE)
    spec = load_spec(path, ["training.epochs=20"])
    again = spec_from_json(spec_to_json(spec), str(path))
    assert again == spec
    assert spec_to_json(again) == spec_to_json(spec)

"""The specs of the paper's runs, and the guide for those who come from its code, against what the paper's code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.catalog import catalog
from core.component import parameters_class
from core.params import params_of
from core.plan import Plan, make_plan
from core.search import distributions
from core.spec.file import load_spec
from core.spec.sections import SECTIONS
from hlr_tui.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "examples" / "paper"
GUIDE = (ROOT / "docs" / "from-the-original.md").read_text(encoding="utf-8")

CODES = ["N", "P", "C", "E", "L", "S", "OC", "CY", "H", "EH", "WH", "WEH", "WC"]

# project, task, model, rate, samples per step, steps per epoch (50,000 images; 7,921 windows; 8,000 functions)
MATRIX = {
    "simple-cnn": ("HyperbolicLR-CIFAR10-SimpleCNN", "cifar10", "SimpleCNN", 0.01, 128, 40),
    "resnet": ("HyperbolicLR-CIFAR10-ResNetCIFAR", "cifar10", "ResNetCIFAR", 0.01, 128, 391),
    "vit": ("HyperbolicLR-CIFAR10-SimpleViT", "cifar10", "SimpleViT", 0.001, 128, 391),
    "lstm": ("HyperbolicLR-OSC-LSTM_Seq2Seq", "osc", "LSTM_Seq2Seq", 0.01, 64, 124),
    "deeponet": ("HyperbolicLR-INTEGRAL-DeepONet", "integral", "DeepONet", 0.005, 128, 63),
    "tfonet": ("HyperbolicLR-INTEGRAL-TFONet", "integral", "TFONet", 0.001, 128, 63),
}
COMPARE = {
    "compare-cifar10": ("HyperbolicLR-CIFAR10-New", "ResNetCIFAR", 391),
    "compare-osc": ("HyperbolicLR-OSC", "LSTM_Seq2Seq", 124),
    "compare-integral": ("HyperbolicLR-DeepONet", "DeepONet", 63),
}


def planned(name: str) -> Plan:
    return make_plan(load_spec(PAPER / f"{name}.toml"))


def test_every_spec_is_in_one_of_the_tables() -> None:
    assert {path.stem for path in PAPER.iterdir()} == MATRIX.keys() | COMPARE.keys()


@pytest.mark.parametrize("name", MATRIX)
def test_the_matrix_is_that_of_run_all(name: str) -> None:
    project, task, model, lr, batch_size, steps = MATRIX[name]
    plan = planned(name)
    spec = plan.spec
    assert (spec.experiment.name, spec.task_info.name, spec.model_info.name) == (project, task, model)
    assert (spec.lr, spec.batch_size, spec.steps_per_epoch) == (lr, batch_size, steps)
    expected = [f"{project}-AdamW-{code}" for code in CODES] + [f"{project}-Prodigy-N", f"{project}-DAdapt-N"]
    assert [study.name for study in plan.studies] == expected
    assert plan.totals() == {
        "trials": 15 * 25,
        "search_runs": 15 * 25,
        "compare_runs": 15 * 4 * 5,
        "epochs": 15 * 25 * 50 + 15 * 5 * (50 + 100 + 150 + 200),
    }
    assert (spec.compare.budgets, spec.compare.seeds) == ((50, 100, 150, 200), (1, 2, 3, 4, 5))
    assert (spec.optimize.seeds, spec.experiment.seed, spec.training.epochs) == ((1,), 42, 50)


@pytest.mark.parametrize("name", MATRIX)
def test_the_searches_move_what_those_of_the_original_move(name: str) -> None:
    """So that its trials fit, and its ranges are searched: low, high, step, log."""
    steps = MATRIX[name][-1]
    lr, infimum = (1e-4, 5e-2, None, True), (1e-7, 1e-4, None, True)
    bound = (200, 400, 50, False)
    hyperbolic = {"lr": lr, "infimum_lr": infimum, "upper_bound": bound}
    expected = {
        "AdamW-N": {"lr": lr},
        "AdamW-P": {"lr": lr, "power": (0.5, 3.0, None, False)},
        "AdamW-C": {"lr": lr, "infimum_lr": infimum},
        "AdamW-E": {"lr": lr, "gamma": (0.9, 0.99, None, False)},
        "AdamW-L": {"lr": lr, "end_factor": (0.001, 0.1, None, True)},
        "AdamW-S": {"lr": lr, "step_size": (5, 25, 1, False), "gamma": (0.05, 0.5, None, False)},
        "AdamW-OC": {"lr": lr, "pct_start": (0.1, 0.5, None, False)},
        "AdamW-CY": {"lr": lr, "step_size_up": (steps, 25 * steps, 1, False)},
        **dict.fromkeys(("AdamW-H", "AdamW-EH", "AdamW-WH", "AdamW-WEH"), hyperbolic),
        "AdamW-WC": {"lr": lr, "infimum_lr": infimum},
        "Prodigy-N": {"d_coef": (0.1, 10.0, None, True)},
        "DAdapt-N": {"growth_rate": (1.01, 2.0, None, False)},
    }
    found = {}
    for study in planned(name).studies:
        method = study.name.removeprefix(f"{MATRIX[name][0]}-")
        drawn = distributions(study.space)
        found[method] = {key: (one.low, one.high, one.step, one.log) for key, one in drawn.items()}  # type: ignore[attr-defined]  # all are numeric
    assert found == expected


@pytest.mark.parametrize("name", COMPARE)
def test_compare_trains_28_methods(name: str) -> None:
    project, model, steps = COMPARE[name]
    plan = planned(name)
    spec = plan.spec
    assert (spec.experiment.name, spec.model_info.name, spec.steps_per_epoch) == (project, model, steps)
    assert len(plan.studies) == 28
    assert len(plan.fixed_runs) == 28 * 5
    assert {run.seed for run in plan.fixed_runs} == {89, 231, 928, 814, 269}
    rates = {run.scheduler: run.config["lr"] for run in plan.fixed_runs if run.optimizer in ("Adam", "AdamW")}
    assert rates.pop("N") == pytest.approx(spec.lr / 10)
    assert set(rates.values()) == {spec.lr}
    assert {run.config["lr"] for run in plan.fixed_runs if run.optimizer in ("Prodigy", "DAdapt")} == {1.0}


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the guide."""
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def keys_of_specs() -> set[str]:
    keys = {f"{section}.{name}" for section, cls in SECTIONS.items() for name, _ in params_of(cls)}
    keys |= {"methods.params", "optimize.search", "task.name", "model.name"}
    for section, shelf in (("task", catalog().tasks), ("model", catalog().models)):
        for info in shelf.all():
            keys |= {f"{section}.{name}" for name, _ in params_of(parameters_class(info))}
    return keys


OPTIONS = [
    *("task", "model", "optimizer", "epochs", "batch-size", "lr", "infimum-lr", "n-trials", "n-seeds", "compare-seeds"),
    *("epoch-budgets", "project", "device", "wandb-mode", "schedulers", "skip-lr-free", "skip-compare"),
    *("dataset", "subset-ratio", "dtype", "hist", "pred"),
]


def test_every_option_of_run_all_has_a_key() -> None:
    table = rows("Options of run_all.py")
    assert [row[0] for row in table] == [f"`--{option}`" for option in OPTIONS]
    assert all(re.fullmatch(r"`[a-z]+\.\w+`", row[1]) for row in table)


def test_every_key_and_command_of_the_guide_is_there() -> None:
    known = keys_of_specs()
    sections = "|".join([*SECTIONS, "task", "model"])
    named = re.findall(rf"\b((?:{sections})\.[a-z_0-9]+)\b", GUIDE)
    assert len(set(named)) > 40
    assert [key for key in named if key not in known] == []
    for row in rows("Options of run_all.py") + rows("Prompts of the interactive scripts"):
        assert re.findall(r"`([a-z]+\.\w+)`", row[1]), row
    commands = re.findall(r"hlr-tui ([a-z]+)", GUIDE)
    assert commands
    assert set(commands) <= COMMANDS.keys()
    for path in re.findall(r"examples/paper/\S*\.toml", GUIDE):
        assert (ROOT / path).is_file(), path

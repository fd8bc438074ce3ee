"""A document comes back from the form as the same experiment."""

from __future__ import annotations

import copy
import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.catalog import catalog
from core.params import params_of
from core.plan import compare_runs, make_plan, search_runs
from core.spec.experiment import ExperimentSpec
from core.spec.file import load_spec
from core.spec.reader import build_spec
from core.spec.sections import TrainingSection
from core.user_code import TRUST_ENV, trust
from hlr_tui.forms.files import open_document, save_document
from hlr_tui.forms.state import FormState, fields_of, fresh, read, write
from hlr_tui.forms.verdict import judge
from hlr_tui.template import template

EXAMPLES = Path(__file__).parents[3] / "examples"
SPECS = sorted(EXAMPLES.rglob("*.toml"))
MODES = ("run", "compare", "optimize", "optimize-compare", "all")


def parts(spec: ExperimentSpec) -> dict[str, Any]:
    """Every field of a spec but the text that it was read from."""
    return {
        field.name: getattr(spec, field.name)
        for field in dataclasses.fields(spec)
        if field.name not in ("source", "document")
    }


def through_form(document: dict[str, Any]) -> dict[str, Any]:
    state = read(document)
    assert state.unread == ()
    return write(state)


def same_experiment(found: ExperimentSpec, expected: ExperimentSpec) -> None:
    """Both train the same: the same studies over the same ranges, and runs with the same ids."""
    ignored = {"run": ("optimize", "compare"), "compare": ("optimize",), "optimize": ("compare",)}
    for name, value in parts(expected).items():
        if name not in ignored.get(expected.experiment.mode, ()):
            assert parts(found)[name] == value, name
    ours, theirs = make_plan(found), make_plan(expected)
    assert ours.totals() == theirs.totals()
    assert [run.id for run in ours.fixed_runs] == [run.id for run in theirs.fixed_runs]
    assert [(study.name, study.space) for study in ours.studies] == [(s.name, s.space) for s in theirs.studies]
    if ours.searches or ours.compares_best:
        for mine, other in zip(ours.studies, theirs.studies, strict=True):
            point = {name: dimension.span.low for name, dimension in mine.space.items()}
            for runs_of in (search_runs, compare_runs):
                ids = [[run.id for run in runs_of(p.spec, s, 0, point)] for p, s in ((ours, mine), (theirs, other))]
                assert ids[0] == ids[1]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_example_comes_back(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv(TRUST_ENV, "")
    trust(EXAMPLES / "my_task.py")
    state = read(open_document(path))
    assert state.unread == ()
    saved = tmp_path / "spec.toml"
    save_document(write(state), saved)
    same_experiment(load_spec(saved), load_spec(path))
    again = read(open_document(saved))
    assert write(again) == write(state)
    assert judge(write(again)).fine


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("task", [info.name for info in catalog().tasks.all()])
def test_every_template_comes_back(task: str, mode: str) -> None:
    document = tomllib.loads(template(catalog().tasks.get(task), mode))
    same_experiment(build_spec(through_form(document), "spec"), build_spec(document, "spec"))


def test_every_kind_of_value_and_range() -> None:
    document = {
        "experiment": {"name": "every", "mode": "all", "seed": 7},
        "task": {"name": "osc", "dtype": "total", "hist": 40},
        "model": {"name": "LSTM_Seq2Seq", "dropout": 0.125},
        "training": {"epochs": 20, "lr": 0.0123456789, "seeds": [5], "device": "cpu"},
        "methods": {
            "optimizers": ["Adam", "AdamW"],
            "schedulers": ["EH", "WH", "OC"],
            "lr_free": ["Prodigy"],
            "params": {"WH": {"legacy_start": False, "upper_bound": 250}, "AdamW": {"weight_decay": 0.01}},
        },
        "optimize": {
            "trials": 3,
            "search": {
                "lr": {"low": 1e-4, "high": 0.3, "log": True},
                "infimum_lr": 1e-7,
                "EH": {"upper_bound": {"low": 100, "high": 300, "step": 100}},
            },
        },
        "compare": {"budgets": [20, 40], "seeds": 2},
        "execution": {"workers": "auto"},
        "tracking": {"wandb": "offline", "project": "a b"},
    }
    written = through_form(copy.deepcopy(document))
    assert parts(build_spec(written, "spec")) == parts(build_spec(document, "spec"))
    # A parameter that is given, at its default, too, is left out of the search: it must stay.
    assert written["methods"]["params"]["WH"] == {"legacy_start": False, "upper_bound": 250}
    assert written["training"]["seeds"] == [5]  # 5 alone would be five seeds
    assert "execution" not in written


def test_fresh_form_is_an_experiment_of_defaults() -> None:
    written = write(fresh())
    assert written == {"experiment": {"name": "digits-compare", "mode": "compare"}, "task": {"name": "digits"}}
    assert build_spec(written, "spec").training == TrainingSection()


def test_names_become_codes() -> None:
    document = {
        "experiment": {"name": "a", "mode": "run"},
        "task": {"name": "digits"},
        "methods": {"schedulers": ["exp_hyperbolic"], "params": {"exp_hyperbolic": {"upper_bound": 300}}},
    }
    written = through_form(document)["methods"]
    assert written == {"schedulers": ["EH"], "params": {"EH": {"upper_bound": 300}}}


def test_only_what_matters_is_written() -> None:
    state = fresh()
    state.put("optimize.trials", "9")
    state.put("methods.schedulers", ["C"])
    state.put("methods.params.EH.upper_bound", "300")
    assert write(state).keys() == {"experiment", "task", "methods"}
    state.put("experiment.mode", "optimize")
    state.put("methods.schedulers", ["EH"])
    written = write(state)
    assert written["optimize"] == {"trials": 9}
    assert written["methods"]["params"] == {"EH": {"upper_bound": 300}}


def test_a_task_keeps_its_values_while_another_is_chosen() -> None:
    state = fresh()
    state.put("model.name", "MLP")
    state.put("model.hidden_size", "64")
    state.put("task.label_smoothing", "0.2")
    state.put("task.name", "osc")
    assert write(state)["task"] == {"name": "osc"}
    assert "model" not in write(state)
    state.put("task.name", "digits")
    assert write(state)["task"] == {"name": "digits", "label_smoothing": 0.2}


def test_what_the_form_has_no_field_for_is_named() -> None:
    state = read({"experiment": {"name": "a", "sed": 1}, "task": {"name": "digits", "hist": 3}, "extra": {}})
    assert state.unread == ("experiment.sed", "task.hist", "extra")


def test_parameters_of_a_file_that_has_not_run_are_kept(tmp_path: Path) -> None:
    document = {
        "experiment": {"name": "a", "mode": "compare"},
        "task": {"file": str(tmp_path / "nothing.py"), "noise": 0.1},
    }
    assert write(read(document)) == document


def test_there_is_a_field_for_every_key() -> None:
    keys = {field.key for field in fields_of(FormState({"task.name": "osc"}), every=True)}
    for info in catalog().schedulers.all():
        for name, _ in params_of(info.schedule):
            assert f"methods.params.{info.code}.{name}" in keys
    assert {"experiment.seed", "task.pred", "model.num_layers", "compare.transfer", "tracking.project"} <= keys


def test_defaults_made_by_formulas_are_worked_out() -> None:
    state = fresh()
    shown = {each.key: each for each in fields_of(state)}
    assert shown["methods.params.WH.warmup_epochs"].default == "5"
    assert shown["methods.params.WH.warmup_epochs"].formula == "max(1, epochs // 10)"
    state.put("compare.budgets", "30, 90")
    state.put("training.epochs", "60")
    shown = {each.key: each for each in fields_of(state)}
    assert shown["methods.params.S.step_size"].default == "10, 30"  # a third of each budget
    state.put("experiment.mode", "optimize")
    shown = {each.key: each for each in fields_of(state)}
    assert shown["methods.params.S.step_size"].default == "searched"
    assert shown["optimize.search.S.step_size"].default == "6 … 30"  # a tenth to a half of the epochs
    steps = build_spec(write(state), "spec").steps_per_epoch
    assert shown["optimize.search.CY.step_size_up"].default == f"{steps} … {steps * 60 // 2}"

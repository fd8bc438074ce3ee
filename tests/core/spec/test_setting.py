"""``--set`` reaches every key that is declared, and a wrong value is traced to the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

import pytest

from core.catalog import catalog
from core.component import (
    ModelRecipe,
    OptimizerInfo,
    OptimizerRecipe,
    SchedulerInfo,
    TaskRecipe,
    parameters_class,
)
from core.errors import SpecError
from core.params import Choice, Flag, Param, Range, Real, Text, Whole, Wholes, Words, params_of
from core.spec import ExperimentSpec
from core.spec.file import load_spec, spec_to_json
from core.spec.ranges import Override
from core.spec.sections import SECTIONS

SPEC = """
[experiment]
name = "all-keys"
mode = "all"
[task]
name = "digits"
[methods]
optimizers = "all"
schedulers = "all"
lr_free = "all"
[compare]
budgets = [50]
"""

PARTS: list[SchedulerInfo | OptimizerInfo] = [*catalog().schedulers.all(), *catalog().optimizers.all()]


@dataclass(frozen=True)
class Case:
    """One declared key, what selects its component, and where the spec holds its value."""

    key: str
    param: Param
    component: type
    first: tuple[str, ...] = ()

    def fits_the_others(self, value: object) -> bool:
        """Whether the component takes `value` beside the defaults of its other parameters."""
        component = self.component(**{self.key.rpartition(".")[2]: value})
        return not isinstance(component, (ModelRecipe, TaskRecipe, OptimizerRecipe)) or not component.check()

    def held(self, spec: ExperimentSpec) -> Any:
        match self.key.split("."):
            case ["methods", "params", code, name]:
                for method in spec.methods:
                    for info, part in ((method.scheduler, method.schedule), (method.optimizer, method.recipe)):
                        if info.code == code:
                            return getattr(part, name)
                raise AssertionError(f"no method has {code}")
            case ["methods", name]:
                lr_free = name == "lr_free"
                infos = [m.scheduler if name == "schedulers" else m.optimizer for m in spec.methods]
                kept = [
                    m.optimizer.lr_free == lr_free if name != "schedulers" else not m.optimizer.lr_free
                    for m in spec.methods
                ]
                return tuple(dict.fromkeys(i.code for i, keep in zip(infos, kept, strict=True) if keep))
            case [section, name]:
                return getattr(getattr(spec, section), name)
            case other:
                raise AssertionError(other)


def cases() -> Iterator[Case]:
    for section, cls in SECTIONS.items():
        for name, param in params_of(cls):
            yield Case(f"{section}.{name}", param, cls)
    for task in catalog().tasks.all():
        for name, param in params_of(parameters_class(task)):
            yield Case(f"task.{name}", param, task.recipe, (f"task.name={task.name}",))
    for model in catalog().models.all():
        fitting = next((task for task in catalog().tasks.all() if task.kind == model.kind), None)
        if fitting is None:
            continue  # only a plug-in's task takes it
        for name, param in params_of(parameters_class(model)):
            yield Case(f"model.{name}", param, model.recipe, (f"task.name={fitting.name}", f"model.name={model.name}"))
    for part in PARTS:
        for name, param in params_of(parameters_class(part)):
            yield Case(f"methods.params.{part.code}.{name}", param, parameters_class(part))


CASES = list(cases())


def legal(case: Case) -> tuple[str, Any]:
    """A value that is not the default, as it is typed, and as the spec should hold it."""
    param = case.param
    match param:
        case Whole() | Real():
            value = next(filter(case.fits_the_others, other_numbers(param)))
            return str(value), value
        case Choice():
            word = next((option for option in param.options if option != param.default), param.options[0])
            return word, word
        case Flag():
            return ("false", False) if param.default else ("true", True)
        case Text():
            return {"training.device": ("cpu", "cpu")}.get(case.key, ("2024", "2024"))
        case Wholes():
            return "[7, 3]", tuple(sorted((7, 3))) if case.key == "compare.budgets" else (7, 3)
        case Words():
            lr_free = case.key.endswith("lr_free")
            infos: list[Any] = catalog().schedulers.all() if param.kind == "schedulers" else catalog().optimizers.all()
            fitting = [i.code for i in infos if param.kind == "schedulers" or i.lr_free == lr_free]
            return f'["{fitting[-1]}"]', (fitting[-1],)
        case _:
            assert_never(param)


def other_numbers(param: Whole | Real) -> Iterator[float]:
    """Legal numbers that are not the default."""
    low = param.low if param.low is not None else getattr(param, "above", None)
    high = param.high if param.high is not None else getattr(param, "below", None)
    if isinstance(param, Whole):
        start = 1 if low is None else low + 1
        return (value for value in range(start, start + 500) if value != param.default)
    numbers = (0.3, 0.6, 1.5, 30.0)
    inside = [value for value in numbers if (low is None or value > low) and (high is None or value < high)]
    return (value for value in inside if value != param.default)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join((*case.first[-1:], case.key)))
def test_every_declared_key_can_be_set(case: Case, path: Path) -> None:
    written, expected = legal(case)
    spec = load_spec(path, [*case.first, f"{case.key}={written}"])
    assert case.held(spec) == expected
    assert load_spec(path, [f"{case.key}={written}", *case.first]) == spec, "the order of the settings matters"


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join((*case.first[-1:], case.key)))
def test_a_wrong_value_of_every_declared_key_is_traced(case: Case, path: Path) -> None:
    if isinstance(case.param, Text) and not case.param.pattern:
        pytest.skip("every text is legal")
    with pytest.raises(SpecError) as raised:
        load_spec(path, [*case.first, f'{case.key}="\\u0001"'])
    (problem,) = [problem for problem in raised.value.problems if problem.key == case.key]
    assert problem.value == "\x01"
    assert problem.hint.endswith("given on the command line")


def ranges() -> Iterator[tuple[str, str, Whole | Real]]:
    yield "", "lr", Real(default=None, help="", above=0.0)
    for part in PARTS:
        for name, param in params_of(parameters_class(part)):
            if isinstance(param, (Whole, Real)):
                yield part.code, name, param


@pytest.mark.parametrize(("code", "name", "param"), list(ranges()))
def test_every_range_of_a_search_can_be_set_bound_by_bound(
    code: str, name: str, param: Whole | Real, path: Path
) -> None:
    key = ".".join(filter(None, ("optimize.search", code, name)))
    low = next(other_numbers(param))
    high = low + 4 if isinstance(param, Whole) else low * 1.25
    step = (high - low) / 2
    given = [f"{key}.low={low}", f"{key}.high={high}", f"{key}.step={step:g}"]
    expected = Range(low, high, pytest.approx(step), False)  # type: ignore[arg-type]  # equal within rounding
    assert load_spec(path, given).search == (Override(code, name, expected),)
    assert load_spec(path, [*given[:2], f"{key}.log=true"]).search[0].span == Range(low, high, None, True)
    assert load_spec(path, [f"{key}={low}"]).search == (Override(code, name, None, low),)
    for word in ("low", "high", "step", "log"):
        with pytest.raises(SpecError, match=rf"{key}\.{word} = \"no\": .*given on the command line") as raised:
            load_spec(path, [*given, f"{key}.{word}=no"])
        assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("setting", "section", "name", "value"),
    [
        ("experiment.name=osc.v2", "experiment", "name", "osc.v2"),
        ("experiment.name=1.5", "experiment", "name", "1.5"),
        ("experiment.name=true", "experiment", "name", "true"),
        ("experiment.name=2024-01-31", "experiment", "name", "2024-01-31"),
        ("experiment.name = 'osc' ", "experiment", "name", "osc"),
        ("tracking.project=a=b", "tracking", "project", "a=b"),
        ('tracking.project="a = b # c"', "tracking", "project", "a = b # c"),
        ("tracking.project=it's mine, # 1", "tracking", "project", "it's mine, # 1"),
        ("tracking.project=[lab] EH", "tracking", "project", "[lab] EH"),
        (r'tracking.project="say \"so\""', "tracking", "project", 'say "so"'),
        ("training.lr=.5", "training", "lr", 0.5),
        ("training.lr=5.E-1", "training", "lr", 0.5),
        ("training.epochs=1e3", "training", "epochs", 1000),
        ("training.epochs=20 # a comment", "training", "epochs", 20),
        ("training.seeds=3", "training", "seeds", (1, 2, 3)),
        ("training.seeds=3,1", "training", "seeds", (3, 1)),
        ("training.seeds=[3,\n 1]", "training", "seeds", (3, 1)),
        ("compare.budgets=25", "compare", "budgets", (25,)),
        ("compare.budgets=[ 25, 75 ]", "compare", "budgets", (25, 75)),
        ("execution.workers=auto", "execution", "workers", None),
        ("execution.workers=2", "execution", "workers", 2),
    ],
)
def test_how_values_are_written(setting: str, section: str, name: str, value: object, path: Path) -> None:
    held = getattr(getattr(load_spec(path, [setting]), section), name)
    assert (held, type(held)) == (value, type(value))


@pytest.mark.parametrize("written", ['["EH","N"]', "[EH,N]", "EH, N", "['EH', N]", "exp_hyperbolic,n"])
def test_a_list_of_names_survives_a_shell_that_takes_quotes(written: str, path: Path) -> None:
    spec = load_spec(path, [f"methods.schedulers={written}", "methods.lr_free=[]", "methods.optimizers=AdamW"])
    assert [method.scheduler.code for method in spec.methods] == ["EH", "N"]


@pytest.mark.parametrize("written", ["all", '"all"', "[all]"])
def test_all_stands_alone(written: str, path: Path) -> None:
    spec = load_spec(path, [f"methods.schedulers={written}", "methods.optimizers=AdamW", "methods.lr_free=[]"])
    assert len(spec.methods) == len(catalog().schedulers.all())


def test_an_inline_table_is_a_range_and_single_keys_change_it(path: Path) -> None:
    given = ["optimize.search.lr={ low = 1e-3, high = 5e-2, log = true }", "optimize.search.lr.low=2e-3"]
    assert load_spec(path, given).search == (Override("", "lr", Range(2e-3, 5e-2, None, True)),)


def test_the_last_value_of_a_key_holds(path: Path) -> None:
    assert load_spec(path, ["training.epochs=5", "training.epochs=7"]).training.epochs == 7


@pytest.mark.parametrize("word", ["EH", "eh", "exp_hyperbolic"])
@pytest.mark.parametrize("in_file", ["EH", "Exp_Hyperbolic"])
def test_names_and_codes_reach_the_same_table_of_the_file(in_file: str, word: str, path: Path) -> None:
    path.write_text(
        SPEC
        + f"[methods.params.{in_file}]\nupper_bound = 300\ninfimum_lr = 1e-5\n"
        + f"[optimize.search.{in_file}]\ninfimum_lr = {{ low = 1e-7, high = 1e-5 }}\n",
        encoding="utf-8",
    )
    spec = load_spec(path, [f"methods.params.{word}.upper_bound=400", f"optimize.search.{word}.infimum_lr.high=1e-4"])
    (schedule,) = {method.schedule for method in spec.methods if method.scheduler.code == "EH"}
    assert (getattr(schedule, "upper_bound"), getattr(schedule, "infimum_lr")) == (400, 1e-5)
    assert spec.search == (Override("EH", "infimum_lr", Range(1e-7, 1e-4)),)
    with pytest.raises(SpecError, match=r"methods\.params\.EH\.upper_bound = -1: .*\(given on the command line\)"):
        load_spec(path, [f"methods.params.{word}.upper_bound=-1"])


def test_the_file_is_not_blamed_for_what_follows_from_a_setting(path: Path) -> None:
    path.write_text(SPEC.replace('name = "digits"', 'name = "digits"\n[model]\nname = "MLP"\n[training]\nepochs = 0'))
    with pytest.raises(SpecError) as raised:
        load_spec(path, ["task.name=osc", "training.threads=0"])
    hints = {problem.key: problem.hint for problem in raised.value.problems}
    assert hints == {
        "model.name": "because of what is given on the command line",
        "training.epochs": "",
        "training.threads": "given on the command line",
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epochs", r"training\.epochs: must be written section\.key=value"),
        ("epochs=3", "epochs=3: must be written"),
        ("=3", "must be written"),
        ("training..epochs=3", "must be written"),
        ("compare.budgets.0=25", r"compare\.budgets is a list; give it as a whole: compare\.budgets=…"),
        ("experiment.name.x=3", r"experiment\.name is not a table"),
        ('experiment.name="abc', "must be a text in quotes, or one without any"),
        ("training.epoch=3", r'training\.epoch = 3: unknown key.*did you mean "epochs".*; given on the command line'),
        ("trainin.epochs=3", r'trainin: unknown section.*did you mean "training".*; given on the command line'),
        ("training.epochs=1\nlr = 2", r"training\.epochs = \"1\\nlr = 2\": must be a whole number"),
        ("training.epochs=", r'training\.epochs = "": must be a whole number'),
        ("compare.budgets=25;75", "must be a list of distinct whole numbers"),
        ("methods.schedulers=EH,,N", "must be a list of names"),
        ("methods.params.XX.p=3", r"methods\.params\.XX: must be the code of"),
    ],
)
def test_mistakes_are_named(setting: str, message: str, path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        load_spec(path, [setting])


def test_what_a_setting_gives_is_recorded_as_the_file_would_have_it(path: Path) -> None:
    document = json.loads(spec_to_json(load_spec(path, ["methods.schedulers=EH,N", "experiment.name=7"])))
    assert document["methods"]["schedulers"] == ["EH", "N"]
    assert document["experiment"]["name"] == "7"

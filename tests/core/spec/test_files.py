"""``{ file = "mine.py" }``: every part of a spec may come from a file of the user's own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from core.catalog import catalog
from core.errors import SpecError
from core.plan import make_plan
from core.spec import ExperimentSpec
from core.spec.file import load_spec, spec_from_json, spec_to_json
from core.user_code import TRUST_ENV, Untrusted

TASK = """
from dataclasses import dataclass
from core.component import LoaderTask, ModelInfo, ModelRecipe, TaskInfo
from core.params import real, whole

@dataclass(frozen=True, kw_only=True)
class Mine(LoaderTask):
    noise: float = real(0.5, low=0.0, high=1.0, help="of the data")

    def train_size(self):
        return 100

@dataclass(frozen=True, kw_only=True)
class Net(ModelRecipe):
    width: int = whole(4, low=1, help="of the layer")

TASK = TaskInfo(name="mine", kind="mine", model="MyNet", recipe=Mine)
MODEL = ModelInfo(name="MyNet", kind="mine", recipe=Net)
"""

MODEL = """
from dataclasses import dataclass
from core.component import ModelInfo, ModelRecipe

@dataclass(frozen=True, kw_only=True)
class Other(ModelRecipe):
    pass

MODEL = ModelInfo(name="OtherNet", kind="{kind}", recipe=Other)
"""

SCHEDULER = """
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo
from core.params import real, span

@dataclass(frozen=True, kw_only=True)
class Half(Schedule):
    share: float = real(0.5, above=0.0, below=1.0, search=span(0.1, 0.9), help="that is left")

    def lr(self, tick, horizon):
        return horizon.lr * (1 if tick < horizon.total / 2 else self.share)

SCHEDULER = SchedulerInfo(name="{name}", code="HALF", schedule=Half)
"""

OPTIMIZER = """
from dataclasses import dataclass
from core.component import OptimizerInfo, OptimizerRecipe
from core.params import real

@dataclass(frozen=True, kw_only=True)
class Plain(OptimizerRecipe):
    damping: float = real(0.0, low=0.0, high=1.0, help="of momentum")

OPTIMIZER = OptimizerInfo(name="{name}", code="{name}", family="own", lr_free={free}, summary="", reference="", recipe=Plain)
"""  # noqa: E501  (one line of the file that it is)

FILES = {
    "task.py": TASK,
    "model.py": MODEL.format(kind="mine"),
    "image_model.py": MODEL.format(kind="image"),
    "half.py": SCHEDULER.format(name="half"),
    "plain.py": OPTIMIZER.format(name="Plain", free=False),
    "free.py": OPTIMIZER.format(name="Free", free=True),
    "taken.py": SCHEDULER.format(name="cosine"),
    "empty.py": "x = 1\n",
    "broken.py": "import torch\nraise LookupError('boom')\n",
}
BASE: dict[str, dict[str, Any]] = {
    "experiment": {"name": "own", "mode": "compare"},
    "task": {"file": "task.py"},
    "training": {"epochs": 4, "seeds": 1},
    "methods": {"schedulers": ["C"]},
    "compare": {"budgets": [4], "seeds": 1},
}


def lay_out(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of trusted files."""
    monkeypatch.setenv(TRUST_ENV, str(tmp_path))
    catalog.cache_clear()
    yield lay_out(tmp_path / "project")
    catalog.cache_clear()


def write(folder: Path, **tables: Any) -> Path:
    path = folder / "spec.toml"
    path.write_text(tomlkit.dumps(BASE | tables))
    return path


def load(folder: Path, *settings: str, **tables: Any) -> ExperimentSpec:
    return load_spec(write(folder, **tables), settings)


def problems(folder: Path, *settings: str, **tables: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(folder, *settings, **tables)
    source = f"{folder / 'spec.toml'}: "
    return [line.removeprefix(source) for line in str(caught.value).splitlines()]


def test_every_kind_of_part_may_be_a_file(folder: Path) -> None:
    spec = load(
        folder,
        model={"file": "model.py"},
        task={"file": "task.py", "noise": 0.25},
        methods={
            "optimizers": ["SGD", {"file": "plain.py"}],
            "schedulers": [{"file": "half.py"}, "EH"],
            "lr_free": [{"file": "free.py"}, "Prodigy"],
            "params": {"HALF": {"share": 0.3}, "Plain": {"damping": 0.1}},
        },
    )
    labels = ["SGD + HALF", "SGD + EH", "Plain + HALF", "Plain + EH", "Free", "Prodigy"]
    assert sorted(method.label for method in spec.methods) == sorted(labels)
    assert (spec.task_info.name, spec.model_info.name, spec.steps_per_epoch) == ("mine", "OtherNet", 2)
    (config,) = [
        run.config for run in make_plan(spec).fixed_runs if (run.optimizer, run.scheduler) == ("Plain", "HALF")
    ]
    assert config["task"] == {"name": "mine", "params": {"noise": 0.25}, "file": str(folder / "task.py")}
    assert config["model"] == {"name": "OtherNet", "params": {}, "file": str(folder / "model.py")}
    assert config["scheduler"] == {"name": "half", "params": {"share": 0.3}, "file": str(folder / "half.py")}
    assert config["optimizer"] == {"name": "Plain", "params": {"damping": 0.1}, "file": str(folder / "plain.py")}
    named = ["free.py", "half.py", "model.py", "plain.py", "task.py"]
    assert spec.files == {
        str(folder / name): hashlib.sha256(FILES[name].encode()).hexdigest() for name in named
    }  # fmt: skip


def test_the_model_of_a_task_may_stand_in_the_same_file_or_be_built_in(folder: Path) -> None:
    assert load(folder).model_info.name == "MyNet"
    assert load(folder, model={"width": 9}).model.width == 9  # type: ignore[attr-defined]
    digits = {"task": {"name": "digits"}, "model": {"file": "image_model.py"}}
    assert load(folder, **digits).model_info.name == "OtherNet"


def test_parameters_of_a_file_are_searched(folder: Path) -> None:
    spec = load(folder, experiment={"name": "own", "mode": "optimize"}, methods={"schedulers": [{"file": "half.py"}]})
    (study,) = make_plan(spec).studies
    assert (study.name, list(study.space)) == ("own-AdamW-HALF", ["lr", "share"])


def test_paths_of_a_spec_are_relative_to_it_and_those_of_settings_to_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lay_out(tmp_path / "here")
    monkeypatch.chdir(here)
    spec = load_spec(Path(os.path.relpath(write(folder), here)))
    assert list(spec.files) == [str(folder / "task.py")]
    assert list(load(folder, "task.file=task.py").files) == [str(here / "task.py")]
    assert list(load(folder, 'methods.schedulers=[{ file = "half.py" }]').files) == [
        str(folder / "task.py"), str(here / "half.py")
    ]  # fmt: skip
    monkeypatch.setenv("HOME", str(folder))
    assert list(load(folder, "task.file=~/task.py").files) == [str(folder / "task.py")]


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no such file": ({"task": {"file": "gone.py"}}, 'task.file = "{}/gone.py": there is no such file'),
    "a folder": ({"task": {"file": "."}}, 'task.file = "{}": cannot be read: Is a directory'),
    "no record": (
        {"task": {"file": "empty.py"}},
        'task.file = "{}/empty.py": defines none of SCHEDULER, OPTIMIZER, MODEL, TASK, METRIC',
    ),
    "no task": ({"task": {"file": "half.py"}}, 'task.file = "{}/half.py": defines no TASK'),
    "no model": ({"model": {"file": "half.py"}}, 'model.file = "{}/half.py": defines no MODEL'),
    "no scheduler": (
        {"methods": {"schedulers": ["C", {"file": "task.py"}]}},
        'methods.schedulers = "{}/task.py": defines no SCHEDULER',
    ),
    "no optimizer": (
        {"methods": {"lr_free": [{"file": "task.py"}]}},
        'methods.lr_free = "{}/task.py": defines no OPTIMIZER',
    ),
    "name and file": (
        {"task": {"name": "digits", "file": "task.py"}},
        'task.file = "{}/task.py": must stand alone: the file says the name',
    ),
    "no text": ({"task": {"file": 3}}, "task.file = 3: must be the path of a Python file"),
    "nothing": ({"task": {"file": ""}}, 'task.file = "{}": cannot be read: Is a directory'),
    "more keys": (
        {"methods": {"schedulers": [{"file": "half.py", "share": 0.3}]}},
        'methods.schedulers = {{ file = "{}/half.py", share = 0.3 }}: must be a name, or {{ file = "PATH" }} alone; '
        "parameters go to [methods.params.CODE]",
    ),
    "taken": (
        {"methods": {"schedulers": [{"file": "taken.py"}]}},
        'methods.schedulers = "{}/taken.py": the name or code "cosine" is taken by scheduler C (cosine)',
    ),
    "taken by another file": (
        {"model": {"file": "model.py"}, "methods": {"schedulers": [{"file": "half.py"}, {"file": "copy/half.py"}]}},
        'methods.schedulers = "{}/copy/half.py": the name or code "half" is taken by {}/half.py',
    ),
    "a wrong parameter": (
        {"task": {"file": "task.py", "nose": 1}},
        'task.nose = 1: unknown key; must be one of noise (did you mean "noise"?)',
    ),
    "another kind": (
        {"model": {"file": "image_model.py"}},
        'model.name = "OtherNet": does not fit the mine data of task mine; must be one of MyNet',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_problem_that_names_its_key(mistake: str, folder: Path) -> None:
    lay_out(folder / "copy")
    tables, said = MISTAKES[mistake]
    assert problems(folder, **tables) == [said.format(*[folder] * said.count("{}"))]


def test_code_that_raises_says_its_line(folder: Path) -> None:
    assert problems(folder, task={"file": "broken.py"}) == [
        f'task.file = "{folder}/broken.py": LookupError: boom',
        f"  {folder}/broken.py, line 2, in <module>: raise LookupError('boom')",
    ]


def test_every_file_that_cannot_be_used_is_named_at_once(folder: Path) -> None:
    methods = {"optimizers": [{"file": "gone.py"}], "schedulers": [{"file": "empty.py"}]}
    keys = [line.partition(" =")[0] for line in problems(folder, task={"file": "no.py"}, methods=methods)]
    assert keys == ["task.file", "methods.optimizers", "methods.schedulers"]


def test_a_wrong_setting_says_where_it_was_given(folder: Path) -> None:
    (line,) = problems(folder, "task.file=/no.py")
    assert line == 'task.file = "/no.py": there is no such file (given on the command line)'


def test_without_trust_nothing_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST_ENV, str(folder / "task.py"))
    trace = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
    (folder / "half.py").write_text(trace + FILES["half.py"])
    with pytest.raises(Untrusted) as caught:
        load(folder, methods={"schedulers": [{"file": "half.py"}]})
    assert caught.value.path == folder / "half.py"
    assert not (folder / "half.ran").exists()


def test_runs_are_the_same_wherever_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    """And one process reads both, one after the other, as `status` does."""
    moved = lay_out(tmp_path / "elsewhere")
    tables = {"methods": {"schedulers": ["C", {"file": "half.py"}], "params": {"HALF": {"share": 0.3}}}}
    first, second = load(folder, **tables), load(moved, **tables)
    plans = [make_plan(spec).fixed_runs for spec in (first, second, first)]
    assert [run.id for run in plans[0]] == [run.id for run in plans[1]]
    places = [{Path(run.config["task"]["file"]).parent for run in runs} for runs in plans]
    assert places == [{folder}, {moved}, {folder}]


def test_another_value_in_the_file_is_another_spec(folder: Path) -> None:
    """Defaults are part of what a run is."""
    before = make_plan(load(folder)).fixed_runs[0].id
    (folder / "task.py").write_text(TASK.replace("real(0.5", "real(0.25"))
    assert make_plan(load(folder)).fixed_runs[0].id != before


def test_the_recorded_spec_reads_back_from_any_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = load(folder, methods={"schedulers": ["C", {"file": "half.py"}]})
    monkeypatch.chdir(tmp_path)
    again = spec_from_json(spec_to_json(spec), "the database")
    assert again.document == spec.document
    assert again.files == spec.files
    assert [run.id for run in make_plan(again).fixed_runs] == [run.id for run in make_plan(spec).fixed_runs]

"""`init` writes specs that mean what they say: the defaults, also of the keys that are commented out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from core.catalog import catalog
from core.params import params_of
from core.plan import make_plan
from core.spec import ExperimentSpec
from core.spec.file import load_spec
from core.spec.reader import build_spec
from core.spec.sections import SECTIONS
from hlr_tui.__main__ import main

TASKS = [info.name for info in catalog().tasks.all()]
MODES = ["run", "compare", "optimize", "optimize-compare", "all"]


def init(task: str, mode: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["init", task, mode]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def uncommented(text: str) -> str:
    """`text` with every table header and every key with a value in force."""
    return re.sub(r"(?m)^# (?=\[[\w.]+\]|[\w.]+ = )", "", text)


def parts(spec: ExperimentSpec) -> dict[str, object]:
    return {
        "experiment": spec.experiment,
        "training": spec.training,
        "optimize": spec.optimize,
        "compare": spec.compare,
        "execution": spec.execution,
        "tracking": spec.tracking,
    }


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("mode", MODES)
def test_the_template_is_a_spec_of_the_defaults(
    task: str, mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(init(task, mode, capsys))
    assert main(["--batch", str(path), "--dry-run"]) == 0
    spec = load_spec(path)
    info = catalog().tasks.get(task)
    bare = build_spec(
        {
            "experiment": {"name": f"{task}-{mode}", "mode": mode},
            "task": {"name": task},
            "methods": {"lr_free": ["Prodigy", "DAdapt"]},
        },
        "",
    )
    assert parts(spec) == parts(bare)
    assert (spec.task_info, spec.task, spec.model_info, spec.model) == (
        *(info, info.recipe()),
        *(bare.model_info, bare.model_info.recipe()),
    )
    assert (spec.methods, spec.given, spec.search) == (bare.methods, {}, ())


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("mode", MODES)
def test_every_commented_key_shows_what_holds(task: str, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = init(task, mode, capsys)
    before = build_spec(tomllib.loads(text), "before")
    after = build_spec(tomllib.loads(uncommented(text)), "after")
    assert (after.lr, after.batch_size) == (before.lr, before.batch_size)
    assert (after.compare, after.optimize) == (before.compare, before.optimize)
    plan, same = make_plan(after), make_plan(before)
    for one, other in zip(plan.studies, same.studies, strict=True):
        assert one.name == other.name
        assert dict(one.space) == dict(other.space)  # the ranges are the declared ones
    if len({run.budget for run in same.fixed_runs}) <= 1:  # defaults that follow the budget are shown for 50 epochs
        for run, expected in zip(plan.fixed_runs, same.fixed_runs, strict=True):
            assert run.config | {"scheduler": 0} == expected.config | {"scheduler": 0}
            shown, wanted = run.config["scheduler"]["params"], expected.config["scheduler"]["params"]
            assert shown == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_every_key_is_there(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = init(task, "all", capsys)
    document = tomllib.loads(uncommented(text))
    for name, section in SECTIONS.items():
        assert [key for key in document[name] if key not in ("params", "search")] == [
            key for key, _ in params_of(section)
        ]
    for code, values in document["methods"]["params"].items():
        assert values, code
    assert {"N"} | document["methods"]["params"].keys() == {
        *(info.code for info in catalog().schedulers.all()),
        *("AdamW", "Prodigy", "DAdapt"),
    }
    assert document["methods"]["params"]["S"]["step_size"] == 16
    assert "growth_rate: not set" in text
    assert all(len(line) <= 130 for line in text.splitlines())


def test_modes_are_explained_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines = init("digits", "run", capsys).splitlines()
    at = lines.index('mode = "run"')
    assert [line.split(":")[0].removeprefix("# ") for line in lines[at - len(MODES) : at]] == MODES


def test_all_is_the_mode_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "DIGITS"]) == 0
    assert capsys.readouterr().out == init("digits", "all", capsys)

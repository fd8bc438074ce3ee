"""examples/my_task.py: a task, a model and a DataLoader in one file, in every mode and every command."""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from campaign import Campaign

from core.catalog import PLUGINS_ENV, catalog
from core.execution.conductor import Conductor
from core.execution.executors.local import LocalExecutor
from core.execution.launch import Place
from core.execution.submit import submit
from core.plan import make_plan
from core.spec.file import load_spec
from core.storage.engine import open_database
from core.storage.experiments import get_experiment, leave_conductor, set_state, take_conductor
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim, runs_of
from core.trainer.worker import Worker
from core.user_code import TRUST_ENV
from hlr_tui.__main__ import main

EXAMPLES = Path(__file__).parent.parent / "examples"
TASK = (EXAMPLES / "my_task.py").read_text()
LOSS = "        return torch.nn.functional.cross_entropy(outputs, targets)"


def test_it_is_short() -> None:
    assert len(TASK.splitlines()) < 40


def test_a_campaign_of_ones_own(make_campaign: Callable[..., Campaign]) -> None:
    """As a newcomer does it: refused, read, trusted, trained; then looked at without a word of trust."""
    made = make_campaign()
    shutil.copy(EXAMPLES / "my_task.py", made.folder)
    made.spec = tomllib.loads((EXAMPLES / "my-task.toml").read_text())
    made.write(
        execution__workers=1,
        training__epochs=2,
        optimize__trials=2,
        compare__budgets=[1, 2],
        methods__schedulers=["EH"],
    )
    refused = made.end(made.start_batch(), code=2)
    assert f"nobody has allowed its code to run: read it, then add --trust {made.folder}/my_task.py" in refused.stderr
    assert not made.workspace.exists()

    found = made.batch("--trust", "my_task.py")
    assert (found["mode"], found["state"], found["runs"]["failed"]) == ("all", "complete", 0)
    assert found["runs"]["complete"] == 2 * 2 + 2 * 2 * 2
    assert {(row["method"], row["budget"], row["seeds"]) for row in found["comparison"]} == {
        (method, budget, 2) for method in ("AdamW + EH", "Prodigy") for budget in (1, 2)
    }
    (status,) = made.json("status", "spirals")["experiments"]
    assert status["provenance"]["files"].keys() == {str(made.folder / "my_task.py")}
    metrics = {row["metric"] for row in made.rows()}
    assert {"train_loss", "val_loss", "lr", "effective_lr", "grad_norm", "update_ratio"} <= metrics
    made.wait_quiet()


class Project:
    """A copy of the example, conducted and trained in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "my_task.py"
        self.path.write_text(TASK)
        self.spec = folder / "my-task.toml"
        shutil.copy(EXAMPLES / "my-task.toml", self.spec)
        self.workspace = folder / "hlr"
        self.place = Place(f"sqlite:///{self.workspace}/hlr.db", self.workspace, folder)
        self.db = open_database(self.place.storage)

    def run(self, **settings: object) -> list[Run]:
        """Run the experiment with settings given as section__key=value; its runs."""
        words = [f"{place.replace('__', '.')}={json.dumps(value)}" for place, value in settings.items()]
        experiment = submit(self.db, make_plan(load_spec(self.spec, words)), self.place)
        assert take_conductor(self.db, experiment.id, *me(), is_alive)
        worker = Worker(self.db, experiment.id, self.workspace, self.folder, torch.device("cpu"), log="worker.log")
        conductor = Conductor(self.db, experiment, self.place, LocalExecutor())
        conductor.prepare()
        while not conductor.step():
            while run := claim(self.db, worker.id, "cpu", experiment.id, log="worker.log"):
                worker.train(run)
        leave_conductor(self.db, experiment.id)
        assert get_experiment(self.db, experiment.name).state == "complete"
        return runs_of(self.db, experiment.id)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv(TRUST_ENV, str(tmp_path))
    monkeypatch.setenv(PLUGINS_ENV, "")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    catalog.cache_clear()
    made = Project(tmp_path)
    yield made
    made.db.close()
    catalog.cache_clear()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints, which must succeed."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*words]) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    return run


SMALL: dict[str, Any] = {"training__epochs": 2, "optimize__trials": 2, "compare__seeds": 1, "compare__budgets": [1, 2]}


def test_every_mode(project: Project) -> None:
    small = SMALL | {"methods__schedulers": ["C"]}
    methods = {"spirals-AdamW-C", "spirals-Prodigy-N"}

    def stages(runs: list[Run]) -> dict[str, int]:
        assert {run.study for run in runs} == methods
        assert {run.state for run in runs} == {"complete"}
        assert all(run.value is not None and math.isfinite(run.value) for run in runs)
        return {stage: sum(run.stage == stage for run in runs) for stage in sorted({run.stage for run in runs})}

    assert stages(project.run(**small, experiment__mode="run")) == {"run": 2 * 5}
    fresh = {"experiment__name": "other"}
    methods = {"other-AdamW-C", "other-Prodigy-N"}
    assert stages(project.run(**small, **fresh, experiment__mode="optimize")) == {"search": 4}
    assert stages(project.run(**small, **fresh, experiment__mode="optimize-compare")) == {"compare": 4, "search": 4}
    runs = project.run(**small, **fresh, experiment__mode="all")
    assert {run.attempt for run in runs} == {1}, "all that was asked for is there"
    methods = {"third-AdamW-C", "third-Prodigy-N"}
    assert stages(project.run(**small, experiment__name="third", experiment__mode="compare")) == {"compare": 4}


def test_its_parameters_are_those_of_any_task(project: Project, said: Callable[..., str]) -> None:
    (listed,) = json.loads(said("--plugins", ".", "list", "tasks", "spirals", "--json"))
    (param,) = listed["params"]
    assert (param["name"], param["default"], param["low"], param["high"]) == ("noise", 0.1, 0.0, 1.0)
    (model,) = json.loads(said("--plugins", ".", "list", "models", "SpiralNet", "--json"))
    assert [param["name"] for param in model["params"]] == ["width"]
    text = said("--plugins", ".", "init", "spirals", "compare")
    assert "noise = 0.1" in text
    assert "width = 64" in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    (project.folder / "made.toml").write_text(text)
    assert "AdamW + EH" in said("--plugins", ".", "--batch", "made.toml", "--dry-run")
    assert "AdamW + EH" in said("--plugins", ".", "--batch", "my-task.toml", "--dry-run"), "the same file, named twice"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("task.noise=2", "task.noise = 2.0: must be >= 0 and <= 1 (given on the command line)"),
        ("model.widht=3", 'model.widht = 3: unknown key; must be one of width (did you mean "width"?'),
        (
            "model.name=MLP",
            'model.name = "MLP": does not fit the spirals data of task spirals; must be one of SpiralNet',
        ),
    ],
)
def test_its_mistakes_are_those_of_any_spec(
    settings: str, message: str, project: Project, said: Callable[..., str]
) -> None:
    assert message in said("--batch", "my-task.toml", "--set", settings, "--dry-run", code=2)


def test_a_loss_that_fails_in_the_middle_says_where(project: Project, said: Callable[..., str]) -> None:
    """With seed 2 alone, in its second epoch: other runs are not touched."""
    line = TASK.splitlines().index(LOSS) + 1
    broken = "        if torch.initial_seed() in bad:\n            raise ValueError(f'odd {tuple(outputs.shape)}')\n"
    head = "from core.seeding import derived_seed\nbad = [derived_seed(2, 'epoch', 1)]\n"
    project.path.write_text(TASK.replace(LOSS, broken + LOSS).replace("import torch\n", "import torch\n" + head, 1))
    runs = project.run(experiment__mode="compare", methods__schedulers=["C"], methods__lr_free=[], compare__budgets=[3])
    assert [(run.seed, run.state, run.epoch) for run in runs] == [(1, "complete", 3), (2, "failed", 1)]
    where = f"{project.path}, line {line + 3}, in loss: raise ValueError(f'odd {{tuple(outputs.shape)}}')"
    assert runs[1].error == f"ValueError: odd (64, 2)\n  {where}"
    for words in (("status", "spirals"), ("show", "spirals"), ("status", "spirals", "--json")):
        text = said(*words)
        assert "ValueError: odd (64, 2)" in text
        assert where in text
        assert "worker.log" in text
    project.path.write_text(TASK)
    with pytest.raises(Exception, match="has changed since runs"):
        project.run(experiment__mode="compare", methods__schedulers=["C"], methods__lr_free=[], compare__budgets=[3])


@pytest.mark.parametrize("lost", ["gone", "untrusted"])
def test_points_and_progress_need_no_file(
    lost: str, project: Project, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run(**SMALL, experiment__mode="compare", methods__schedulers=["C"], methods__lr_free=[])
    before = said("export", "spirals", "--format", "csv")
    assert before.count("\n") > 10
    if lost == "gone":
        project.path.rename(project.folder / "elsewhere.py")
    else:
        monkeypatch.setenv(TRUST_ENV, "")
    catalog.cache_clear()
    assert said("export", "spirals", "--format", "csv") == before
    (status,) = json.loads(said("status", "spirals", "--json"))["experiments"]
    assert (status["state"], status["runs"]["complete"], status["progress"]) == ("complete", 2, 1.0)
    text = said("status", "spirals")
    assert "complete" in text
    assert f"torch {torch.__version__.partition('+')[0]}" in text
    set_state(project.db, get_experiment(project.db, "spirals").id, "stopped")  # then there may be more to come
    assert "2/2" in said("status")


def test_two_copies_of_a_project_share_a_database(project: Project, said: Callable[..., str]) -> None:
    """Their tasks are called alike; one process that looks at both must not mix them up."""
    small = SMALL | {"experiment__mode": "compare", "methods__schedulers": ["C"], "methods__lr_free": []}
    project.run(**small)
    copy = project.folder / "copy"
    copy.mkdir()
    project.path, project.spec = copy / "my_task.py", copy / "my-task.toml"
    project.path.write_text(TASK.replace("real(0.1", "real(0.3"))
    project.spec.write_text((EXAMPLES / "my-task.toml").read_text().replace("noise = 0.1", ""))
    runs = project.run(**small, experiment__name="second")
    assert {(run.state, run.config["task"]["params"]["noise"]) for run in runs} == {("complete", 0.3)}
    overview = json.loads(said("status", "--json"))["experiments"]
    assert [(one["experiment"], one["progress"]) for one in overview] == [("spirals", 1.0), ("second", 1.0)]


GUIDE = (EXAMPLES.parent / "docs" / "own-task.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def guided(tmp_path: Path) -> Path:
    """The files of the guide, by the name in their first line."""
    for text in (*blocks("python"), *blocks("toml")):
        named = re.match(r"# ([a-z_]+\.(?:py|toml))\n", text)
        if named:
            (tmp_path / named[1]).write_text(text)
    (tmp_path / "parts").mkdir()
    for name in ("task.py", "sawtooth.py"):
        shutil.copy(tmp_path / name, tmp_path / "parts")
    return tmp_path


def test_the_commands_of_the_guide_work(
    guided: Path, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, project: Project
) -> None:
    monkeypatch.setenv(TRUST_ENV, "")
    listed = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(listed) >= 6
    printed = {}
    for line in listed:
        command, _, file = line.partition(" > ")
        words = shlex.split(command)[1:]
        if "--batch" in words:
            argv = [sys.executable, "-m", "hlr_tui", *words]
            done = subprocess.run(argv, cwd=guided, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        else:
            printed[line] = said(*words)
        if file:
            (guided / file).write_text(printed[line])
    assert "AdamW + SAW" in printed["hlr-tui show pairs"]
    assert "width = 32" in (guided / "spec.toml").read_text()


def test_the_example_of_an_error_is_what_is_said(guided: Path, said: Callable[..., str], project: Project) -> None:
    text = (guided / "task.py").read_text()
    assert "torch.nn.Linear(8, width)" in text
    (guided / "task.py").write_text(text.replace("torch.nn.Linear(8, width)", "torch.nn.Linear(9, width)"))
    errors = said("--batch", "pairs.toml", "--check", code=2).splitlines()
    (shown,) = (block for block in blocks("text") if "mat1" in block)
    assert [line.replace("addmm: ", "") for line in errors if line.startswith("hlr-tui: ")][:3] == [
        line.replace("/home/me", str(guided)) for line in shown.splitlines()
    ]


def test_files_that_the_guide_names_are_there() -> None:
    links = re.findall(r"\]\((\.\./[^)]+)\)", GUIDE)
    assert len(links) >= 4
    for link in links:
        assert (EXAMPLES / link).exists(), link

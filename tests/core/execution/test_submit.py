"""What a second start of an experiment may change, what it queues again, and what it leaves alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from bench import Bench
from campaign import Document, document, plan_of

from core.errors import SpecError, UsageError, show
from core.execution.launch import Place
from core.execution.queue import enqueue
from core.execution.submit import GROWS, submit, take_up
from core.params import params_of
from core.spec.sections import SECTIONS
from core.storage.engine import Database, open_database, optuna_storage
from core.storage.experiments import (
    Experiment,
    find_experiment,
    get_experiment,
    leave_conductor,
    request_stop,
    set_state,
    take_conductor,
)
from core.storage.processes import is_alive, me
from core.storage.runs import Run, claim, fail, finish, runs_of

SPEC = document(
    experiment__mode="all",
    methods__schedulers=["N", "EH"],
    methods__params={"EH": {"upper_bound": 300}},
    optimize__search={"lr": {"low": 1e-3, "high": 1e-2, "log": True}, "EH": {"infimum_lr": 1e-5}},
)

KEPT: dict[str, tuple[object, object]] = {
    "experiment.seed": (42, 43),
    "task.label_smoothing": (0.0, 0.1),
    "model.hidden_size": (8, 16),
    "model.num_layers": (1, 2),
    "model.dropout": (0.0, 0.1),
    "training.epochs": (3, 4),
    "training.batch_size": (512, 256),
    "training.lr": (0.01, 0.02),
    "training.infimum_lr": (1e-6, 1e-5),
    "training.threads": (1, 2),
    "training.loss_bound": (1e6, 100.0),
    "methods.params.EH.upper_bound": (300, 400),
    "methods.params.AdamW.weight_decay": ("not given", 0.1),
    "optimize.seeds": ((1,), (1, 2)),
    "optimize.sampler": ("tpe", "random"),
    "optimize.pruner": ("none", "median"),
    "optimize.batch": (2, 4),
    "optimize.search.lr": (
        {"low": 1e-3, "high": 1e-2, "log": True},
        {"low": 1e-3, "high": 0.1, "log": True},
    ),
    "optimize.search.EH.infimum_lr": (1e-5, 1e-6),
    "compare.transfer": ("absolute", "relative"),
}
"""What decides the points of a run or the course of a search: as it was, and as a user might change it."""

GROWN: dict[str, object] = {
    "experiment.mode": "optimize",
    "methods.optimizers": ["AdamW", "SGD"],
    "methods.schedulers": ["N", "EH", "C"],
    "methods.lr_free": ["Prodigy"],
    "optimize.trials": 6,
    "compare.budgets": [2, 3],
    "compare.seeds": [1, 2],
    "training.seeds": [1, 2],
    "training.device": "auto",
    "execution.executor": "local",
    "execution.workers": 2,
    "tracking.wandb": "disabled",
    "tracking.project": "mine",
}


def changed(spec: Document, key: str, value: object) -> Document:
    made: Document = json.loads(json.dumps(spec))
    *path, last = key.split(".")
    table = made
    for name in path:
        table = table.setdefault(name, {})
    table[last] = value
    return made


class Desk:
    """Where specs are handed in; `name` of all of them is "tiny"."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(f"sqlite:///{folder}/hlr.db", folder, folder)
        self.db: Database = open_database(self.place.storage)

    def hand_in(self, spec: Document) -> Experiment:
        """Submit, and queue what is known at once; returns the experiment as it is then."""
        plan = plan_of(spec)
        experiment = submit(self.db, plan, self.place)
        enqueue(self.db, experiment.id, plan.fixed_runs)
        return experiment

    def refused(self, spec: Document) -> UsageError:
        """What a submission is refused with; it must leave no trace."""
        before = find_experiment(self.db, "tiny")
        with pytest.raises(UsageError) as caught:
            self.hand_in(spec)
        assert find_experiment(self.db, "tiny") == before
        return caught.value

    @property
    def experiment(self) -> Experiment:
        return get_experiment(self.db, "tiny")

    def runs(self) -> list[Run]:
        return runs_of(self.db, self.experiment.id)

    def train(self, end: Callable[[Run], None]) -> None:
        """Take every queued run and let it end."""
        while run := claim(self.db, "worker", "cpu", self.experiment.id):
            end(run)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.db.close()


def test_every_key_either_grows_or_stays() -> None:
    """A key that is new must be put on one of the two sides, here and in the code."""
    plan = plan_of(SPEC)
    known = {f"{section}.{name}" for section, cls in SECTIONS.items() for name, _ in params_of(cls)}
    known |= {f"task.{name}" for name, _ in params_of(plan.spec.task)}
    known |= {f"model.{name}" for name, _ in params_of(plan.spec.model)}
    sorted_out = {key for key in KEPT if not key.startswith(("methods.params.", "optimize.search."))} | GROWN.keys()
    assert sorted_out == known - {"experiment.name"}
    assert GROWN.keys() == GROWS


@pytest.mark.parametrize("key", KEPT)
def test_what_decides_the_points_may_not_change(key: str, desk: Desk) -> None:
    old, new = KEPT[key]
    desk.hand_in(SPEC)
    error = desk.refused(changed(SPEC, key, new))
    assert isinstance(error, SpecError)
    assert error.exit_code == 2
    (problem,) = error.problems
    assert problem.key == key
    text = str(error)
    for value in (old, new):
        # a table is written in an order and with zeros of its own
        words = [str(part) for part in value.values() if part is not True] if isinstance(value, dict) else [show(value)]
        words = ["not given"] if value == "not given" else words
        assert all(word in text for word in words), (words, text)


def test_a_parameter_may_not_be_taken_back(desk: Desk) -> None:
    desk.hand_in(SPEC)
    error = desk.refused(changed(SPEC, "methods.params", {}))
    assert 'methods.params.EH.upper_bound: was 300 when experiment "tiny" began, and is not given now' in str(error)


def test_another_task_or_model_is_another_experiment(desk: Desk) -> None:
    desk.hand_in(SPEC)
    assert "model.name" in str(desk.refused(changed(SPEC, "model", {"name": "SmallCNN"})))
    other = SPEC | {"task": {"name": "osc"}, "model": {"name": "LSTM_Seq2Seq"}}
    assert 'was "digits" when experiment "tiny" began' in str(desk.refused(other))


@pytest.mark.parametrize("key", GROWN)
def test_what_only_adds_runs_may_change(key: str, desk: Desk) -> None:
    first = desk.hand_in(SPEC)
    set_state(desk.db, first.id, "complete")
    grown = desk.hand_in(changed(SPEC, key, GROWN[key]))
    assert grown.id == first.id
    assert grown.state == "running"
    *path, last = key.split(".")
    table = json.loads(grown.spec)
    for name in path:
        table = table[name]
    assert table[last] == GROWN[key]
    assert grown.mode == ("optimize" if key == "experiment.mode" else "all")
    assert grown.workers_wanted == (2 if key == "execution.workers" else 1)


def test_a_method_may_come_and_go_with_its_parameters(desk: Desk) -> None:
    """What is said of it alone concerns no run of the others."""
    alone = changed(SPEC, "methods", {"schedulers": ["N"]})
    del alone["optimize"]["search"]["EH"]
    desk.hand_in(alone)
    desk.hand_in(SPEC)
    desk.hand_in(alone)
    assert "methods.params.AdamW" in str(desk.refused(changed(SPEC, "methods.params.AdamW", {"weight_decay": 0.2})))


def test_another_spelling_is_the_same_spec(desk: Desk) -> None:
    desk.hand_in(SPEC)
    same = changed(SPEC, "methods.params", {"exp_hyperbolic": {"upper_bound": 300}})
    same["methods"]["schedulers"] = ["n", "eh"]
    same["optimize"]["search"]["lr"]["log"] = True
    same["task"]["label_smoothing"] = 0.0
    assert desk.hand_in(same).id == desk.experiment.id


@pytest.fixture
def conducted(desk: Desk) -> Iterator[Experiment]:
    """An experiment with this process in its conductor's chair."""
    experiment = desk.hand_in(SPEC)
    assert take_conductor(desk.db, experiment.id, *me(), is_alive)
    yield desk.experiment
    leave_conductor(desk.db, experiment.id)


def test_a_running_experiment_takes_no_other_spec(conducted: Experiment, desk: Desk) -> None:
    error = desk.refused(changed(SPEC, "optimize.trials", 6))
    assert 'experiment "tiny" is running with another spec' in str(error)
    assert "hlr-tui stop tiny" in str(error)


def test_a_running_experiment_may_be_followed_with_other_workers(conducted: Experiment, desk: Desk) -> None:
    assert desk.hand_in(changed(SPEC, "execution.workers", 2)) == conducted


def test_a_comparison_needs_a_search(desk: Desk) -> None:
    spec = changed(SPEC, "experiment.mode", "optimize-compare")
    spec["methods"] = {"schedulers": ["N"]}
    del spec["optimize"]["search"]["EH"]
    assert 'study "tiny-AdamW-N" has no finished trial' in str(desk.refused(spec))
    assert find_experiment(desk.db, "tiny") is None

    study = optuna.create_study(study_name="tiny-AdamW-N", storage=optuna_storage(desk.db))
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    assert "has no finished trial" in str(desk.refused(spec))
    space: dict[str, optuna.distributions.BaseDistribution] = {
        "lr": optuna.distributions.FloatDistribution(1e-3, 1e-2, log=True)
    }
    study.tell(study.ask(space), math.inf)
    assert "has no finished trial" in str(desk.refused(spec))
    study.tell(study.ask(space), 1.0)
    assert desk.hand_in(spec).mode == "optimize-compare"


@pytest.mark.parametrize("mode", ["compare", "run"])
def test_failed_runs_are_queued_again_and_no_others(mode: str, desk: Desk) -> None:
    spec = document(experiment__mode=mode, training__seeds=[1, 2, 3], compare__seeds=[1, 2, 3])

    def end(run: Run) -> None:
        match run.seed:
            case 1:
                finish(desk.db, run.id, run.attempt, "complete", 1.0, {})
            case 2:
                fail(desk.db, run.id, run.attempt, "broken")
            case 3:
                finish(desk.db, run.id, run.attempt, "diverged", math.inf, {})

    desk.hand_in(spec)
    desk.train(end)
    request_stop(desk.db, desk.experiment.id)
    set_state(desk.db, desk.experiment.id, "complete")
    again = desk.hand_in(spec)
    assert (again.state, again.stop_requested) == ("running", False)
    assert {run.seed: run.state for run in desk.runs()} == {1: "complete", 2: "queued", 3: "diverged"}
    assert {run.seed: run.attempt for run in desk.runs()} == {1: 1, 2: 1, 3: 1}


def test_a_failed_trial_stays_told(desk: Desk) -> None:
    """Optuna has been told that it failed; what was drawn after it would be drawn otherwise."""
    bench = Bench(Path(desk.place.workspace), SPEC)
    assert bench.live()
    trial = next(run for run in desk.runs() if run.stage == "search")
    compared = next(run for run in desk.runs() if run.stage == "compare")
    with desk.db.write() as connection:
        for run in (trial, compared):
            connection.exec_driver_sql(f"UPDATE hlr_run SET state = 'failed' WHERE id = '{run.id}'")
    desk.hand_in(SPEC)
    states = {run.id: run.state for run in desk.runs()}
    assert (states[trial.id], states[compared.id]) == ("failed", "queued")
    bench.close()


GROWTHS: list[tuple[dict[str, Any], int]] = [
    ({"compare__budgets": [2, 3]}, 2 * 2),
    ({"compare__seeds": [1, 2, 3]}, 2),
    ({"methods__schedulers": ["C", "N", "EH"]}, 2),
    ({"methods__lr_free": ["Prodigy"]}, 2),
    ({"compare__budgets": [2, 3], "compare__seeds": 4, "methods__schedulers": ["EH", "N", "C"]}, 3 * 4 * 2 - 2 * 2),
    ({"compare__budgets": [3]}, 2 * 2),
]


@pytest.mark.parametrize(("growth", "new"), GROWTHS)
def test_a_comparison_grows_around_what_is_there(growth: dict[str, Any], new: int, desk: Desk) -> None:
    """Two methods, one budget, two seeds; then more of each."""
    start: dict[str, Any] = {"methods__schedulers": ["N", "EH"], "compare__seeds": [1, 2]}
    desk.hand_in(document(**start))
    desk.train(lambda run: finish(desk.db, run.id, run.attempt, "complete", 1.0, {}))
    before = {run.id: run for run in desk.runs()}
    assert len(before) == 4
    set_state(desk.db, desk.experiment.id, "complete")
    plan = plan_of(document(**(start | growth)))
    assert enqueue(desk.db, submit(desk.db, plan, desk.place).id, plan.fixed_runs) == new
    after = {run.id: run for run in desk.runs()}
    assert {run_id: after[run_id] for run_id in before} == before
    assert {after[run_id].state for run_id in after.keys() - before.keys()} == {"queued"}


def test_a_search_grows_around_what_is_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path, changed(SPEC, "optimize.trials", 2))
    assert bench.live()
    before = bench.result()
    bench.spec = changed(changed(SPEC, "optimize.trials", 6), "compare.budgets", [2, 3])
    bench.spec["methods"]["schedulers"] = ["N", "EH", "C"]
    assert bench.live()
    after = bench.result()
    assert [row for row in after["runs"] if row in before["runs"]] == before["runs"]
    assert [point for point in after["points"] if point in before["points"]] == before["points"]
    assert sorted(after["trials"]) == ["tiny-AdamW-C", "tiny-AdamW-EH", "tiny-AdamW-N"]
    for study, trials in after["trials"].items():
        assert [trial[0] for trial in trials] == list(range(6))
        assert trials[:2] == before["trials"].get(study, trials[:2])
        # of a study whose best trial is another one now, the comparison is of both
        compared = {row[3] for row in after["runs"] if row[1:3] == ("compare", study)}
        best = min(trials, key=lambda trial: trial[3])[0]
        assert best in compared
        assert {(row[3], row[5]) for row in after["runs"] if row[1:3] == ("compare", study)} >= {(best, 2), (best, 3)}
    bench.close()

    straight = Bench(tmp_path / "straight", bench.spec)
    assert straight.live()
    assert straight.result()["trials"] == after["trials"]
    straight.close()


def test_an_experiment_whose_plugin_is_not_here_is_left_alone(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = desk.hand_in(SPEC)
    set_state(desk.db, experiment.id, "stopped")
    with desk.db.write() as connection:
        written = experiment.spec.replace('"EH"', '"Gone"')
        connection.exec_driver_sql("UPDATE hlr_experiment SET spec = ?, plugins = '/p:/q'", (written,))
    before = desk.experiment
    with pytest.raises(UsageError, match="Gone") as caught:
        take_up(desk.db, before)
    assert caught.value.exit_code == 2
    assert "--plugins /p --plugins /q" in str(caught.value)
    assert desk.experiment == before

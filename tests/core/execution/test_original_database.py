"""Databases of the paper's experiment code: their studies are continued, compared and shown. See optuna_4_7.sql."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from bench import Bench
from campaign import Campaign, document, plan_of
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from core.analysis.progress import look
from core.analysis.results import result_document
from core.errors import UsageError
from core.execution.asking import Outcome, Search
from core.execution.submit import take_up
from core.storage.experiments import create_experiment, find_experiment, get_experiment, set_state
from core.storage.runs import runs_of

DUMP = Path(__file__).with_name("optuna_4_7.sql")
PROJECT = "HyperbolicLR-DIGITS-MLP"
EH, PRODIGY = f"{PROJECT}-AdamW-EH", f"{PROJECT}-Prodigy-N"

SPEC = document(
    experiment__name=PROJECT,
    experiment__mode="all",
    methods__schedulers=["EH"],
    methods__lr_free=["Prodigy"],
    optimize__trials=6,
    optimize__batch=2,
    compare__budgets=[2, 4],
)

# What Optuna 4.7 said of the study that was dumped.
BEST = {"lr": 0.008148293210105292, "infimum_lr": 1.152798712823239e-07, "upper_bound": 400}
BEST_VALUE = 0.0010790914103313964


def restore(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(DUMP.read_text())
    connection.close()


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**changes: Any) -> Bench:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        restore(folder / "hlr.db")
        spec = json.loads(json.dumps(SPEC))
        for place, value in changes.items():
            section, _, key = place.partition("__")
            spec[section][key] = value
        made.append(Bench(folder, spec))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


def study_at(bench: Bench, name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=bench.place.storage)


def shown(bench: Bench) -> dict[str, Any]:
    return result_document(bench.worker_db, get_experiment(bench.worker_db, bench.name))


def test_its_results_count_and_what_it_left_behind_does_not(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    assert bench.live()
    states = [trial.state.name for trial in study_at(bench, EH).trials]
    assert states == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert study_at(bench, EH).best_trial.params == BEST
    assert [trial.state.name for trial in study_at(bench, PRODIGY).trials] == ["COMPLETE"] * 6

    runs = runs_of(bench.worker_db, get_experiment(bench.worker_db, PROJECT).id)
    trained = {
        name: sorted({run.trial for run in runs if run.stage == "search" and run.study == name})
        for name in (EH, PRODIGY)
    }
    assert trained == {EH: [6, 7], PRODIGY: [2, 3, 4, 5]}
    compared = [run for run in runs if run.stage == "compare" and run.study == EH]
    assert {run.trial for run in compared} == {3}
    assert {run.config["lr"] for run in compared} == {BEST["lr"]}
    assert {run.config["scheduler"]["params"]["upper_bound"] for run in compared} == {400}
    assert sorted(run.budget for run in compared) == [2, 4]


def test_show_says_what_was_trained_elsewhere(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    assert bench.live()
    eh, prodigy = shown(bench)["studies"]
    assert (eh["name"], eh["optimizer"], eh["scheduler"]) == (EH, "AdamW", "EH")
    assert (eh["trials"], eh["foreign_trials"]) == (6, 4)
    assert eh["best"] == {"trial": 3, "value": BEST_VALUE, "params": BEST, "origin": "elsewhere"}
    assert eh["left_out"] == [{"trial": 2, "reason": "it failed"}, {"trial": 5, "reason": "it failed"}]
    assert (prodigy["trials"], prodigy["foreign_trials"], prodigy["best"]["trial"]) == (6, 2, 0)


def test_a_better_trial_of_ours_is_the_best(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    storage = optuna.storages.RDBStorage(bench.place.storage)
    with sqlite3.connect(bench.place.storage.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE trial_values SET value = value + 100")
    connection.close()
    assert bench.live()
    (eh, _) = shown(bench)["studies"]
    ours = min(optuna.load_study(study_name=EH, storage=storage).trials[6:], key=lambda trial: trial.value or math.inf)
    assert (eh["best"]["trial"], eh["best"]["origin"]) == (ours.number, "here")
    assert eh["best"]["value"] == ours.value


def test_its_trials_can_be_compared_at_once(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(experiment__mode="optimize-compare")
    assert bench.live()
    document = shown(bench)
    assert [row["trial"] for row in document["comparison"] if row["scheduler"] == "EH"] == [3, 3]
    assert [(study["trials"], study["best"]["trial"]) for study in document["studies"]] == [(4, 3), (2, 0)]
    assert document["runs"]["complete"] == 4


def test_kills_at_every_commit_change_nothing(make_bench: Callable[..., Bench]) -> None:
    small = {"methods__lr_free": [], "optimize__trials": 5, "compare__budgets": [2]}
    undisturbed, bench = make_bench(**small), make_bench(**small)
    assert undisturbed.live()
    lives = 0
    while not bench.live(commits=1 + 2 * lives):
        lives += 1
        assert lives < 100
    assert lives > 5
    assert bench.result() == undisturbed.result()


def test_progress_does_not_wait_for_trials_that_are_there(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    assert bench.live()
    set_state(bench.worker_db, get_experiment(bench.worker_db, PROJECT).id, "stopped")
    search, compare = look(bench.worker_db, get_experiment(bench.worker_db, PROJECT)).stages
    assert (search.planned_runs, search.ended_runs) == (2 + 4, 2 + 4)
    assert search.planned_epochs == search.done_epochs == 6 * 3
    assert (compare.planned_runs, compare.ended_runs) == (4, 4)


LR = FloatDistribution(1e-4, 5e-2, log=True)
INFIMUM = FloatDistribution(1e-7, 1e-4, log=True)
BOUND = IntDistribution(10, 400)


def foreign(
    value: float | None, distributions: dict[str, BaseDistribution], **params: float
) -> optuna.trial.FrozenTrial:
    state = TrialState.PRUNED if value is None else TrialState.COMPLETE
    return create_trial(state=state, value=value, params=params, distributions=distributions)


def search_of(trials: list[optuna.trial.FrozenTrial], **changes: Any) -> Search:
    """The search of AdamW + EH over trials of another program."""
    plan = plan_of(document(**{**{f"{a}__{b}": v for a, t in SPEC.items() for b, v in t.items()}, **changes}))
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(study_name=EH, storage=storage).add_trials(trials)
    return Search.resume(plan.spec, plan.studies[0], storage)


EH_SPACE: dict[str, BaseDistribution] = {"lr": LR, "infimum_lr": INFIMUM, "upper_bound": BOUND}


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (
            foreign(0.0, {"lr": LR, "gamma": FloatDistribution(0, 1)}, lr=0.01, gamma=0.5),
            "it moves gamma, lr, and the search of this experiment moves infimum_lr, lr, upper_bound",
        ),
        (foreign(0.0, {"lr": LR}, lr=0.01), "it moves lr, and"),
        (
            foreign(0.0, {**EH_SPACE, "lr": FloatDistribution(-1, 1)}, lr=-0.5, infimum_lr=1e-6, upper_bound=250),
            "lr = -0.5: must be > 0",
        ),
        (foreign(0.0, EH_SPACE, lr=0.01, infimum_lr=1e-6, upper_bound=30), "upper_bound = 30: must be >= 40"),
        (foreign(0.0, EH_SPACE, lr=1e-4, infimum_lr=1e-4, upper_bound=30), "infimum_lr = 0.0001: must be < 0.0001"),
    ],
)
def test_trials_that_this_experiment_cannot_train_are_passed_over(trial: optuna.trial.FrozenTrial, reason: str) -> None:
    fitting = foreign(5.0, EH_SPACE, lr=0.02, infimum_lr=1e-6, upper_bound=250)
    search = search_of([trial, fitting], compare__budgets=[2, 40])
    assert list(search.ignored) == [0]
    assert search.ignored[0].startswith(reason)
    best = search.best()
    assert best is not None
    assert best.number == 1
    numbers = []
    while not search.done:
        asked = list(search.ask_batch())
        numbers += [one.number for one in asked]
        assert search.tell_batch({one.run_ids[0]: Outcome("complete", 9.0) for one in asked})
    assert numbers == [2, 3, 4, 5, 6], "five of its own beside the one that counts"


def test_the_sampler_learns_from_trials_of_others() -> None:
    """Twelve trials are more than TPE's ten random ones; their optimum decides where it looks."""
    means = []
    for optimum in (2e-4, 3e-2):
        trials = []
        for number in range(12):
            lr = 1e-4 * 500 ** (number / 11)
            value = abs(math.log(lr / optimum))
            trials.append(foreign(value, EH_SPACE, lr=lr, infimum_lr=1e-6, upper_bound=250))
        search = search_of(trials, optimize__trials=24, optimize__batch=12)
        rates = [math.log10(one.params["lr"]) for one in search.ask_batch()]
        means.append(sum(rates) / len(rates))
    assert means[0] < means[1] - 0.5


def test_trials_that_others_add_meanwhile_get_no_runs_of_ours() -> None:
    search = search_of([])
    (first, second) = search.ask_batch()
    assert search.tell_batch({one.run_ids[0]: Outcome("complete", 1.0) for one in (first, second)})
    search.study.enqueue_trial({"lr": 0.01})
    search.study.add_trial(foreign(0.5, EH_SPACE, lr=0.02, infimum_lr=1e-6, upper_bound=250))
    asked = list(search.ask_batch())
    assert [one.number for one in asked] == [4]
    held = {trial.number: (trial.state.name, trial.params) for trial in search.study.trials}
    assert held[2][0] == "FAIL"
    assert held[4] == ("RUNNING", asked[0].params)
    assert search.tell_batch({asked[0].run_ids[0]: Outcome("complete", 2.0)})
    best = search.best()
    assert best is not None
    assert best.number == 3
    again = Search.resume(search.spec, search.plan, search.storage)
    assert [trial.number for trial in again.told] == [0, 1, 2, 3, 4]
    assert again.asked - len(again.ignored) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE study_directions SET direction = 'MAXIMIZE'", "does not minimise one objective"),
        (
            """UPDATE trial_params SET distribution_json = replace(distribution_json, '"log": true', '"log": false')""",
            "its parameter .* is drawn from FloatDistribution",
        ),
    ],
)
def test_a_study_that_cannot_go_on_is_refused_and_left_alone(
    make_bench: Callable[..., Bench], change: str, message: str
) -> None:
    bench = make_bench()
    path = bench.place.storage.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(UsageError, match=message):
        bench.submit(bench.worker_db)
    assert find_experiment(bench.worker_db, PROJECT) is None
    with sqlite3.connect(path) as connection:
        states = connection.execute("SELECT state FROM trials WHERE number = 5").fetchall()
    connection.close()
    assert states == [("RUNNING",)]


def test_the_name_of_imported_curves_is_taken(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    imported = create_experiment(bench.worker_db, PROJECT, "import", '{"import": {"label": "OSC_LSTM"}}')
    for again in (bench.submit, lambda db: take_up(db, imported)):
        with pytest.raises(UsageError, match="holds imported curves, there is nothing to train"):
            again(bench.worker_db)


def test_the_file_itself_is_continued_from_the_command_line(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign()
    made.spec = json.loads(
        json.dumps(SPEC | {"methods": {"schedulers": ["EH"]}, "compare": {"budgets": [2], "seeds": 1}})
    )
    path = made.folder / f"{PROJECT}.db"
    restore(path)
    storage = ("--storage", f"sqlite:///{path}")
    document = json.loads(made.run("--batch", made.write(), "--json", *storage).stdout)
    text = made.run("show", PROJECT, *storage).stdout
    assert f"{EH}: 4 of its 6 trials were trained elsewhere, the best one too" in text
    assert f"{EH}: trial 5, made elsewhere, is left out: it failed" in text
    (study,) = document["studies"]
    assert study["best"]["params"] == BEST
    (row,) = document["comparison"]
    assert (row["trial"], row["seeds"]) == (3, 1)

"""The search of one method, with Optuna's own records and pruners as the reference."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import optuna
import pytest
from campaign import document, plan_of
from optuna.trial import TrialState

from core.execution.asking import OpenTrial, Outcome, Search

EPOCHS = 9


def storage_at(path: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{path}/optuna.db")


def make_search(storage: optuna.storages.BaseStorage, **optimize: Any) -> Search:
    """The search of AdamW + EH in experiment "tiny"."""
    given = {"trials": 8, "batch": 4, **optimize}
    spec = document(
        experiment__mode="optimize",
        training__epochs=EPOCHS,
        methods__schedulers=["EH"],
        **{f"optimize__{name}": value for name, value in given.items()},
    )
    plan = plan_of(spec)
    return Search.resume(plan.spec, plan.studies[0], storage)


def curve(params: dict[str, Any], seed: int = 0) -> list[float]:
    """A loss that falls towards a level set by the rate, and crosses the curves of other rates on the way."""
    level = (math.log10(params["lr"]) + 2) ** 2 + 0.01 * seed
    return [level + 10 * params["lr"] ** 0.3 * math.exp(-epoch * 20 * params["lr"]) for epoch in range(1, EPOCHS + 1)]


def finish(search: Search, order: Iterable[int] = (0, 1, 2, 3)) -> None:
    """Ask one batch, let its runs end in `order`, tell it."""
    trials = list(search.ask_batch())
    outcomes: dict[str, Outcome] = {}
    for index in order:
        if index >= len(trials):
            continue
        values = curve(trials[index].params)
        for trial in search.report(dict.fromkeys(trials[index].run_ids, values)):
            assert trial.pruned_at is not None
        state = "complete" if trials[index].pruned_at is None else "pruned"
        assert not search.tell_batch(outcomes)
        outcomes |= {run_id: Outcome(state, values[-1]) for run_id in trials[index].run_ids}
    assert search.tell_batch(outcomes)


def drawn(study: optuna.Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_seed_fixes_the_trials_whatever_the_order_in_which_runs_end(sampler: str) -> None:
    found = []
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        search = make_search(optuna.storages.InMemoryStorage(), sampler=sampler, trials=14, batch=4)
        while not search.done:
            finish(search, order)
        found.append(drawn(search.study))
    assert found[0] == found[1]
    assert len({params["lr"] for params in found[0]}) == 14


def test_another_seed_draws_other_trials() -> None:
    firsts = []
    for seed in (1, 2):
        plan = plan_of(document(experiment__mode="optimize", experiment__seed=seed))
        search = Search.resume(plan.spec, plan.studies[0], optuna.storages.InMemoryStorage())
        firsts.append(search.ask_batch()[0].params)
    assert firsts[0] != firsts[1]


def test_later_batches_learn_from_earlier_ones(tmp_path: Path) -> None:
    """Beyond its ten random trials TPE draws by what it was told: another objective, other trials."""
    found = []
    for sign in (1, -1):
        search = make_search(optuna.storages.InMemoryStorage(), trials=16)
        while not search.done:
            trials = list(search.ask_batch())
            search.tell_batch({t.run_ids[0]: Outcome("complete", sign * curve(t.params)[-1]) for t in trials})
        found.append(drawn(search.study))
    assert found[0][:10] == found[1][:10]
    assert found[0][12:] != found[1][12:]


def test_no_trial_is_asked_before_the_batch_is_told() -> None:
    search = make_search(optuna.storages.InMemoryStorage())
    trials = list(search.ask_batch())
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    some = {trial.run_ids[0]: Outcome("complete", 1.0) for trial in trials[1:]}
    assert not search.tell_batch(some)
    assert not search.tell_batch(some | {trials[0].run_ids[0]: Outcome("running", None)})
    assert search.ask_batch() == trials
    assert [trial.state for trial in search.study.trials] == [TrialState.RUNNING] * 4
    assert search.tell_batch(some | {trials[0].run_ids[0]: Outcome("complete", 2.0)})
    assert [trial.number for trial in search.ask_batch()] == [4, 5, 6, 7]


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_pruning_trial_by_trial_is_that_of_optuna(pruner: str) -> None:
    """In batches of one, earlier batches are all earlier trials, as in a plain Optuna loop."""
    search = make_search(optuna.storages.InMemoryStorage(), pruner=pruner, trials=24, batch=1)
    ours = []
    while not search.done:
        (trial,) = search.ask_batch()
        search.report({trial.run_ids[0]: curve(trial.params)})
        ours.append((trial.params, trial.pruned_at))
        state = "complete" if trial.pruned_at is None else "pruned"
        search.tell_batch({trial.run_ids[0]: Outcome(state, curve(trial.params)[-1])})

    reference: optuna.pruners.BasePruner = optuna.pruners.MedianPruner(n_startup_trials=5)
    if pruner == "hyperband":
        reference = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS)
    study = optuna.create_study(study_name="tiny-AdamW-EH", pruner=reference)
    theirs = []
    for params, _ in ours:
        study.enqueue_trial(params)
        judged = study.ask(search.study.trials[0].distributions)
        pruned_at = None
        for epoch, value in enumerate(curve(params), start=1):
            judged.report(value, epoch)
            if epoch < EPOCHS and judged.should_prune():
                pruned_at = epoch
                study.tell(judged, state=TrialState.PRUNED)
                break
        else:
            study.tell(judged, value)
        theirs.append(pruned_at)
    assert [pruned_at for _, pruned_at in ours] == theirs
    assert 3 < sum(pruned_at is not None for pruned_at in theirs) < 24
    assert len(set(theirs)) > 2


def test_the_median_is_that_of_earlier_batches() -> None:
    search = make_search(optuna.storages.InMemoryStorage(), pruner="median", trials=12, batch=6)
    finish(search, range(6))
    earlier = [curve(trial.params) for trial in search.told]
    medians = [statistics.median(values[epoch] for values in earlier) for epoch in range(EPOCHS)]
    trials = list(search.ask_batch())
    # first a hopeless and a splendid neighbour of the same batch: neither may move the median
    search.report({trials[0].run_ids[0]: [1e3] * EPOCHS, trials[1].run_ids[0]: [-1e3] * EPOCHS})
    search.report({trial.run_ids[0]: curve(trial.params) for trial in trials[2:]})
    for trial in trials[2:]:
        values = curve(trial.params)
        best = list(itertools.accumulate(values, min))
        above = [epoch + 1 for epoch in range(EPOCHS - 1) if best[epoch] > medians[epoch]]
        assert trial.pruned_at == (above[0] if above else None)
    assert {trial.pruned_at is None for trial in trials[2:]} == {True, False}


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_pruning_does_not_depend_on_how_reports_come_in(pruner: str) -> None:
    """All at once, one trial after the other, and epoch by epoch across the batch with a restart at each."""
    found: list[list[int | None]] = []
    for way in ("at once", "one by one", "with restarts"):
        storage = optuna.storages.InMemoryStorage()
        search = make_search(storage, pruner=pruner, trials=18, batch=6)
        pruned: dict[int, int | None] = {}
        while not search.done:
            trials = list(search.ask_batch())
            whole = {trial.run_ids[0]: curve(trial.params) for trial in trials}
            if way == "at once":
                search.report(whole)
            elif way == "one by one":
                for trial in reversed(trials):
                    search.report({trial.run_ids[0]: whole[trial.run_ids[0]]})
            else:
                for epoch in range(1, EPOCHS + 1):
                    search.report({run_id: values[:epoch] for run_id, values in whole.items()})
                    if epoch % 3 == 0:
                        search = make_search(storage, pruner=pruner, trials=18, batch=6)
                search.report(whole)
            pruned |= {trial.number: trial.pruned_at for trial in search.open}
            assert search.tell_batch({run_id: Outcome("complete", values[-1]) for run_id, values in whole.items()})
        found.append([pruned[number] for number in range(18)])
    assert found[0] == found[1] == found[2]
    assert any(found[0])
    assert not all(found[0])


class Killed(BaseException):
    """What a kill -9 is to the code it hits."""


class Mortal(optuna.storages.InMemoryStorage):
    """A storage whose user is killed when it wants to end a trial and `lives` is used up."""

    lives = math.inf

    def set_trial_state_values(self, *args: Any, **kwargs: Any) -> bool:
        if self.lives < 1:
            raise Killed
        self.lives -= 1
        return super().set_trial_state_values(*args, **kwargs)


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
@pytest.mark.parametrize("told_of_batch", [1, 3, 5])
def test_a_batch_that_was_half_told_is_judged_alike(told_of_batch: int, pruner: str) -> None:
    """Those that were told before the kill belong to the batch of those still open: the pruner must not see them."""
    batch = 6

    def go(storage: Mortal, search: Search) -> list[int | None]:
        """Report and tell one batch; where each of its trials was pruned."""
        whole = {trial.run_ids[0]: curve(trial.params) for trial in search.ask_batch()}
        search.report(whole)
        judged = [trial.pruned_at for trial in search.open]
        ended = {run_id: Outcome("complete", values[-1]) for run_id, values in whole.items()}
        assert search.tell_batch(ended)
        return judged

    undisturbed = make_search(reference := Mortal(), pruner=pruner, trials=5 * batch, batch=batch)
    expected = [go(reference, undisturbed) for _ in range(5)]
    assert sum(map(bool, itertools.chain(*expected[1:]))) >= 3

    storage = Mortal()
    found = []
    for _ in range(5):
        storage.lives = told_of_batch
        search = make_search(storage, pruner=pruner, trials=5 * batch, batch=batch)
        with pytest.raises(Killed):
            go(storage, search)
        storage.lives = math.inf
        search = make_search(storage, pruner=pruner, trials=5 * batch, batch=batch)
        assert [trial.number % batch for trial in search.open] == list(range(told_of_batch, batch))
        found.append(go(storage, search))
    assert found == [judged[told_of_batch:] for judged in expected]
    assert told(storage) == told(reference)


def told(storage: optuna.storages.BaseStorage) -> list[tuple[TrialState, float | None]]:
    study = optuna.load_study(study_name="tiny-AdamW-EH", storage=storage)
    return [(trial.state, trial.value) for trial in study.trials]


def test_what_optuna_is_told(tmp_path: Path) -> None:
    """The mean over seeds; the worst there is after a divergence; FAIL; PRUNED at the value it was pruned with."""
    search = make_search(storage_at(tmp_path), seeds=2, trials=4)
    trials = search.ask_batch()
    (a1, a2), (b1, b2), (c1, c2), (d1, d2) = (trial.run_ids for trial in trials)
    search.report({a1: [3.0, 1.0], a2: [5.0, 2.0], d1: [8.0], d2: [6.0]})
    trials[3].pruned_at = 1
    assert search.tell_batch(
        {
            a1: Outcome("complete", 1.0),
            a2: Outcome("complete", 2.0),
            b1: Outcome("complete", 1.0),
            b2: Outcome("diverged", math.inf),
            c1: Outcome("failed", None),
            c2: Outcome("diverged", math.inf),
            d1: Outcome("pruned", None),
            d2: Outcome("pruned", None),
        }
    )
    assert told(storage_at(tmp_path)) == [
        (TrialState.COMPLETE, 1.5),
        (TrialState.COMPLETE, math.inf),
        (TrialState.FAIL, None),
        (TrialState.PRUNED, 7.0),
    ]
    study = optuna.load_study(study_name="tiny-AdamW-EH", storage=storage_at(tmp_path))
    assert study.trials[0].intermediate_values == {1: 4.0, 2: 1.5}
    assert study.best_trial.number == 0
    best = search.best()
    assert best is not None
    assert best.number == 0


def test_a_search_without_a_finite_trial_has_no_best() -> None:
    search = make_search(optuna.storages.InMemoryStorage(), trials=2)
    ended = {trial.run_ids[0]: Outcome("diverged", math.inf) for trial in search.ask_batch()}
    assert search.tell_batch(ended)
    assert search.done
    assert search.best() is None


def test_the_first_of_equally_good_trials_is_the_best() -> None:
    search = make_search(optuna.storages.InMemoryStorage(), trials=4)
    ended = {trial.run_ids[0]: Outcome("complete", 1.0) for trial in search.ask_batch()}
    assert search.tell_batch(ended)
    best = search.best()
    assert best is not None
    assert best.number == 0


def test_studies_are_named_after_experiment_optimizer_and_code() -> None:
    storage = optuna.storages.InMemoryStorage()
    plan = plan_of(
        document(experiment__mode="optimize", methods__schedulers=["N", "WEH"], methods__lr_free=["Prodigy"])
    )
    for study in plan.studies:
        Search.resume(plan.spec, study, storage)
    names = {summary.study_name for summary in optuna.get_all_study_summaries(storage)}
    assert names == {"tiny-AdamW-N", "tiny-AdamW-WEH", "tiny-Prodigy-N"}
    assert all(summary.direction.name == "MINIMIZE" for summary in optuna.get_all_study_summaries(storage))


def test_more_trials_continue_a_study(tmp_path: Path) -> None:
    search = make_search(storage_at(tmp_path), trials=4)
    finish(search)
    first = drawn(search.study)
    longer = make_search(storage_at(tmp_path), trials=8)
    assert not longer.done
    finish(longer)
    assert longer.done
    assert drawn(longer.study)[:4] == first
    straight = make_search(optuna.storages.InMemoryStorage(), trials=8)
    finish(straight)
    finish(straight)
    assert drawn(longer.study) == drawn(straight.study)


def test_a_study_deleted_through_optuna_is_searched_alike_again(tmp_path: Path) -> None:
    search = make_search(storage_at(tmp_path))
    finish(search)
    before, runs = drawn(search.study), [trial.number for trial in search.told]
    optuna.delete_study(study_name="tiny-AdamW-EH", storage=storage_at(tmp_path))
    again = make_search(storage_at(tmp_path))
    ids = [trial.run_ids for trial in again.ask_batch()]
    assert [trial.params for trial in again.open] == before
    assert [trial.number for trial in again.open] == runs
    assert len(set(map(tuple, ids))) == 4


def test_trials_that_were_never_ours_to_train_are_told_as_failed(tmp_path: Path) -> None:
    """Enqueued in the dashboard, or left running by another program in a study of the same name."""
    study = optuna.create_study(study_name="tiny-AdamW-EH", storage=storage_at(tmp_path))
    study.enqueue_trial({"lr": 0.001})
    study.ask({"gamma": optuna.distributions.FloatDistribution(0.0, 1.0)})
    study.enqueue_trial({"lr": 0.002})
    search = make_search(storage_at(tmp_path), trials=6)
    assert [trial.number for trial in search.ask_batch()] == [2, 3]
    assert [state for state, _ in told(storage_at(tmp_path))][:2] == [TrialState.FAIL, TrialState.FAIL]


def test_a_batch_that_was_half_asked_is_completed_alike(tmp_path: Path) -> None:
    whole = make_search(optuna.storages.InMemoryStorage(), trials=12)
    finish(whole)
    expected = [trial.params for trial in whole.ask_batch()]

    search = make_search(storage_at(tmp_path), trials=12)
    finish(search)
    half: list[OpenTrial] = search.ask_batch()[:2]
    _forget(tmp_path, [trial.trial_id for trial in search.open[2:]])
    again = make_search(storage_at(tmp_path), trials=12)
    assert [trial.number for trial in again.open] == [trial.number for trial in half]
    assert [trial.params for trial in again.ask_batch()] == expected


def _forget(path: Path, trial_ids: list[int]) -> None:
    """The database as it was before these trials were asked."""
    import sqlite3

    with sqlite3.connect(path / "optuna.db") as connection:
        for trial_id in trial_ids:
            connection.execute("DELETE FROM trials WHERE trial_id = ?", (trial_id,))
            connection.execute("DELETE FROM trial_params WHERE trial_id = ?", (trial_id,))
    connection.close()

"""Trials as the search screen gets them, against a database whose runs are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from searched_experiment import (
    COSINE,
    DOCUMENT,
    EXP_HYPERBOLIC,
    NAME,
    ask,
    end,
    lr_at,
    make,
    one_of_each,
    open_at,
    power,
    train,
)  # fmt: skip

from core.storage.engine import Database, optuna_storage
from core.storage.experiments import get_experiment, update_spec
from core.storage.points import PointWriter
from hlr_tui.search_view.reading import SearchReader
from hlr_tui.search_view.rows import TrialRows, trial_heads
from hlr_tui.search_view.trials import Study, summary


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_at(tmp_path)
    yield database
    database.close()


def studies(db: Database) -> dict[str, Study]:
    found = SearchReader().read(db, get_experiment(db, NAME))
    return {study.name: study for study in found.studies}


def test_every_state_of_a_trial_is_told(db: Database) -> None:
    one_of_each(db)
    study = studies(db)[COSINE]
    states = [trial.state for trial in study.trials]
    assert states == ["complete", "pruned", "diverged", "failed", "complete", "running", "queued"]
    assert summary(study) == "7 of 8 trials: 2 complete, 1 pruned, 1 diverged, 1 failed, 1 running, 1 queued"
    assert [trial.value for trial in study.trials] == [0.5, None, None, None, pytest.approx(0.2), None, None]
    assert study.best is not None
    assert study.best.number == 4
    assert study.trials[1].latest == 1.0
    assert study.trials[2].latest is None
    assert study.trials[4].params["lr"] == pytest.approx(lr_at(1.0))
    assert study.space["lr"].span.log
    assert studies(db)[EXP_HYPERBOLIC].trials == (), "a planned study without trials is there"


def test_a_trial_in_training_carries_a_guess_of_its_end(db: Database) -> None:
    one_of_each(db)
    reader, experiment = SearchReader(), get_experiment(db, NAME)
    (first,) = [study for study in reader.read(db, experiment).studies if study.name == COSINE]
    guess = first.trials[5].guess
    assert guess is not None
    assert guess[1] <= 0.3 <= guess[2]
    assert guess[0] == pytest.approx(0.3, rel=0.05)
    assert all(trial.guess is None for trial in first.trials if trial.state != "running")
    train(db, [9.0, 8.0])  # the queued one begins: too few points for a guess
    (second,) = [study for study in reader.read(db, experiment).studies if study.name == COSINE]
    assert second.trials[6].state == "running"
    assert second.trials[6].guess is None
    assert second.trials[6].latest == 8.0


def test_the_guess_follows_the_curve(db: Database) -> None:
    experiment, plan = make(db)
    ask(db, experiment, plan, COSINE, 0, 0.5)
    run = train(db, power(0.3, 8))
    reader = SearchReader()
    before = reader.read(db, experiment).studies[0].trials[0].guess
    writer = PointWriter(db, run.id, run.attempt)
    for epoch in range(9, 19):
        writer.add("val_loss", epoch, 2.0)
    writer.flush(18)
    after = reader.read(db, experiment).studies[0].trials[0].guess
    assert before is not None
    assert after is not None
    assert before[0] < 0.4 < 1 < after[0]


def test_the_objective_of_a_trial_is_the_mean_over_its_seeds(db: Database) -> None:
    document = {**DOCUMENT, "optimize": {"trials": 8, "seeds": 2}}
    experiment, plan = make(db, document)
    ask(db, experiment, plan, COSINE, 0, 0.5)
    end(db, "complete", power(0.5, 20))
    assert studies(db)[COSINE].trials[0].state == "running", "one seed is still to be trained"
    end(db, "complete", power(0.1, 20))
    trial = studies(db)[COSINE].trials[0]
    assert trial.state == "complete"
    assert trial.value == pytest.approx(0.3)
    assert len(trial.run_ids) == 2


def test_trials_of_another_program_count_as_the_search_counts_them(db: Database) -> None:
    import optuna
    from optuna.distributions import FloatDistribution

    one_of_each(db)
    study = optuna.create_study(study_name=EXP_HYPERBOLIC, storage=optuna_storage(db), direction="minimize")
    spans = {name: each.span for name, each in studies(db)[EXP_HYPERBOLIC].space.items()}
    whole = {"upper_bound": 300}
    distributions = {
        name: optuna.distributions.IntDistribution(int(span.low), int(span.high), step=int(span.step or 1))
        if name in whole
        else FloatDistribution(span.low, span.high, log=span.log)
        for name, span in spans.items()
    }
    params = {name: whole.get(name, span.low) for name, span in spans.items()}
    study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=0.05))
    (trial,) = studies(db)[EXP_HYPERBOLIC].trials
    assert (trial.elsewhere, trial.value, trial.params["upper_bound"]) == (True, 0.05, 300)
    assert TrialRows().of(studies(db)[EXP_HYPERBOLIC])["0"][-1] == "trained elsewhere"


def test_a_spec_that_cannot_be_read_leaves_the_trials(db: Database) -> None:
    experiment, _ = one_of_each(db)
    spec = json.loads(experiment.spec) | {"task": {"file": "gone.py"}}
    update_spec(db, experiment.id, json.dumps(spec))
    found = SearchReader().read(db, get_experiment(db, NAME))
    assert "gone.py" in found.unread
    (study,) = found.studies
    assert len(study.trials) == 7
    assert study.wanted is None
    assert study.method == "AdamW + C"


def test_rows_carry_what_a_reader_needs(db: Database) -> None:
    one_of_each(db)
    study = studies(db)[COSINE]
    heads, rows = trial_heads(study), TrialRows().of(study)
    cell = {number: dict(zip(heads, row, strict=True)) for number, row in rows.items()}
    assert cell["4"]["state"] == "complete, best"
    assert cell["4"]["objective"] == "0.2"
    assert cell["4"]["lr"] == "0.05"
    assert cell["4"]["epochs"] == "20/20"
    assert cell["1"]["note"] == "last loss 1"
    assert cell["1"]["objective"] == "-"
    assert cell["3"]["note"].startswith("RuntimeError")
    assert "second" not in cell["3"]["note"]
    assert cell["5"]["note"].startswith("guess 0.3")
    assert list(TrialRows().of(study, "objective"))[:2] == ["4", "0"]

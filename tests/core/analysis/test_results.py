from __future__ import annotations

import contextlib
import copy
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from finished import DOCUMENT, End, create, plan_of, play, queue_compare, queue_search

from core.analysis.results import comparison, result_document
from core.storage import runs
from core.storage.engine import Database
from core.storage.experiments import experiment_by_id, get_experiment, set_state, update_spec
from core.storage.reader import points_of
from core.storage.runs import Run
from hlr_tui.output import print_json


def ordinary(run: Run) -> End:
    """A curve that depends on every thing by which runs differ."""
    base = 0.1 * (1 + len(run.scheduler)) + 0.01 * run.seed + 0.5 * (run.trial == 0)
    return "complete", [base + (1 if run.scheduler == "S" else 2) / epoch for epoch in range(1, run.budget + 1)]


def rows_of(document: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    return {(row["method"], row["budget"]): row for row in document["comparison"]}


def test_the_document_agrees_with_the_exported_points(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    play(db, ordinary)
    queue_compare(db, experiment, plan, 1, ["C", "S", "N"])
    play(db, ordinary)
    set_state(db, experiment.id, "complete")
    document = result_document(db, experiment_by_id(db, experiment.id))

    assert (document["experiment"], document["mode"], document["state"]) == ("exp", "all", "complete")
    assert {"complete", "failed", "diverged", "pruned"} <= document["runs"].keys()
    assert document["runs"]["complete"] == 3 * 2 + 3 * 2 * 3

    last: dict[str, tuple[int, float]] = {}
    for point in points_of(db, experiment.id):
        if point.metric == "val_loss" and point.step >= last.get(point.run_id, (0, 0.0))[0]:
            last[point.run_id] = point.step, point.value
    found = {run.id: run for run in runs.runs_of(db, experiment.id)}
    for row in document["comparison"]:
        own = [
            run
            for run in found.values()
            if (run.stage, run.optimizer, run.scheduler, run.budget)
            == ("compare", row["optimizer"], row["scheduler"], row["budget"])
        ]
        values = [last[run.id][1] for run in sorted(own, key=lambda run: run.seed)]
        assert len(values) == row["seeds"] == row["planned"] == 3
        assert row["values"] == pytest.approx(values)
        assert row["mean"] == pytest.approx(numpy.mean(values))
        assert row["std"] == pytest.approx(numpy.std(values, ddof=1))
        accuracies = [1 / (1 + value) for value in values]
        assert row["metrics"]["val_accuracy"]["mean"] == pytest.approx(numpy.mean(accuracies))
        assert (row["metric"], row["trial"], row["reason"]) == ("val_loss", 1, None)
    assert len(document["comparison"]) == 3 * 2
    means = [(row["budget"], row["mean"]) for row in document["comparison"]]
    assert means == sorted(means), "best first within a budget"

    spaces = {study.name: study.space for study in plan.studies}
    assert [study["name"] for study in document["studies"]] == sorted(spaces)
    for study in document["studies"]:
        trials = {
            run.trial: last[run.id][1] for run in found.values() if run.study == study["name"] and run.stage == "search"
        }
        best = min(trials, key=lambda number: trials[number])
        assert (study["trials"], study["best"]["trial"]) == (2, best)
        assert study["best"]["value"] == pytest.approx(trials[best])
        highest = {name: each.span.high for name, each in spaces[study["name"]].items()}
        assert study["best"]["params"] == pytest.approx(highest), "trial 1 has the highest values"


def test_keys_and_types_are_those_of_the_contract(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    queue_compare(db, experiment, plan, 1, ["C"])
    play(db, ordinary)
    document = result_document(db, experiment)
    study, row = document["studies"][0], document["comparison"][0]
    for where, key, kind in (
        *((document, key, str) for key in ("experiment", "mode", "state")),
        *((document["runs"], key, int) for key in ("complete", "failed", "diverged", "pruned")),
        *((study, key, str) for key in ("name", "optimizer", "scheduler")),
        (study, "trials", int),
        (study["best"], "trial", int),
        (study["best"], "value", float),
        (study["best"], "params", dict),
        *((row, key, str) for key in ("optimizer", "scheduler", "metric")),
        *((row, key, int) for key in ("budget", "seeds")),
        *((row, key, float) for key in ("mean", "std")),
        (row, "values", list),
    ):
        assert type(where[key]) is kind, key


def test_diverged_and_failed_runs_are_counted_and_spoil_nothing(db: Database) -> None:
    def end(run: Run) -> End:
        if (run.stage, run.scheduler) != ("compare", "C"):
            return ordinary(run)
        if run.budget == 4:
            return ("failed" if run.seed == 1 else "diverged"), [math.nan]
        return ("diverged", [1.0, math.inf]) if run.seed == 2 else ordinary(run)

    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    queue_compare(db, experiment, plan, 1, ["C", "S"])
    play(db, end)
    document = result_document(db, experiment)
    rows = rows_of(document)
    row = rows["AdamW + C", 2]
    kept = [
        ordinary(run)[1][-1]
        for run in runs.runs_of(db, experiment.id, stage="compare")
        if run.scheduler == "C" and run.budget == 2 and run.seed != 2
    ]
    assert (row["seeds"], row["planned"], row["diverged"], row["failed"]) == (2, 3, 1, 0)
    assert row["mean"] == pytest.approx(numpy.mean(kept))
    assert row["std"] == pytest.approx(numpy.std(kept, ddof=1))
    assert row["reason"] is None
    row = rows["AdamW + C", 4]
    assert (row["seeds"], row["mean"], row["std"], row["values"]) == (0, None, None, [])
    assert row["reason"] == "no run came to its end: 2 runs diverged, 1 failed"
    assert document["comparison"][-1] == row, "who has no mean comes last"
    (failure,) = document["failures"]
    assert (failure["study"], failure["seed"], failure["log"]) == ("exp-AdamW-C", 1, "w.log")


def test_a_method_whose_whole_search_diverged_is_listed_as_lost(db: Database) -> None:
    def end(run: Run) -> End:
        return ("diverged", [math.nan]) if run.scheduler == "S" else ordinary(run)

    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_search(db, experiment, plan)
    play(db, end, most=4)
    assert not comparison(runs.runs_of(db, experiment.id))
    while_searching = [row["method"] for row in result_document(db, experiment)["comparison"]]
    play(db, end)
    queue_compare(db, experiment, plan, 1, ["C", "N"])
    play(db, end)
    document = result_document(db, experiment)
    rows = rows_of(document)
    assert {budget for method, budget in rows if method == "AdamW + S"} == {2, 4}
    row = rows["AdamW + S", 4]
    assert (row["seeds"], row["planned"], row["mean"], row["values"]) == (0, 0, None, [])
    assert row["reason"] == "no trial of its search came to an end: 2 runs diverged"
    assert [study["best"] for study in document["studies"] if study["scheduler"] == "S"] == [None]
    assert len(rows) == 6
    assert while_searching == [], "nobody has lost before the search is over"


def test_nobody_has_lost_while_trials_are_still_to_be_asked(db: Database) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["optimize"]["trials"] = 3
    experiment, plan = create(db, document), plan_of(document)
    queue_search(db, experiment, plan)
    play(db, lambda run: ("diverged", [math.nan]))
    assert result_document(db, experiment)["comparison"] == []


def test_the_runs_of_a_former_best_trial_are_left_out(db: Database) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["optimize"]["trials"] = 1
    experiment, plan = create(db, document), plan_of(document)
    queue_search(db, experiment, plan, [0])
    queue_compare(db, experiment, plan, 0, ["C"])
    play(db, ordinary)
    assert rows_of(result_document(db, experiment))["AdamW + C", 2]["trial"] == 0
    queue_search(db, experiment, plan, [1])
    queue_compare(db, experiment, plan, 1, ["C"])
    play(db, ordinary)
    row = rows_of(result_document(db, experiment))["AdamW + C", 2]
    assert (row["trial"], row["seeds"], row["planned"]) == (1, 3, 3)
    better = [
        run.value for run in runs.runs_of(db, experiment.id, stage="compare") if (run.trial, run.budget) == (1, 2)
    ]
    assert row["values"] == better


def test_a_single_seed_has_no_deviation(db: Database) -> None:
    document = copy.deepcopy(DOCUMENT) | {"compare": {"budgets": [2], "seeds": 1}}
    experiment, plan = create(db, document), plan_of(document)
    queue_compare(db, experiment, plan, 1, ["C"])
    play(db, ordinary)
    (row,) = result_document(db, experiment)["comparison"]
    assert (row["seeds"], row["std"]) == (1, None)
    assert row["mean"] == row["values"][0]


def test_metrics_beyond_numbers_are_strings_in_json(db: Database) -> None:
    experiment, plan = create(db), plan_of(DOCUMENT)
    queue_compare(db, experiment, plan, 1, ["C"])
    while (run := runs.claim(db, "w", "cpu")) is not None:
        odd = {1: math.inf, 2: 1.0, 3: math.nan}[run.seed]
        runs.finish(db, run.id, run.attempt, "complete", 0.5, {"val_loss": 0.5, "val_odd": odd, "val_big": math.inf})
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_json(result_document(db, experiment))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    (row, _) = json.loads(out.getvalue(), parse_constant=refuse)["comparison"]
    assert row["metrics"] == {"val_odd": {"mean": "nan", "std": "nan"}, "val_big": {"mean": "inf", "std": "nan"}}
    assert (row["mean"], row["std"]) == (0.5, 0.0)


def test_results_outlive_the_file_of_the_task(db: Database, tmp_path: Path) -> None:
    plan = plan_of(DOCUMENT)
    experiment = create(db)
    queue_search(db, experiment, plan)
    play(db, lambda run: ("complete", [run.config["lr"]]))
    queue_compare(db, experiment, plan, 0, ["C", "S", "N"])
    play(db, lambda run: ("complete", [0.1 * run.seed]))
    whole = result_document(db, experiment)
    gone = DOCUMENT | {"task": {"file": str(tmp_path / "gone.py")}}
    update_spec(db, experiment.id, json.dumps(gone))
    left = result_document(db, get_experiment(db, experiment.name))
    assert 'gone.py": there is no such file' in left["unread"]
    assert left["comparison"] == whole["comparison"]
    assert [(study["name"], study["trials"], study["best"]["value"]) for study in left["studies"]] == [
        (study["name"], study["trials"], study["best"]["value"]) for study in whole["studies"]
    ]

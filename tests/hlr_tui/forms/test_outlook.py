"""How long an experiment will take, and where that is known from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.analysis.pace import Pace, paces
from core.execution.queue import enqueue
from core.plan import make_plan
from core.spec.reader import build_spec
from core.storage.engine import Database, open_database
from core.storage.experiments import create_experiment
from core.storage.points import PointWriter
from core.storage.runs import claim
from core.storage.tables import run as runs
from hlr_tui.forms.check import Checked, Tried
from hlr_tui.forms.outlook import UNKNOWN, Outlook, about, outlook, stages, table, works_of

DOCUMENT: dict[str, Any] = {
    "experiment": {"name": "earlier", "mode": "compare"},
    "task": {"name": "digits"},
    "training": {"epochs": 10, "device": "cpu", "seeds": [1]},
    "methods": {"optimizers": ["AdamW", "SGD"], "schedulers": ["C"]},
    "execution": {"workers": 2},
}


def changed(**sections: Any) -> dict[str, Any]:
    return {key: {**DOCUMENT.get(key, {}), **sections.get(key, {})} for key in {**DOCUMENT, **sections}}


def seen(document: dict[str, Any], *known: Any) -> Outlook:
    return outlook(build_spec(document, "spec"), known, 0)


def train(db: Database, document: dict[str, Any], seconds: dict[str, float], attempts: int = 1) -> None:
    """Let every run of an experiment have taken some seconds, by optimizer."""
    name = document["experiment"]["name"]
    experiment = create_experiment(db, name, "compare", "{}", workspace="w", workers_wanted=1)
    enqueue(db, experiment.id, make_plan(build_spec(document, "spec")).fixed_runs)
    while (run := claim(db, "worker", "cpu", experiment.id)) is not None:
        writer = PointWriter(db, run.id, run.attempt)
        writer.finish("complete", 1.0, {}, None, epoch=run.budget)
        times = {"started_at": 1000.0, "finished_at": 1000.0 + seconds[run.optimizer], "attempt": attempts}
        with db.write() as connection:
            connection.execute(sa.update(runs).where(runs.c.id == run.id).values(times))


@pytest.fixture
def db(tmp_path: Path) -> Any:
    database = open_database(str(tmp_path / "hlr.db"))
    yield database
    database.close()


def test_earlier_runs_of_the_same_work_tell_the_time(db: Database) -> None:
    train(db, DOCUMENT, {"AdamW": 20.0, "SGD": 10.0})  # of ten epochs each
    known = paces(db)
    found = seen(changed(compare={"budgets": [50, 100], "seeds": 4}), known)
    # Two methods of 1.5 s per epoch on the average, four seeds, 150 epochs, two workers.
    assert found.seconds == pytest.approx(2 * 4 * 150 * 1.5 / 2)
    assert found.time_text() == "≈ 15 min with 2 workers, from 2 earlier runs"
    one = seen(changed(methods={"optimizers": ["SGD"]}), known)
    assert one.time_text() == "≈ 10 s with 2 workers, from 1 earlier run"  # one run alone keeps one worker busy
    assert seen(changed(methods={"optimizers": ["Adam"]}), known).seconds == pytest.approx(15)  # as the others


@pytest.mark.parametrize(
    "other",
    [
        changed(task={"label_smoothing": 0.1}),
        changed(model={"hidden_size": 64}),
        changed(training={"batch_size": 32}),
        changed(training={"threads": 2}),
        changed(training={"device": "cuda"}),
    ],
)
def test_earlier_runs_of_other_work_do_not(db: Database, other: dict[str, Any]) -> None:
    train(db, DOCUMENT, {"AdamW": 20.0, "SGD": 10.0})
    found = seen(other, paces(db))
    assert found.seconds is None
    assert found.time_text() == UNKNOWN


def test_interrupted_runs_do_not_count(db: Database) -> None:
    train(db, DOCUMENT, {"AdamW": 1.0, "SGD": 1.0}, attempts=2)  # time since the last claim, epochs since the first
    assert paces(db) == {}


def test_a_check_tells_the_time_where_nothing_was_trained() -> None:
    spec = build_spec(DOCUMENT, "spec")
    work, methods = works_of(spec, 0)[0], [method.label for method in spec.methods]
    tried = [
        Tried(
            method=label,
            optimizer=label.split()[0],
            error="",
            epoch_seconds=2.0,
            memory=300 << 20,
            device="cpu",
            parameters=1234,
        )
        for label in methods
    ]
    checked = Checked(tried=tuple(tried), work=work)
    assert seen(DOCUMENT, {}, checked.paces()).time_text() == "≈ 20 s with 2 workers, from a step of each method"
    earlier = {work: {"AdamW": Pace(60.0, 10, 3)}}  # what was trained knows better
    assert seen(DOCUMENT, earlier, checked.paces()).time_text() == ("≈ 60 s with 2 workers, from 3 earlier runs")
    assert checked.lines() == ["every method works on cpu · 2 s per epoch · 1,234 parameters · up to 300 MiB"]
    assert checked.covers(spec, [work])
    assert not checked.covers(build_spec(changed(methods={"schedulers": ["C", "EH"]}), "spec"), [work])


def test_a_check_names_what_cannot_be_trained() -> None:
    facts: dict[str, Any] = {"optimizer": "AdamW", "epoch_seconds": None, "memory": 2 << 30, "device": "cpu"}
    works = Tried(method="AdamW + C", error="", parameters=7, **facts)
    broken = [Tried(method=f"AdamW + {code}", error="it broke", parameters=0, **facts) for code in ("EH", "H")]
    assert Checked(tried=(works, *broken), work=None).lines() == [
        "1 of 3 methods work on cpu · 7 parameters · up to 2.0 GiB",
        "✗ AdamW + EH, AdamW + H: it broke",
    ]
    assert Checked(tried=tuple(broken), work=None).lines() == ["✗ no method works: it broke"]


def test_stages_are_those_of_the_plan() -> None:
    for mode in ("run", "compare", "optimize", "optimize-compare", "all"):
        spec = build_spec(changed(experiment={"mode": mode}, optimize={"trials": 3, "seeds": 2}), "spec")
        totals = make_plan(spec).totals()
        rows = stages(spec)
        assert sum(row.runs for row in rows) == totals["search_runs"] + totals["compare_runs"], mode
        assert sum(row.epochs for row in rows) == totals["epochs"], mode
        assert sum(row.trials for row in rows) == totals["trials"], mode


def test_the_table_says_only_what_there_is() -> None:
    spec = changed(experiment={"mode": "all"}, optimize={"trials": 3}, compare={"budgets": [20, 1000], "seeds": 1})
    assert table(seen(spec)) == [
        ["stage", "budget", "trials", "runs", "epochs"],
        ["search", "10", "6", "6", "60"],
        ["compare", "20", "", "2", "40"],
        ["compare", "1,000", "", "2", "2,000"],
        ["together", "", "6", "10", "2,100"],
    ]
    assert table(seen(DOCUMENT)) == [["stage", "budget", "runs", "epochs"], ["compare", "10", "2", "20"]]


def test_times_are_said_as_one_says_them() -> None:
    said = {0.2: "1 s", 44: "44 s", 700: "12 min", 12_100: "3 h 20 min", 7_200: "2 h", 190_000: "2 d 5 h"}
    assert {seconds: about(seconds) for seconds in said} == said

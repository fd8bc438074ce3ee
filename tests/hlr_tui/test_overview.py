from __future__ import annotations

from pathlib import Path

import pytest
from searched_experiment import COSINE, EXP_HYPERBOLIC, ask, compare, end, make, open_at

from core.plan import make_plan
from core.spec.file import load_spec
from core.storage.experiments import set_state
from core.storage.runs import runs_of
from hlr_tui.desk import Desk
from hlr_tui.overview import Overview, age_text, free_name
from hlr_tui.quickstart import TEXT
from hlr_tui.settings import Settings


def desk(workspace: Path) -> Desk:
    return Desk(
        Settings(workspace=workspace, storage=f"sqlite:///{workspace}/hlr.db", data_dir=workspace / "data", plugins=())
    )


def test_without_a_database_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    assert Overview(desk(tmp_path)).look() == []
    assert list(tmp_path.iterdir()) == []


def test_best_methods_first_by_search_then_by_comparison(tmp_path: Path) -> None:
    db = open_at(tmp_path)
    experiment, plan = make(db)
    overview = Overview(desk(tmp_path))
    (entry,) = overview.look()
    assert (entry.name, entry.state, entry.ended_runs, entry.planned_runs) == ("tuned", "abandoned", 0, 28)
    assert entry.ranking is not None
    assert entry.ranking.places == ()

    ask(db, experiment, plan, COSINE, 0, 0.5)
    end(db, "complete", [0.3])
    ask(db, experiment, plan, EXP_HYPERBOLIC, 0, 0.5)
    end(db, "complete", [0.2])
    set_state(db, experiment.id, "stopped")
    (entry,) = overview.look()
    assert entry.ranking is not None
    assert [(place.method, place.value) for place in entry.ranking.places] == [("AdamW + EH", 0.2), ("AdamW + C", 0.3)]
    assert entry.ranking.basis == "val_loss of the best trial"

    set_state(db, experiment.id, "running")
    compare(db, experiment, plan)
    while queued := runs_of(db, experiment.id, states=["queued"]):
        end(db, "complete", [0.1 * queued[0].seed if queued[0].scheduler == "C" else 0.5])
    set_state(db, experiment.id, "complete")
    (entry,) = overview.look()
    assert entry.ranking is not None
    first, second = entry.ranking.places
    assert (first.method, second.method) == ("AdamW + C", "AdamW + EH")
    assert first.value == pytest.approx(0.2)  # seeds 1, 2, 3
    assert first.std == pytest.approx(0.1)
    assert (second.value, second.std) == (0.5, 0.0)
    assert entry.ranking.basis == "val_loss at 40 epochs, mean ± std over seeds"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59, "now"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (172799, "47 h"), (172800, "2 d")],
)
def test_age(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [("osc", {"osc"}, "osc-2"), ("osc-2", {"osc-2", "osc-3"}, "osc-4"), ("osc-lstm", {"osc-lstm"}, "osc-lstm-2")],
)
def test_a_name_that_is_free(name: str, taken: set[str], free: str) -> None:
    assert free_name(name, taken) == free


def test_the_quickstart_is_the_example_of_the_readme(tmp_path: Path) -> None:
    path = tmp_path / "quickstart.toml"
    path.write_text(TEXT)
    example = Path(__file__).parents[2] / "examples" / "quickstart.toml"
    assert make_plan(load_spec(path)).totals() == make_plan(load_spec(example)).totals()
    assert example.read_text() == TEXT

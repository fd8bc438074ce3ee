"""Rankings out of result documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hlr_tui.results_view.budget_series import budget_curves, side_by_side
from hlr_tui.results_view.commands import default_path, forbids, replaces, show_command
from hlr_tui.results_view.ranking import Ranking, metrics_of, ranking
from hlr_tui.results_view.rows import failure_rows, failure_text, ranking_heads, ranking_rows
from hlr_tui.settings import Settings


def row(method: str, budget: int, mean: float | None, std: float | None, **others: Any) -> dict[str, Any]:
    accuracy = {"mean": None if mean is None else 1 - mean, "std": std}
    return {
        "method": method, "optimizer": "AdamW", "scheduler": method, "budget": budget, "metric": "val_loss",
        "mean": mean, "std": std, "seeds": 0 if mean is None else 5, "planned": 5, "diverged": 0, "failed": 0,
        "reason": None, "metrics": {} if mean is None else {"val_accuracy": accuracy},
    } | others  # fmt: skip


def document(*rows: dict[str, Any], mode: str = "compare") -> dict[str, Any]:
    return {"mode": mode, "comparison": list(rows), "failures": [], "studies": []}


ROWS = (
    row("near", 50, 0.22, 0.02), row("far", 50, 0.5, 0.1), row("first", 50, 0.2, 0.01), row("gone", 50, None, None),
    row("near", 100, 0.1, 0.02), row("far", 100, 0.05, 0.01), row("first", 100, 0.2, 0.02),
)  # fmt: skip


def found(metric: str = "val_loss") -> Ranking:
    return ranking(document(*ROWS), metric)


def test_each_budget_has_a_ranking_of_its_own() -> None:
    assert found().ranks(50) == {"first": 1, "near": 2, "far": 3}
    assert found().ranks(100) == {"far": 1, "near": 2, "first": 3}
    assert found().methods == ["far", "near", "first", "gone"], "by the largest budget"


def test_who_overlaps_the_best_is_level_with_it() -> None:
    verdicts = {method: found().verdict(50, method) for method in found().methods}
    assert verdicts == {"first": "best", "near": "level", "far": "", "gone": ""}
    # 0.05 ± 0.01 ends at 0.06, 0.1 ± 0.02 begins at 0.08
    assert found().verdict(100, "near") == ""


def test_the_methods_of_a_single_budget_stand_side_by_side() -> None:
    curves = side_by_side(ranking(document(row("b", 50, 0.3, 0.1), row("a", 50, 0.2, 0.1)), "val_loss"))
    assert [(curve.method, curve.xs, curve.ys) for curve in curves] == [("a", (0,), (0.2,)), ("b", (1,), (0.3,))]
    assert all(curve.low is not None for curve in curves)


def test_one_seed_tells_no_interval() -> None:
    alone = ranking(document(row("a", 50, 0.2, None), row("b", 50, 0.2001, None)), "val_loss")
    assert [alone.verdict(50, method) for method in "ab"] == ["best", ""]


def test_accuracy_ranks_the_highest_first() -> None:
    assert metrics_of(document(*ROWS)) == ["val_loss", "val_accuracy"]
    assert found("val_accuracy").ranks(50) == {"first": 1, "near": 2, "far": 3}
    assert ranking_rows(found("val_accuracy"), "50")["first"][5:] == ["80.0 ± 2.0 %", "80.0 ± 1.0 %"]


def test_bounds_of_imported_curves_are_intervals_and_no_metrics() -> None:
    def bounds(low: float, high: float) -> dict[str, Any]:
        ends = (("val_loss_min", low), ("val_loss_max", high))
        return {"metrics": {name: {"mean": value, "std": None} for name, value in ends}, "seeds": 1}

    rows = (row("a", 50, 0.2, None, **bounds(0.1, 0.3)), row("b", 50, 0.35, None, **bounds(0.25, 0.4)))
    imported = document(*rows, mode="import")
    assert metrics_of(imported) == ["val_loss"]
    ranks = ranking(imported, "val_loss")
    assert ranks.verdict(50, "b") == "level"
    assert ranks.standings[50]["b"].number == 0
    assert ranking_rows(ranks, "50")["b"][4:6] == ["?", "0.35 (0.25 … 0.4)"]


def test_the_table_is_sorted_by_what_is_asked() -> None:
    heads = ranking_heads(found(), "50")
    assert heads == ["", "#", "method", "verdict", "n", "100 epochs", "50 epochs ↑"]
    assert list(ranking_rows(found(), "50")) == ["first", "near", "far", "gone"]
    assert list(ranking_rows(found(), "100")) == ["far", "near", "first", "gone"]
    assert list(ranking_rows(found(), "method")) == ["far", "first", "gone", "near"]
    assert ranking_rows(found(), "50")["near"][1:] == ["2", "near", "level", "5", "0.100 ± 0.020", "0.220 ± 0.020"]


def test_a_narrow_table_keeps_the_spread_of_the_budget_that_is_sorted_by() -> None:
    assert ranking_rows(found(), "50", narrow=True)["near"][5:] == ["0.1", "0.220 ± 0.020"]


def test_lost_runs_are_counted_where_there_are_any() -> None:
    lost = ranking(document(row("a", 50, 0.2, 0.01, diverged=1, failed=1), row("b", 50, 0.3, 0.01)), "val_loss")
    assert ranking_heads(lost, "50")[-1] == "lost"
    assert [ranking_rows(lost, "50")[method][-1] for method in "ab"] == ["2 of 5", ""]


def test_the_chart_shows_the_best_and_the_chosen_with_their_intervals() -> None:
    curves = {curve.method: curve for curve in budget_curves(found(), "first", most=2)}
    assert list(curves) == ["far", "first"]
    assert curves["first"].xs == (50, 100)
    assert curves["first"].ys == (0.2, 0.2)
    assert curves["first"].low == pytest.approx((0.19, 0.18))
    assert curves["first"].high == pytest.approx((0.21, 0.22))
    third = {curve.method: curve for curve in budget_curves(found(), "first")}["near"]
    assert third.low is None, "bands of others would cover these"


def test_failures_say_what_went_wrong_and_where_the_log_is() -> None:
    run = {"run": "r1", "study": "s", "seed": 7, "error": "ValueError: no\nTraceback", "log": "/logs/w.log"}
    lost = document(row("gone", 50, None, None, reason="no run came to its end: 5 runs diverged"))
    lost["failures"] = [run]
    assert failure_rows(lost)["run r1"] == ["s", "7", "ValueError: no\nTraceback"]
    assert failure_rows(lost)["row gone at 50 epochs"][-1] == "no run came to its end: 5 runs diverged"
    text = failure_text(lost, "run r1")
    assert "seed 7" in text
    assert "Traceback" in text
    assert "log: /logs/w.log" in text


def test_the_command_names_the_places_that_are_no_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def command(workspace: Path, storage: str = "") -> str:
        url = storage or f"sqlite:///{workspace}/hlr.db"
        return show_command(Settings(workspace=workspace, storage=url, data_dir=tmp_path, plugins=()), "exp")

    assert command(tmp_path / "hlr").endswith("show exp")
    assert f"show exp --workspace '{tmp_path}/other place'" in command(tmp_path / "other place")
    assert command(tmp_path / "hlr", "postgresql://h/db").endswith("--storage postgresql://h/db")
    assert "secret" not in command(tmp_path / "hlr", "postgresql://me:secret@h/db")


def test_paths_of_exports(tmp_path: Path) -> None:
    assert default_path("exp", "csv") == "exp.csv"
    assert default_path("exp", "latex") == "exp.tex"
    assert default_path("exp", "results-json") == "results_exp.json"
    there = tmp_path / "exp.csv"
    assert replaces(str(there), "csv") == ""
    there.touch()
    assert "replaced" in replaces(str(there), "csv")
    assert forbids(str(there), "seed-csv") == "that is a file"
    assert forbids(str(tmp_path), "csv") == "that is a folder"

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from hlr_tui.tables import best_trials, duration_text, percent_text, printable, ranking, spread_text, unranked


def row(method: str, budget: int, mean: float | None, std: float | None = None, **changes: Any) -> dict[str, Any]:
    accuracy = {"mean": None if mean is None else 1 - mean, "std": std}
    ordinary = {
        "method": method,
        "scheduler": method[-1],
        "budget": budget,
        "seeds": 0 if mean is None else 3,
        "metric": "val_loss",
        "mean": mean,
        "std": std,
        "planned": 3,
        "diverged": 0,
        "failed": 0,
        "reason": None,
        "metrics": {} if mean is None else {"val_accuracy": accuracy},
    }
    return ordinary | changes


def drawn(table: object, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_methods_are_ranked_by_their_mean_at_the_largest_budget() -> None:
    rows = [
        row("AdamW + C", 5, 0.1, 0.01),
        row("AdamW + S", 5, 0.2, 0.02),
        row("AdamW + S", 20, 0.05, 0.004),
        row("AdamW + C", 20, 0.0812, 0.0041, diverged=1, seeds=2),
        row("Prodigy", 20, None, diverged=2, failed=1, reason="no run came to its end: 2 runs diverged, 1 failed"),
    ]
    assert drawn(ranking({"comparison": rows})) == (
        """\
val_loss after the last epoch: mean ± std over 3 seeds, ranked at 20 epochs

#  method          5 epochs              20 epochs  val accuracy    lost
────────────────────────────────────────────────────────────────────────
1  AdamW + S  0.200 ± 0.020        0.0500 ± 0.0040  95.0 ± 0.4 %
2  AdamW + C  0.100 ± 0.010  0.0812 ± 0.0041 (n=2)  91.9 ± 0.4 %  1 of 6
-  Prodigy                -                      -             -  3 of 3"""
    )


def test_four_budgets_fit_into_80_columns() -> None:
    budgets = (50, 100, 150, 200)
    rows = [
        row(method, budget, 1.234e-7 * budget, 1.2e-9, failed=1)
        for budget in budgets
        for method in ("AdamW + WEH", "DAdapt")
    ]
    text = drawn(ranking({"comparison": rows}))
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "…" not in text
    for number in ("6.17e-06", "2.47e-05", "1.2e-09", "4 of 12"):
        assert number in text


def test_the_best_trial_of_each_search() -> None:
    studies = [
        {"name": "exp-AdamW-S", "trials": 8, "best": None},
        {"name": "exp-Prodigy-N", "trials": 8, "best": {"value": 0.21, "params": {"d_coef": 1.5}}},
        {
            "name": "exp-AdamW-EH",
            "trials": 12,
            "best": {"value": 0.123456, "params": {"lr": 0.00412345, "upper_bound": 300, "decouple": True}},
        },
    ]
    assert drawn(best_trials({"studies": studies})) == (
        """\
best trial of each search

study          trials  objective  parameters
────────────────────────────────────────────────────────────────────────────
exp-AdamW-EH       12      0.123  lr 0.00412, upper_bound 300, decouple true
exp-Prodigy-N       8       0.21  d_coef 1.5
exp-AdamW-S         8          -  no trial has a finite objective yet"""
    )
    assert best_trials({"studies": []}) is None
    assert ranking({"comparison": []}) is None


def test_names_cannot_drive_the_terminal_nor_the_markup() -> None:
    name = "x\x1b]0;owned\x07\x1b[31m[bold]y\u202e"
    studies = [{"name": name, "trials": 1, "best": {"value": 0.1, "params": {name: 1}}}]
    rows = [row(name, 5, 0.1, reason=name)]
    for table in (best_trials({"studies": studies}), ranking({"comparison": rows})):
        text = drawn(table, 200)
        assert text.replace("\n", "").isprintable()
        assert "[bold]y" in text
    assert printable("a\x1b[31m\nb\u202e ö ± \ud800") == "a\\x1b[31m\nb\\u202e ö ± \\ud800"


def test_methods_without_a_mean_say_why() -> None:
    reason = "no trial of its search came to an end: 8 runs diverged"
    rows = [row("SGD + C", 5, None, reason=reason), row("Adam + C", 5, 0.1), row("SGD + C", 20, None, reason=reason)]
    assert unranked({"comparison": rows}) == [f"SGD + C at 5, 20 epochs: {reason}"]


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (None, None, "-"),
        (0.08123, None, "0.0812"),
        (0.08, 0.004, "0.0800 ± 0.0040"),
        (123.4, 12.0, "123 ± 12"),
        (1.4e-7, 3e-8, "1.40e-07 ± 3.0e-08"),
        (float("nan"), float("nan"), "nan ± nan"),
    ],
)
def test_mean_and_deviation(mean: float | None, std: float | None, text: str) -> None:
    assert spread_text(mean, std) == text


def test_shares_and_durations() -> None:
    assert (percent_text(0.9712, 0.0034), percent_text(0.5, None), percent_text(None, None)) == (
        "97.1 ± 0.3 %",
        "50.0 %",
        "-",
    )
    assert [duration_text(seconds) for seconds in (None, 0.0, 59.6, 61, 3600 + 62)] == [
        "?",
        "0:00",
        "1:00",
        "1:01",
        "1:01:02",
    ]

from __future__ import annotations

import copy

from result_example import DOCUMENT

from hlr_tui.exports.rounding import Rounded
from hlr_tui.exports.sheets import headline, notes, sheets


def test_a_ranking_for_each_budget_and_the_best_trials() -> None:
    low, high, best = sheets(DOCUMENT)
    assert [name for name, _ in low.heads] == ["#", "method", "val_loss", "n", "val accuracy (%)", "lost"]
    assert low.rows == [
        ["1", "AdamW + EH", Rounded("0.0812", "0.0041"), "2", Rounded("91.23", "0.45"), "0 of 3"],
        ["2", "Prodigy", Rounded("0.100", None), "1", None, "2 of 3"],
    ]
    assert [row[:4] for row in high.rows] == [
        ["1", "AdamW + EH", Rounded("1.50", "0.10", -7), "3"],
        ["2", "My_Own & <Co>| + 100%_x", Rounded("inf", "nan"), "2"],
        [None, "AdamW + C", None, "0"],
    ]
    assert best.rows == [
        ["osc_1.x-AdamW-EH", "25", "7", Rounded("1.23", None, -7), "lr = 0.004, infimum_lr = 1e-6, upper_bound = 300"],
        ["osc_1.x-AdamW-C", "2", None, None, "no trial has a finite objective"],
    ]
    for sheet in (low, high, best):
        assert {len(row) for row in sheet.rows} == {len(sheet.heads)}


def test_columns_without_anything_in_them_are_left_out() -> None:
    document = copy.deepcopy(DOCUMENT) | {"studies": []}
    document["comparison"] = [row for row in document["comparison"] if not row["diverged"] and not row["metrics"]]
    (only,) = sheets(document)
    assert [name for name, _ in only.heads] == ["#", "method", "val_loss", "n"]
    assert sheets(document | {"comparison": []}) == []


def test_the_headline_and_the_reasons() -> None:
    assert headline(DOCUMENT) == "osc_1.x: all, complete; runs: 11 complete, 1 failed, 3 diverged"
    assert notes(DOCUMENT) == ["AdamW + C at 200 epochs: no run came to its end: 3 runs diverged"]

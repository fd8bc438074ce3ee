"""Which runs make a line, and which stage and budget the monitor shows by itself."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hlr_tui.monitor.lines import (
    Slice,
    method_lines,
    method_numbers,
    natural_slice,
    renumber,
    run_lines,
    slices,
)
from hlr_tui.monitor.roster import RunRow

ROW = RunRow(
    id="r", stage="compare", optimizer="AdamW", scheduler="C", trial=None, seed=1, budget=50, position=0,
    state="queued", attempt=1, worker_id=None, device=None, epoch=0, value=None, created_at=0.0, started_at=None,
    finished_at=None,
)  # fmt: skip


def row(id: str, **changes: Any) -> RunRow:
    return replace(ROW, id=id, **changes)


def label(optimizer: str, scheduler: str) -> str:
    return f"{optimizer} + {scheduler}"


def test_what_trains_is_shown_at_its_largest_budget() -> None:
    search = row("a", stage="search", budget=50, state="complete")
    small = row("b", budget=50, state="running")
    large = row("c", budget=200, state="running")
    waiting = row("d", budget=400)
    assert natural_slice([search, small, large, waiting]) == Slice("compare", 200)
    assert natural_slice([search, waiting]) == Slice("search", 50)  # nothing trains: what has begun
    assert natural_slice([waiting]) == Slice("compare", 400)
    assert natural_slice([]) is None
    assert slices([large, search, small]) == [Slice("search", 50), Slice("compare", 50), Slice("compare", 200)]


def test_seeds_of_a_method_are_one_line_with_the_state_of_what_goes_on() -> None:
    rows = [
        row("c2", seed=2, state="running", epoch=30, started_at=100.0, position=3),
        row("c1", seed=1, state="diverged", epoch=12, position=1),
        row("e1", scheduler="EH", state="complete", epoch=50, position=2),
        row("e2", scheduler="EH", state="failed", epoch=3, position=4),
    ]
    random.Random(1).shuffle(rows)
    cosine, hyperbolic = method_lines(rows, method_numbers(rows), label)
    assert [run.id for run in cosine.runs] == ["c1", "c2"]
    assert (cosine.state, cosine.epoch, cosine.ended, cosine.lost) == ("running", 30, 1, 1)
    assert cosine.seconds_left(now=160.0) == 40.0  # 20 epochs at 2 s
    assert (hyperbolic.state, hyperbolic.ended, hyperbolic.seconds_left(160.0)) == ("failed", 2, None)
    assert (cosine.letter, hyperbolic.letter) == ("A", "B")


def test_a_method_keeps_its_letter_in_every_stage() -> None:
    rows = [
        row("a", stage="search", scheduler="C", position=0),
        row("b", stage="search", scheduler="EH", position=1),
        row("c", scheduler="EH", position=10),
    ]
    numbers = method_numbers(rows)
    assert method_lines(rows[2:], numbers, label)[0].letter == "B"


def test_in_a_search_one_trial_stands_for_its_method() -> None:
    trials = [
        row("t0", stage="search", trial=0, state="complete", value=0.5),
        row("t1", stage="search", trial=1, state="complete", value=0.2),
        row("t2", stage="search", trial=2, state="running", epoch=1),
        row("t3", stage="search", trial=3),
    ]

    def shown(rows: list[RunRow]) -> int | None:
        (line,) = method_lines(rows, method_numbers(rows), label)
        return line.trial

    assert shown(trials) == 2  # in training
    assert shown([trials[0], trials[1], trials[3]]) == 1  # the best
    assert shown([trials[3]]) == 3


def test_runs_come_in_the_order_in_which_one_looks_for_them() -> None:
    rows = [
        row("waits", position=0),
        row("old", state="complete", finished_at=10.0, position=1),
        row("new", state="failed", finished_at=20.0, position=2),
        row("trains", state="running", position=3),
    ]
    assert [line.key for line in run_lines(rows, {}, label)] == ["trains", "new", "old", "waits"]


def test_the_filter_finds_every_word_in_what_the_row_says() -> None:
    (line,) = run_lines([row("x", state="running", seed=7, worker_id="w-3", device="cuda:1")], {}, label)
    for text in ("", "adamw", "RUNNING", "seed 7", "s7", "cuda:1 w-3"):
        assert line.holds(text), text
    for text in ("EH", "s8", "adamw failed"):
        assert not line.holds(text), text


def test_curves_that_stay_keep_their_colour() -> None:
    first = renumber({}, ["a", "b", "c"])
    assert first == {"a": 0, "b": 1, "c": 2}
    assert renumber(first, ["d", "b", "c"]) == {"d": 0, "b": 1, "c": 2}
    assert renumber(first, ["c"]) == {"c": 2}

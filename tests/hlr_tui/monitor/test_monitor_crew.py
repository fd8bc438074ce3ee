"""Who trains, and how busy the machine is."""

from __future__ import annotations

import math
from pathlib import Path

from watched_experiment import DOCUMENT, begin, desk_at, make

from core.analysis.extrapolate import extrapolate
from core.storage.workers import beat, register
from hlr_tui.monitor.crew import CrewWatch, Gpu, crew_rows, parse_gpus
from hlr_tui.monitor.curves import CurveStore
from hlr_tui.monitor.guesses import Guesses, guess_text
from hlr_tui.monitor.lines import method_lines, method_numbers
from hlr_tui.monitor.roster import Roster

HUNDRED = DOCUMENT | {"training": {"epochs": 100, "seeds": [1]}}


def test_what_the_driver_tells_of_gpus_with_a_comma_in_a_name_and_figures_that_it_lacks() -> None:
    text = "NVIDIA H100 80GB HBM3, 87, 40960, 81559\nA, B, [N/A], 512, 1024\n\n"
    assert parse_gpus(text) == (
        Gpu("NVIDIA H100 80GB HBM3", 0.87, 40960 * 2**20, 81559 * 2**20),
        Gpu("A, B", 0.0, 512 * 2**20, 1024 * 2**20),
    )


def test_each_worker_with_its_run_and_what_it_takes(tmp_path: Path) -> None:
    db, experiment = make(tmp_path)
    for name in ("busy", "idle"):
        register(db, experiment.id, "cuda:0" if name == "busy" else "cpu", worker_id=name)
    (attempt,) = begin(db, worker="busy")
    beat(db, "busy", "busy", attempt.run.id)
    desk = desk_at(tmp_path)
    watch = CrewWatch()
    crew = watch.look(desk.progress("watched"))
    assert [(hand.name, hand.where, hand.doing) for hand in crew.hands] == [
        ("busy", "cuda:0", "AdamW + C seed 1"),
        ("idle", "cpu", ""),
    ]
    assert 10 * 2**20 < (crew.hands[0].memory or 0) < crew.total  # of this process, which stands for both
    assert 0 < crew.used < crew.total
    assert watch.look(desk.progress("watched")) is crew  # not asked again so soon
    rows = crew_rows(crew, 60)
    assert [row[0] for row in rows][-2:] == ["busy", "idle"]
    assert "waits for a run" in rows[-1][1]
    desk.close()
    db.close()


def test_a_run_in_training_has_a_guess_that_is_the_fit_of_its_curve(tmp_path: Path) -> None:
    db, experiment = make(tmp_path, HUNDRED)
    (attempt,) = begin(db)
    losses = [0.1 + t**-0.5 + 0.01 * math.sin(9 * t) for t in range(1, 31)]
    attempt.write(losses)
    roster, curves = Roster(db, experiment.id), CurveStore(db, experiment.id)
    roster.refresh()
    run = roster.get(attempt.run.id)
    assert run is not None
    curves.want([run.id], ["val_loss"])
    trace = curves.trace(run.id, "val_loss")
    assert trace is not None
    expected = extrapolate(range(1, 31), losses, 100, points=2)
    assert expected is not None
    guesses = Guesses()
    found = guesses.of([(run, trace)])
    assert found == {run.id: expected.final}
    lines = method_lines(roster, method_numbers(roster), lambda optimizer, scheduler: f"{optimizer} {scheduler}")
    (line,) = [line for line in lines if line.state == "running"]
    low, high = expected.final[1:]
    assert guess_text(line, found).endswith(f" ± {(high - low) / 2:.2g}")
    assert guess_text(line, {}) == ""
    assert guesses.of([]) == {}
    curves.close()
    db.close()

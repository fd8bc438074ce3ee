"""What lies on the bench, and what leaves it: a spec and a command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.catalog import catalog
from core.plan import make_plan
from core.spec.reader import build_spec
from hlr_tui.__main__ import main
from hlr_tui.lab.bench import Bench, Dial
from hlr_tui.lab.figures import columns, head_of, row_of, style_of
from hlr_tui.lab.handover import preview_command, spec_document

EH, WH, CY = (catalog().schedulers.get(code) for code in ("EH", "WH", "CY"))


def dial(bench: Bench, name: str, info: Any = EH) -> Dial:
    return next(one for one in bench.dials(info) if one.name == name)


def test_a_default_that_depends_on_the_budget_shows_every_value() -> None:
    bench = Bench()
    assert dial(bench, "warmup_epochs", WH).text == "5 / 20"
    bench.turn(WH, "warmup_epochs", 1)
    assert dial(bench, "warmup_epochs", WH).text == "21"
    assert dial(bench, "warmup_epochs", WH).changed
    bench.reset(WH, "warmup_epochs")
    assert dial(bench, "warmup_epochs", WH).text == "5 / 20"


def test_the_infimum_of_the_run_holds_for_every_scheduler_without_its_own() -> None:
    bench = Bench()
    bench.write(None, "infimum_lr", 1e-4)
    assert dial(bench, "infimum_lr").text == "1e-4"
    assert not dial(bench, "infimum_lr").changed
    bench.write(EH, "infimum_lr", 1e-5)
    assert dial(bench, "infimum_lr").text == "1e-5"
    assert dial(bench, "infimum_lr", CY).text == "1e-4"


def test_a_value_that_the_run_forbids_is_said_at_its_dial() -> None:
    bench = Bench()
    bench.write(None, "budgets", [50, 100, 300])
    assert dial(bench, "upper_bound").problems == ("must be >= 300, the number of epochs of the run",)
    assert dial(bench, "infimum_lr").problems == ()
    bench.write(EH, "upper_bound", 300)
    assert dial(bench, "upper_bound").problems == ()


def test_what_is_typed_is_checked_as_a_spec_would_be() -> None:
    bench = Bench()
    assert str(bench.write(EH, "upper_bound", 0)) == "upper_bound = 0: must be >= 1 and <= 1e9"
    assert bench.write(None, "budgets", [50, 50]) is not None
    assert bench.write(None, "lr", "fast") is not None
    assert bench.run == Bench().run
    assert bench.given == {}


def test_colours_stay_with_their_schedulers() -> None:
    bench = Bench()
    for info in (EH, WH, CY):
        bench.toggle(info)
    bench.toggle(WH)
    assert bench.slots == {EH.name: 0, CY.name: 2}
    bench.toggle(WH)
    assert bench.slots[WH.name] == 1


def test_the_figures_of_a_schedule_that_is_known_by_heart() -> None:
    bench = Bench()
    bench.write(None, "budgets", [50, 100])
    linear = catalog().schedulers.get("L")
    bench.write(linear, "end_factor", 0.5)
    short, long = bench.lines(linear)
    assert dict(zip(head_of(25.0), row_of(short, long, 25.0), strict=True)) == {
        "epochs": "50",
        "η at 25": "0.0075",
        "η end": "0.005",
        "mean η": "0.0075",
        "share": "75 %",
        "LR metric": "0.02",
        "change": "-50 %",
    }
    assert row_of(long, long, None)[-1] == "-"
    assert [style_of(line, bench.budgets) for line in (short, long)] == ["dashed", "line"]


def test_columns_that_do_not_fit_are_left_out_whole() -> None:
    rows = [["", "epochs", "η end"], ["EH", "200", "1.2e-6"]]
    assert columns(rows, 20) == ["    epochs   η end", "EH     200  1.2e-6"]
    assert columns(rows, 17) == ["    epochs", "EH     200"]


def moved_bench() -> Bench:
    bench = Bench()
    bench.write(None, "budgets", [100, 50])
    bench.write(None, "lr", 0.004)
    bench.write(None, "infimum_lr", 1e-5)
    bench.write(EH, "upper_bound", 300)
    bench.write(CY, "cycle_momentum", False)
    return bench


def test_the_spec_of_a_new_experiment_trains_what_was_drawn() -> None:
    document = spec_document(moved_bench(), [EH, CY])
    document["experiment"]["name"] = "from-lab"
    document["task"] = {"name": "digits"}
    spec = build_spec(document, "test")
    assert spec.training.lr == 0.004
    assert spec.compare.budgets == (50, 100)
    schedules: dict[str, Any] = {method.scheduler.code: method.schedule for method in spec.methods}
    assert (schedules["EH"].upper_bound, schedules["EH"].infimum_lr) == (300, 1e-5)
    assert (schedules["CY"].cycle_momentum, schedules["CY"].infimum_lr) == (False, 1e-5)
    assert make_plan(spec).fixed_runs


def test_values_at_their_defaults_stay_out_of_the_spec() -> None:
    bench = Bench()
    bench.turn(EH, "upper_bound", 1)
    bench.reset(EH, "upper_bound")
    document = spec_document(bench, [EH])
    assert "params" not in document["methods"]
    assert "infimum_lr" not in document["training"]


def test_the_command_line_draws_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    bench = moved_bench()
    words = shlex.split(preview_command(bench, [EH, CY]))
    assert main([*words[1:], "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)["schedules"]
    lines = [line for info in (EH, CY) for line in bench.lines(info)]
    assert [(one["code"], one["epochs"]) for one in drawn] == [(x.info.code, x.horizon.epochs) for x in lines]
    for one, line in zip(drawn, lines, strict=True):
        assert [one["lr"][tick] for tick in line.ticks] == line.lr


def test_the_lab_loads_no_heavy_library() -> None:
    code = "import sys, hlr_tui.screens.lab; print(*sys.modules, sep='\\n')"
    env = {"PATH": os.environ["PATH"]}
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env, cwd=root)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()}
    assert loaded & {"torch", "numpy", "optuna", "sqlalchemy", "pandas", "matplotlib"} == set()

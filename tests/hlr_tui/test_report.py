from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from hlr_tui.report import next_commands, print_results


def document(**changes: Any) -> dict[str, Any]:
    spread = {"mean": 0.9, "std": 0.01}
    row = {
        "optimizer": "AdamW",
        "scheduler": "EH",
        "method": "AdamW + EH",
        "budget": 20,
        "seeds": 3,
        "metric": "val_loss",
        "mean": 0.1,
        "std": 0.02,
        "planned": 4,
        "diverged": 0,
        "failed": 1,
        "reason": None,
        "metrics": {"test_accuracy": spread},
    }
    lost = row | {
        "scheduler": "N",
        "method": "AdamW + N",
        "seeds": 0,
        "mean": None,
        "std": None,
        "planned": 0,
        "failed": 0,
        "reason": "no trial of its search came to an end: 2 runs diverged",
        "metrics": {},
    }
    ordinary = {
        "experiment": "exp",
        "mode": "all",
        "state": "complete",
        "runs": {"queued": 0, "complete": 5, "failed": 1, "diverged": 2},
        "studies": [{"name": "exp-AdamW-EH", "trials": 2, "best": {"value": 0.1, "params": {"lr": 0.01}}}],
        "comparison": [row, lost],
        "failures": [
            {"study": "exp-AdamW-EH", "seed": 2, "error": "ValueError: no", "log": "/w/logs/exp/worker-1.log"}
        ],
    }
    return ordinary | changes


def printed(what: dict[str, Any]) -> str:
    out = io.StringIO()
    print_results(Console(file=out, width=80, force_terminal=False), what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_a_report() -> None:
    assert printed(document()) == (
        """\
exp: all, complete; 8 runs: 5 complete, 1 failed, 2 diverged

best trial of each search

study         trials  objective  parameters
───────────────────────────────────────────
exp-AdamW-EH       2        0.1  lr 0.01

val_loss after the last epoch: mean ± std over 3 seeds, ranked at 20 epochs

#  method          20 epochs  test accuracy    lost
───────────────────────────────────────────────────
1  AdamW + EH  0.100 ± 0.020   90.0 ± 1.0 %  1 of 4
-  AdamW + N               -              -
AdamW + N at 20 epochs: no trial of its search came to an end: 2 runs diverged
failed: exp-AdamW-EH seed 2: ValueError: no
  log: /w/logs/exp/worker-1.log

next:
  hlr-tui show exp --json
  hlr-tui export exp --format csv --out exp.csv
  hlr-tui preview EH --epochs 20"""
    )


def test_an_experiment_without_results_says_so() -> None:
    assert printed(document(runs={"queued": 0}, studies=[], comparison=[], failures=[], state="running")) == (
        """\
exp: all, running; 0 runs: none

next:
  hlr-tui show exp --json
  hlr-tui export exp --format csv --out exp.csv"""
    )


def test_long_paths_and_errors_stay_whole() -> None:
    log = "/srv/" + "folder/" * 20 + "worker.log"
    failures = [{"study": "s", "seed": 1, "error": "E" * 200, "log": log}] * 7
    text = printed(document(failures=failures))
    assert text.count(log) == 5
    assert "E" * 200 in text
    assert "and 2 more: hlr-tui show exp --json" in text


def test_what_comes_from_the_database_cannot_drive_the_terminal() -> None:
    evil = "\x1b[2J[red]x\x9b31m\r"
    failures = [{"study": evil, "seed": 1, "error": evil, "log": evil}]
    studies = [{"name": evil, "trials": 1, "best": {"value": 0.1, "params": {}}}]
    text = printed(document(experiment=evil, failures=failures, studies=studies))
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[2J[red]x\\x9b31m\\r" in text


def test_commands_can_be_pasted() -> None:
    lines = next_commands(document(experiment="my exp; rm"))
    assert lines == [
        "next:",
        "  hlr-tui show 'my exp; rm' --json",
        "  hlr-tui export 'my exp; rm' --format csv --out 'my exp; rm'.csv",
        "  hlr-tui preview EH --epochs 20",
    ]

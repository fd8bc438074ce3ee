"""The tracker against a stand-in for the server: nothing is lost, nothing comes twice, whatever dies."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from campaign import Campaign, document, kill, until
from fed import fed, logged, write
from wandb_server import KEY, StandIn, wandb_server

ONLINE = document(tracking__wandb="online", tracking__project="lab", compare__seeds=[1, 2], compare__budgets=[4])


def curves(made: Campaign) -> dict[str, list[dict[str, float]]]:
    """Every run's points as W&B should have them."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for row in made.rows():
        key = "acc" if row["metric"] == "val_accuracy" else row["metric"]
        step = int(row["step"])
        found.setdefault(row["run"], {}).setdefault(step, {"epoch": step})[key] = float(row["value"])
    return {run_id: [steps[step] for step in sorted(steps)] for run_id, steps in found.items()}


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_online_campaign_arrives_as_the_original_names_it(
    make_campaign: Callable[..., Campaign], server: StandIn, home: Path
) -> None:
    changes = {"methods__schedulers": ["N", "C"], "compare__budgets": [3], "compare__seeds": [1, 2]}
    untracked = make_campaign("untracked", **changes)
    untracked.batch("--no-check")
    made = make_campaign("tracked", **changes, tracking__wandb="online", tracking__project="lab")
    made.end(made.start_batch("--no-check"))
    made.wait_quiet()
    assert made.export() == untracked.export()
    runs = {run.id: run for run in made.runs()}
    assert {run_id: arrived.rows for run_id, arrived in server.runs.items()} == curves(made)
    assert {"train_loss", "val_loss", "lr", "acc", "epoch"} <= server.runs[next(iter(runs))].rows[0].keys()
    for run_id, arrived in server.runs.items():
        run = runs[run_id]
        assert (arrived.project, arrived.job_type, arrived.exit_code) == ("lab", "compare", 0)
        assert arrived.group == f"AdamW_{run.scheduler}(3)[h8-n1-d0.0000e+00]"
        assert arrived.name == f"AdamW_{run.scheduler}(3)[h8-n1-d0.0000e+00][{run.seed}]"
        assert arrived.tags == ["3", "AdamW", run.scheduler]
        assert arrived.config["model"] == {"name": run.config["model"]["name"], "params": run.config["model"]["params"]}
        assert arrived.config["seed"] == run.seed
        assert (arrived.config["hidden_size"], arrived.config["study"]) == (8, run.study)
        assert arrived.summary["state"] == "complete"
        assert arrived.summary["best_val_loss"] == run.results["best_val_loss"]
    assert made.json("status", made.name)["experiments"][0]["tracking"] == {
        "wandb": "online", "warning": None, "logged": 4, "uploaded": 4, "ended": True,
    }  # fmt: skip
    assert KEY.encode() not in everything_in(made.folder) + everything_in(home)


def test_a_server_out_of_reach_costs_a_campaign_nothing_and_gets_everything_later(
    make_campaign: Callable[..., Campaign], server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.close()
    made = make_campaign(tracking__wandb="online")
    ended = made.end(made.start_batch("--no-check"))
    assert "Traceback" not in ended.stderr
    made.wait_quiet()
    assert [(run.state, run.epoch) for run in made.runs()] == [("complete", 2)]
    assert made.place.log(made.name, "wandb").read_text().count("warning:") == 1
    shown = made.run("status", made.name).stdout
    assert "refused" in shown
    assert "1 run kept here; `hlr-tui sync tiny` uploads it" in shown
    failed = made.run("sync", code=3)
    assert "refused" in failed.stderr
    with wandb_server() as later:
        monkeypatch.setenv("WANDB_BASE_URL", later.url)
        assert "1 of 1" in made.run("sync", made.name).stdout
        assert {run_id: arrived.rows for run_id, arrived in later.runs.items()} == curves(made)
        assert [(arrived.project, arrived.exit_code) for arrived in later.runs.values()] == [("tiny", 0)]
    # The client's own sync leaves it out from now on.
    assert len(list((made.workspace / "wandb").glob("offline-run-*/*.wandb.synced"))) == 1


def test_a_key_that_is_refused_costs_a_campaign_nothing(
    make_campaign: Callable[..., Campaign], server: StandIn
) -> None:
    server.accepts = False
    made = make_campaign(tracking__wandb="online")
    made.end(made.start_batch("--no-check"))
    made.wait_quiet()
    assert [(run.state, run.epoch) for run in made.runs()] == [("complete", 2)]
    assert made.place.log(made.name, "wandb").read_text().count("warning:") == 1
    (shown,) = made.json("status", made.name)["experiments"]
    assert shown["tracking"]["wandb"] == "offline"
    assert "not logged in" in shown["tracking"]["warning"]
    assert not server.runs


def test_without_a_key_runs_are_tracked_in_folders(
    tmp_path: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    with fed(tmp_path / "hlr", ONLINE) as made:
        run, writer = made.claim()
        write(writer, 1, 3)
        writer.finish("complete", 0.5, {}, epoch=3)
        made.complete()
        assert made.start().wait(60) == 0, made.log()
        status = made.ledger.status()
        assert status is not None
        assert "no API key" in status.warning
        assert len(made.ledger.folders(run.id)) == 1
        assert not server.requests


def test_each_epoch_is_logged_once_whenever_the_tracker_is_killed(tmp_path: Path, server: StandIn) -> None:
    with fed(tmp_path / "hlr", ONLINE) as made:
        run, writer = made.claim()
        write(writer, 1, 5)
        first = made.start()
        until(lambda: run.id in server.runs and len(server.runs[run.id].history) == 5, "five epochs on the server", 30)
        write(writer, 6, 7)
        kill(first.pid)  # epochs 6 and 7 are on their way, or are not
        second = made.start("--again")
        writer.add("train_loss", 10, 0.2)  # half of an epoch
        write(writer, 8, 9)
        arrived = server.runs[run.id]
        until(lambda: len(arrived.history) >= 9, "nine epochs on the server", 30)
        writer.add("val_loss", 10, 0.5)
        writer.finish("complete", 0.5, {"val_loss": 0.5}, epoch=10)
        lost, other = made.claim()
        other.add("val_loss", 1, math.nan)
        other.finish("failed", None, {}, "out of memory", epoch=1)
        made.complete()
        assert second.wait(60) == 0, made.log()
        assert arrived.rows == [*logged(1, 9), {"epoch": 10, "train_loss": 0.2, "val_loss": 0.5}]
        assert sorted(row["epoch"] for row in arrived.sent) == list(range(1, 11))
        (row,) = server.runs[lost.id].rows
        assert row["epoch"] == 1
        assert math.isnan(row["val_loss"])
        assert [(one.exit_code, one.summary["state"]) for one in server.runs.values()] == [
            (0, "complete"),
            (1, "failed"),
        ]


def test_a_key_withdrawn_midway_loses_nothing(tmp_path: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client itself ends a run without an error where the server has refused rows."""
    with fed(tmp_path / "hlr", ONLINE) as made:
        run, writer = made.claim()
        write(writer, 1, 3)
        tracker = made.start()
        until(lambda: run.id in server.runs and len(server.runs[run.id].history) == 3, "three epochs on the server", 30)
        server.accepts = False
        write(writer, 4, 6)
        writer.finish("complete", 0.5, {}, epoch=6)
        other, writer = made.claim()
        write(writer, 1, 2)
        writer.finish("diverged", None, {}, epoch=2)
        made.complete()
        assert tracker.wait(90) == 0, made.log()
        assert made.log().count("warning:") == 1
        assert not any(mark.uploaded for mark in made.ledger.marks().values())
        server.accepts = True
        assert made.start("--upload").wait(60) == 0
        assert server.runs[run.id].rows == logged(1, 6)
        assert server.runs[other.id].rows == logged(1, 2)
        assert [len(one.sent) for one in server.runs.values()] == [6, 2]
        assert server.runs[other.id].summary["state"] == "diverged"
        assert [mark.uploaded for mark in made.ledger.marks().values()] == [True, True]


def test_a_stopped_run_is_taken_up_by_the_next_tracker(tmp_path: Path, server: StandIn) -> None:
    from core.storage.experiments import set_state
    from core.storage.runs import release

    with fed(tmp_path / "hlr", ONLINE) as made:
        run, writer = made.claim()
        write(writer, 1, 3)
        tracker = made.start()
        until(lambda: run.id in server.runs, "the run on the server")
        release(made.db, run.id, run.attempt)
        set_state(made.db, made.experiment.id, "stopped")
        assert tracker.wait(60) == 0, made.log()
        arrived = server.runs[run.id]
        assert (arrived.rows, arrived.summary["state"], arrived.exit_code) == (logged(1, 3), "stopped", 1)
        set_state(made.db, made.experiment.id, "running")
        run, writer = made.claim()
        writer.rewind(2)  # the checkpoint was at epoch 2
        write(writer, 3, 4)
        writer.finish("complete", 0.25, {}, epoch=4)
        made.complete()
        assert made.start().wait(60) == 0
        assert (arrived.rows, len(arrived.sent), arrived.exit_code) == (logged(1, 4), 4, 0)

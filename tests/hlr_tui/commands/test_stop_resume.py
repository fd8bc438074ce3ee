"""`stop` and `resume`, `--detach`, attaching, and terminals that go away."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable
from pathlib import Path

from campaign import Campaign, plan_of, until

from core.execution.submit import submit
from core.storage.engine import open_database

LONG = {"model__hidden_size": 64, "training__batch_size": 16, "compare__budgets": [150]}
"""Seconds of training: long enough to be stopped in its middle."""


def test_detach_status_attach_stop_resume(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(**LONG)
    made.end(made.start_batch("--detach"))
    run = made.wait_training()
    (seen,) = made.json("status")["experiments"]
    assert (seen["experiment"], seen["state"], seen["conducted"]) == ("tiny", "running", True)
    conductor = made.conductor_pid()
    attached = made.start_batch("--json", "--workers", "1")
    assert attached.stderr is not None
    assert "is running already" in attached.stderr.readline()
    assert "resume tiny" in made.run("stop", "tiny").stdout
    made.end(attached, code=130)
    logged = (made.workspace / "logs" / "tiny" / "conductor.log").read_text()
    assert logged.count("conducts tiny") == 1
    assert f"pid {conductor}" in logged
    made.wait_quiet()
    (stopped,) = made.runs()
    assert (stopped.state, stopped.attempt) == ("queued", 1)
    assert stopped.epoch >= run.epoch
    assert Path(stopped.checkpoint or "").is_file()
    assert made.json("resume", "tiny")["runs"]["complete"] == 1
    assert made.attempts() == {run.id: 2}
    steps = [int(row["step"]) for row in made.rows() if row["metric"] == "val_loss"]
    assert steps == list(range(1, 151))
    assert "is not running" in made.run("stop", "tiny").stderr


def test_a_closed_terminal_stops_nothing(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(**LONG)
    ours, theirs = pty.openpty()
    shell = made.start_batch(stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=_own_terminal)
    os.close(theirs)
    made.wait_training()
    os.close(ours)  # the kernel sends SIGHUP to everything in the foreground of that terminal
    shell.wait(timeout=30)
    assert made.experiment.state == "running"
    until(lambda: made.experiment.state == "complete", "the end of the campaign")
    assert made.attempts() == {made.runs("complete")[0].id: 1}


def _own_terminal() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_what_cannot_be_stopped_or_resumed(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign()
    db = open_database(made.place.storage)
    submit(db, plan_of(made.spec), made.place)
    db.close()
    for command in ("stop", "resume"):
        refused = made.run(command, "tyni", code=2)
        assert 'did you mean "tiny"?' in refused.stderr

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from core.analysis.progress import Progress, Running, StageProgress, look
from core.errors import EnvironmentFailure
from core.execution.launch import Place
from core.execution.seat import Pulse
from core.storage import runs
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, create_experiment, experiment_by_id, set_state, take_conductor
from core.storage.processes import is_alive, me
from core.storage.runs import NewRun
from hlr_tui import follow as following
from hlr_tui.follow import follow, progress_view, stop_hint


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(str(tmp_path / "hlr.db"))
    yield database
    database.close()


@pytest.fixture
def experiment(db: Database) -> Experiment:
    made = create_experiment(db, "exp", "run", '{"experiment": {"name": "exp", "mode": "run"}}')
    row = {
        "id": "r",
        "experiment_id": made.id,
        "stage": "run",
        "study": "exp-AdamW-C",
        "optimizer": "AdamW",
        "scheduler": "C",
        "seed": 89,
        "budget": 50,
        "config": {},
        "position": 0,
    }
    runs.add_runs(db, [NewRun(**row)])
    assert runs.claim(db, "w", "cpu") is not None
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "hlr.db"), tmp_path / "hlr", tmp_path / "data")


def test_lines_where_stderr_is_no_terminal(
    db: Database,
    experiment: Experiment,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(following, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(following, "REFRESH_SECONDS", 0.0)
    take_conductor(db, experiment.id, *me(), is_alive)

    class Ending(io.StringIO):
        """The experiment ends as the third piece of text is written."""

        pieces = 0

        def write(self, text: str) -> int:
            self.pieces += text != "\n"
            if self.pieces == 3:
                set_state(db, experiment.id, "complete")
            return super().write(text)

    monkeypatch.setattr(sys, "stderr", Ending())
    ended = follow(db, experiment, place, None)
    assert ended.state == "complete"
    text = sys.stderr.getvalue()
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len(lines) == 3
    assert lines[0] == "run 0/1 runs · 0 % · to go ? · AdamW + C 0/50"
    assert capsys.readouterr().out == ""


def test_a_conductor_that_is_gone_with_work_left_is_said(db: Database, experiment: Experiment, place: Place) -> None:
    with pytest.raises(EnvironmentFailure, match='the conductor of "exp" is gone') as caught:
        follow(db, experiment, place, None)
    assert str(place.log("exp", "conductor")) in str(caught.value)
    assert "hlr-tui resume exp" in str(caught.value)


def test_a_conductor_that_has_just_ended_its_work_is_no_failure(
    db: Database, experiment: Experiment, place: Place
) -> None:
    seen = look(db, experiment)
    assert seen.abandoned
    set_state(db, experiment.id, "complete")
    following._check_conducted(db, seen.experiment, place, None, Pulse())
    assert follow(db, experiment_by_id(db, experiment.id), place, None).state == "complete"


def test_a_conductor_may_take_its_time_to_start(db: Database, experiment: Experiment, place: Place) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as starting:
        following._check_conducted(db, experiment, place, starting, Pulse())
        starting.communicate(b"\n")
        with pytest.raises(EnvironmentFailure):
            following._check_conducted(db, experiment, place, starting, Pulse())


class Impatient(io.StringIO):
    """A terminal that has seen enough after a thousand lines, where nothing else would end the following."""

    seen = 0

    def write(self, text: str) -> int:
        self.seen += 1
        assert self.seen < 1000, "followed without an end"
        return super().write(text)


def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is followed by the next, and prints a line."""
    monkeypatch.setattr(following, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(following, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", Impatient())


class Elsewhere:
    """A clock that tells 20 s more at each look. Meanwhile, on another host, a conductor beats, `beats` times; then it
    dies, or ends the experiment."""

    def __init__(self, db: Database, experiment: Experiment, beats: int, ends: bool) -> None:
        assert take_conductor(db, experiment.id, "elsewhere", 1, 1.0, is_alive)
        self.db, self.experiment, self.left, self.ends = db, experiment, beats, ends
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 20.0
        assert self.now < 1000, "nobody gives up"
        if self.left > 0:
            self.left -= 1
            with self.db.write() as connection:
                connection.exec_driver_sql("UPDATE hlr_experiment SET conductor_beat = conductor_beat + 1")
        elif self.ends:
            set_state(self.db, self.experiment.id, "complete")
        return self.now


def test_a_conductor_on_another_host_is_followed_while_it_beats(
    db: Database, experiment: Experiment, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_once(monkeypatch)
    clock = Elsewhere(db, experiment, beats=6, ends=True)
    assert follow(db, experiment, place, None, Pulse(clock)).state == "complete"
    assert clock.now >= 120


def test_a_conductor_that_died_on_another_host_is_said(
    db: Database, experiment: Experiment, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_once(monkeypatch)
    clock = Elsewhere(db, experiment, beats=3, ends=False)
    with pytest.raises(EnvironmentFailure, match='the conductor of "exp" is gone'):
        follow(db, experiment, place, None, Pulse(clock))
    assert experiment_by_id(db, experiment.id).state == "running"


def view(progress: Progress, width: int = 80, interrupted: bool = False) -> str:
    out = io.StringIO()
    hint = stop_hint(progress, interrupted)
    Console(file=out, width=width, force_terminal=False).print(progress_view(progress, hint))
    return out.getvalue()


def test_the_view_shows_stages_and_runs(db: Database, experiment: Experiment) -> None:
    run = runs.runs_of(db, experiment.id)[0]
    progress = Progress(
        experiment=experiment,
        runs={"queued": 0, "running": 1, "complete": 3, "failed": 1, "diverged": 0, "pruned": 0},
        stages=(StageProgress("search", 10, 4, 40, 10),),
        running=(Running(run, {"lr": 0.01, "train_loss": 0.5, "val_loss": 0.25}),),
        workers=(),
        eta_seconds=61.0,
        conducted=True,
    )
    text = view(progress)
    assert "1 failed · to go 1:01" in text
    assert "25 %" in text
    assert "4/10 runs" in text
    assert "10/40 epochs" in text
    assert text.split("val loss")[1].split()[:9] == ["AdamW", "+", "C", "89", "0/50", "0.01", "0.5", "0.25", "Ctrl-C"]
    assert "stops with a checkpoint" in text
    assert "Ctrl-C again leaves it to itself" in view(progress, interrupted=True)

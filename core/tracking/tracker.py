"""The tracker of an experiment: reads finished epochs from the database and logs them to W&B.

Started by the conductor, and started again where it dies; everything it knows it reads from the database, from small
files beside it, and from the server. Online, a run is logged while it trains; the server says which epochs it has, so
that none is logged twice and none is lost. Offline, a run is written to a folder of its own once it has ended.

    HLR_STORAGE=sqlite:////path/hlr.db python -P -m core.tracking.tracker --workspace hlr --data-dir data --experiment X
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.errors import EnvironmentFailure, HlrError, UsageError
from core.plan import Plan, make_plan
from core.process_log import say
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, UnknownExperiment, experiment_by_id, get_experiment
from core.storage.processes import is_alive
from core.storage.reader import points_of_run
from core.storage.runs import Run, get_run, outcomes, runs_of
from core.tracking.client import Client, Lost, OpenRun, folders_synced
from core.tracking.naming import identify, rows, summary
from core.tracking.state import Ledger, Mark, Status

POLL_SECONDS = 2.0

MOST_OPEN = 16
"""Runs of W&B that are open at once; further ones are logged when they have ended."""

FAILURES_ALLOWED = 3
"""So many runs in a row that a server in reach does not take mean that it takes none."""

NICE = 10
"""Training comes first."""

ORPHAN_SECONDS = 60.0
"""An experiment without a conductor for so long goes on under another tracker, if at all."""

ENDED = ("complete", "failed", "diverged", "pruned")
OVER = ("complete", "stopped", "failed")


class Degraded(Exception):
    """The server is lost: the client, which may be in pieces, has to start anew for folders."""


class Tracker:
    """Logs the runs of one experiment.

    Args:
        status: how the tracking begins; online, it goes offline where the server is lost.
        upload: log once what has ended and is not on the server, and leave failures to the caller.
    """

    def __init__(
        self,
        db: Database,
        experiment: Experiment,
        ledger: Ledger,
        client: Client,
        status: Status,
        *,
        upload: bool = False,
    ) -> None:
        self._db = db
        self._experiment = experiment
        self._plan: Plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
        self._ledger = ledger
        self._client = client
        self._upload = upload
        self._marks = ledger.marks()
        self._open: dict[str, OpenRun] = {}
        self._failures = 0
        self._orphaned_at: float | None = None
        self.status = status

    @property
    def online(self) -> bool:
        return self.status.mode == "online"

    def look(self) -> bool:
        """Log what is new; True when the experiment is over and all of it is logged.

        Raises:
            Degraded: the server is lost; the status says so, and that the next tracker goes on offline.
            Lost: the client itself has failed or, where this uploads, the server.
        """
        # The state before the runs: those that end before an experiment does are seen below.
        over = self._over()
        ended: set[str] = set()
        states = outcomes(self._db, self._experiment.id)
        if self.online and not self._upload:
            self._follow()
        for run_id, (state, _) in states.items():
            mark = self._marks.get(run_id)
            if state not in ENDED:
                if mark is not None and mark.state in ENDED:  # a failed run that is trained again
                    self._mark(run_id, replace(mark, state=state, uploaded=False))
                continue
            ended.add(run_id)
            if mark is None or mark.state != state or (self._upload and not mark.uploaded):
                run = get_run(self._db, run_id)
                if run is not None and run.state in ENDED:
                    over = self._conclude(run) and over
                    self._tell(ended)
        if over:
            self._leave()
        self._tell(ended, over=over)
        return over

    def _over(self) -> bool:
        experiment = experiment_by_id(self._db, self._experiment.id)
        if self._upload or experiment.state in OVER:
            return True
        if experiment.conductor is not None and is_alive(*experiment.conductor) is not False:
            self._orphaned_at = None
            return False
        now = time.monotonic()
        self._orphaned_at = self._orphaned_at or now
        return now - self._orphaned_at >= ORPHAN_SECONDS

    def _follow(self) -> None:
        """Log the finished epochs of the runs in training."""
        for run in runs_of(self._db, self._experiment.id, states=["running"]):
            if run.epoch and (run.id in self._open or len(self._open) < MOST_OPEN):
                self._try(partial(self._log, run))

    def _log(self, run: Run) -> OpenRun:
        opened = self._open.get(run.id)
        if opened is None:
            opened = self._client.open(identify(self._plan, self._experiment.name, run), online=True)
            self._open[run.id] = opened
            self._mark(run.id, Mark(run.state, opened.logged, online=True, uploaded=False))
        if run.epoch > opened.logged:
            for epoch, row in rows(points_of_run(self._db, run.id, after=opened.logged)).items():
                if epoch <= run.epoch:  # of a later one not everything may be there yet
                    opened.log(epoch, row)
        return opened

    def _conclude(self, run: Run) -> bool:
        """Log an ended run to its end; False where that has to be tried again."""
        uploaded = self.online and self._try(partial(self._finish, run))
        mark = self._marks.get(run.id)
        if mark is not None and mark.online:
            # No folder: the server may have a part, and whoever synced the folder would log those epochs twice.
            self._mark(run.id, Mark(run.state, run.epoch if uploaded else mark.epochs, online=True, uploaded=uploaded))
            if uploaded:
                folders_synced(self._ledger, run.id)
        elif self.online:
            return False  # not even opened; its server may be back, or is left after some more failures
        else:
            self._write(run)
        return True

    def _finish(self, run: Run) -> None:
        try:
            opened = self._log(run)
        finally:
            self._open.pop(run.id, None)
        opened.finish(0 if run.state in ("complete", "pruned") else 1, summary(run))

    def _write(self, run: Run) -> None:
        """Write an ended run to a folder; one of an earlier attempt, which may be in pieces, goes."""
        for folder in self._ledger.folders(run.id):
            shutil.rmtree(folder, ignore_errors=True)
        opened = self._client.open(identify(self._plan, self._experiment.name, run), online=False)
        for epoch, row in rows(points_of_run(self._db, run.id)).items():
            opened.log(epoch, row)
        opened.finish(0 if run.state in ("complete", "pruned") else 1, summary(run))
        self._mark(run.id, Mark(run.state, run.epoch, online=False, uploaded=False))

    def _try(self, action: Callable[[], object]) -> bool:
        """Do what needs the server; False where it failed.

        Raises:
            Degraded: the server is lost.
        """
        try:
            action()
        except Lost as error:
            if self._upload:
                raise
            self._failures += 1
            say(f"W&B: {error}")
            problem = self._client.problem()
            if problem or self._failures >= FAILURES_ALLOWED:
                self.degrade(problem or str(error))
                raise Degraded from error
            return False
        self._failures = 0
        return True

    def degrade(self, reason: str) -> None:
        """Track offline from now on, and say so once."""
        warning = f"offline instead of online: {reason}; nothing is lost, curves are kept here"
        say(f"warning: W&B: {warning}")
        self.status = replace(self.status, mode="offline", warning=warning)
        self._ledger.write_status(self.status)

    def _leave(self) -> None:
        """Close what is still open: runs of an experiment that was stopped."""
        try:
            for opened in self._open.values():
                opened.finish(1, {"state": "stopped"})
        except Lost as error:
            say(f"W&B: {error}")
        self._open.clear()

    def _mark(self, run_id: str, mark: Mark) -> None:
        self._marks[run_id] = mark
        self._ledger.mark(run_id, mark)

    def _tell(self, ended: set[str], *, over: bool = False) -> None:
        marks = [mark for run_id, mark in self._marks.items() if run_id in ended and mark.state in ENDED]
        uploaded = sum(mark.uploaded for mark in marks)
        status = replace(self.status, logged=len(marks), uploaded=uploaded, ended=over)
        if self._upload and over and uploaded == len(marks):
            status = replace(status, warning="")  # it is of the past
        if status != self.status:
            self.status = status
            self._ledger.write_status(status)


def main(argv: list[str] | None = None) -> int:
    """Track one experiment to its end, or upload what is missing of it; the exit code."""
    parser = argparse.ArgumentParser(prog="tracker")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--again", action="store_true", help="an earlier process died: what it had given up stays so")
    parser.add_argument("--upload", action="store_true", help="log what has ended and is not on the server, then end")
    args = parser.parse_args(argv)
    os.nice(max(0, NICE - os.nice(0)))
    ledger = Ledger(args.workspace, args.experiment)
    try:
        with ledger.lock() as lock:
            if args.upload and not lock.take():
                raise UsageError(f"{args.experiment} is being tracked at this moment; wait until it has ended")
            while not lock.take():
                time.sleep(POLL_SECONDS)  # the tracker of an earlier conductor ends with what it has at hand
            db = open_database(os.environ["HLR_STORAGE"], create=False)
            return _track(db, get_experiment(db, args.experiment), ledger, again=args.again, upload=args.upload)
    except UnknownExperiment as error:
        say(str(error))
        return 0  # it has been deleted
    except (Lost, HlrError, OSError) as error:
        say(f"{type(error).__name__}: {error}" if isinstance(error, OSError) else str(error))
        if args.upload:
            sys.stdout.write(f"{error}\n")  # for whoever waits
        return error.exit_code if isinstance(error, HlrError) else EnvironmentFailure.exit_code


def _track(db: Database, experiment: Experiment, ledger: Ledger, *, again: bool, upload: bool) -> int:
    before = ledger.status()
    wanted = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}")).spec.tracking.wandb
    status = Status(experiment.created_at, "online" if upload or wanted == "online" else "offline")
    given_up = again and before is not None and before.warning != ""
    if before is not None and (given_up or upload):
        status = replace(status, mode=before.mode if given_up else "online", warning=before.warning)
    ledger.begin(status)
    client = Client(ledger)
    reason = client.problem() if status.mode == "online" else ""
    if upload and reason:
        raise Lost(reason)
    tracker = Tracker(db, experiment, ledger, client, status, upload=upload)
    if reason:
        tracker.degrade(reason)
    say(f"tracks {experiment.name} {tracker.status.mode}")
    try:
        while not tracker.look():
            time.sleep(POLL_SECONDS)
    except Degraded:
        client.close()
        again_argv = [*sys.argv[1:], *([] if again else ["--again"])]
        os.execv(sys.executable, [sys.executable, "-P", "-m", "core.tracking.tracker", *again_argv])
    client.close()
    say(f"ends: {tracker.status.logged} runs logged, {tracker.status.uploaded} of them on the server")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the client's exit handlers wait for servers

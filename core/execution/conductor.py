"""The one process that asks and tells: from the plan of an experiment to its finished runs.

Started detached by `core.execution.launch`; everything it knows it reads from the database, so that it can be killed
and started again at any moment.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType

from core.errors import HlrError
from core.execution.asking import FINISHED, Outcome, Search
from core.execution.executor import Executor
from core.execution.executors.local import LocalExecutor
from core.execution.fleet import Fleet
from core.execution.launch import STORAGE_ENV, Place
from core.execution.queue import enqueue
from core.execution.seat import conducted
from core.execution.tracking import Tracking
from core.plan import Plan, compare_runs, make_plan, search_runs
from core.process_log import say
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database, optuna_storage
from core.storage.experiments import (
    Experiment,
    beat_conductor,
    experiment_by_id,
    get_experiment,
    leave_conductor,
    set_state,
    take_conductor,
)
from core.storage.processes import me
from core.storage.reader import curves
from core.storage.runs import counts, outcomes, set_prune

POLL_SECONDS = 0.2


class Unseated(HlrError):
    """Another process sits in the conductor's chair; what the experiment is in is no longer ours to say."""


class Conductor:
    """Drives one experiment to its end, or until it is told to stop. The caller sits in the conductor's chair."""

    def __init__(self, db: Database, experiment: Experiment, place: Place, executor: Executor) -> None:
        self.db = db
        self.experiment = experiment
        self.place = place
        self.plan: Plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
        self.fleet = Fleet(db, experiment, self.plan.spec, place, executor)
        wanted = self.plan.spec.tracking.wandb != "disabled"
        self.tracking = Tracking(place, experiment.name, wanted=wanted)
        self.stopping = threading.Event()
        self.compared: set[str] = set()
        self.searches: list[Search] = []

    def conduct(self) -> None:
        """Work until the experiment is complete or stopped.

        Raises:
            Unseated: another conductor has taken over.
            EnvironmentFailure: no worker can train.
        """
        try:
            self.prepare()
            while not self.step():
                time.sleep(POLL_SECONDS)
        finally:
            self.fleet.dismiss()

    def prepare(self) -> None:
        """Take up the plan and the searches where the database left them."""
        spec = self.plan.spec
        enqueue(self.db, self.experiment.id, self.plan.fixed_runs)
        if self.plan.searches or self.plan.compares_best:
            storage = optuna_storage(self.db)
            self.searches = [Search.resume(spec, study, storage) for study in self.plan.studies]
        for search in self.searches:
            if self.plan.searches and search.open:  # a conductor was killed in the middle of this batch
                self._ask(search)

    def step(self) -> bool:
        """One look at everything; True when there is nothing left to do."""
        if not beat_conductor(self.db, self.experiment.id):
            raise Unseated("another conductor has taken over")
        self.tracking.tend()
        experiment = experiment_by_id(self.db, self.experiment.id)
        stopping = self.stopping.is_set() or experiment.stop_requested
        if stopping and experiment.state != "stopping":
            set_state(self.db, experiment.id, "stopping")
        if not stopping:
            ended = {id: Outcome(state, value) for id, (state, value) in outcomes(self.db, experiment.id).items()}
            for search in self.searches:
                self._advance(search, ended)
        number = counts(self.db, experiment.id)
        running, queued = number["running"], number["queued"]
        living = self.fleet.tend(0 if stopping else running + queued)
        if stopping:
            self.fleet.dismiss()
            if running and living:
                return False
            set_state(self.db, experiment.id, "stopped")
            return True
        if running or queued or not all(self._over(search) for search in self.searches):
            return False
        self._sweep()
        set_state(self.db, experiment.id, "complete")
        return True

    def _sweep(self) -> None:
        """Remove the folders of ended runs: a killed worker leaves a checkpoint there that nobody needs any more."""
        folder = self.place.workspace / "runs"
        left = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if left:
            for run_id, (state, _) in outcomes(self.db, self.experiment.id).items():
                if run_id in left and state in FINISHED:
                    shutil.rmtree(folder / run_id, ignore_errors=True)

    def _over(self, search: Search) -> bool:
        return (search.done or not self.plan.searches) and search.plan.name in self.compared

    def _advance(self, search: Search, ended: dict[str, Outcome]) -> None:
        """Move one search, and then its comparison, as far as the finished runs allow."""
        if self.plan.searches and not search.done:
            if search.open:
                self._report(search)
                if not search.tell_batch(ended):
                    return
            if not search.done:
                self._ask(search)
                return
        if search.plan.name not in self.compared:
            if self.plan.compares_best:
                self._compare(search)
            self.compared.add(search.plan.name)

    def _ask(self, search: Search) -> None:
        for trial in search.ask_batch():
            planned = search_runs(self.plan.spec, search.plan, trial.number, trial.params)
            enqueue(self.db, self.experiment.id, planned, trial.trial_id)

    def _compare(self, search: Search) -> None:
        best = search.best()
        if best is None:
            say(f"{search.plan.name}: no trial has a finite objective, nothing to compare")
            return
        chosen = compare_runs(self.plan.spec, search.plan, best.number, dict(best.params))
        enqueue(self.db, self.experiment.id, chosen)

    def _report(self, search: Search) -> None:
        run_ids = [run_id for trial in search.open for run_id in trial.run_ids]
        objective = {run_id: values for run_id, (_, values) in curves(self.db, run_ids, "val_loss").items()}
        for trial in search.report(objective):
            assert trial.pruned_at is not None
            set_prune(self.db, trial.run_ids, trial.pruned_at)
            say(f"{search.plan.name}: trial {trial.number} pruned at epoch {trial.pruned_at}")


def main(argv: list[str] | None = None) -> int:
    """Conduct one experiment; what goes wrong is recorded in its row."""
    parser = argparse.ArgumentParser(prog="conductor")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--experiment", required=True)
    args = parser.parse_args(argv)
    storage = os.environ[STORAGE_ENV]
    try:
        db = open_database(storage, create=False)
        experiment = get_experiment(db, args.experiment)
        if not take_conductor(
            db, experiment.id, *me(), lambda *holder: conducted(db, get_experiment(db, args.experiment))
        ):
            say("another conductor is at work")
            return 0
        experiment = experiment_by_id(db, experiment.id)  # whoever left the chair may have changed it
    except HlrError as error:
        say(str(error))
        return error.exit_code
    try:
        place = Place(storage, args.workspace, args.data_dir)
        conductor = Conductor(db, experiment, place, LocalExecutor())

        def stop(signum: int, frame: FrameType | None) -> None:
            conductor.stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        say(f"conducts {experiment.name}, pid {me()[1]}")
        conductor.conduct()
        say("ends")
    except Unseated as error:
        say(str(error))
        return error.exit_code
    except HlrError as error:
        say(str(error))
        set_state(db, experiment.id, "failed", str(error))
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        set_state(db, experiment.id, "failed", f"{type(error).__name__}: {error}")
        raise
    finally:
        leave_conductor(db, experiment.id)
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

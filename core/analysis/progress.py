"""How far an experiment is: runs by state, epochs, time to go, and what trains now."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.plan import make_plan
from core.spec_file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.processes import is_alive
from core.storage.reader import last_values
from core.storage.runs import Run, RunState, counts, runs_of
from core.storage.workers import Worker, list_workers

ENDED: tuple[RunState, ...] = ("complete", "failed", "diverged", "pruned")


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Runs and epochs of one stage; `planned_runs` counts those that are not in the queue yet, too."""

    stage: str
    planned_runs: int
    ended_runs: int
    planned_epochs: int
    done_epochs: int


@dataclass(frozen=True, slots=True)
class Running:
    """A run in training with the last values of its metrics."""

    run: Run
    last: dict[str, float]


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at an experiment.

    Attributes:
        eta_seconds: expected time to the end at the pace so far, None where it cannot be told yet.
        conducted: a conductor is at work (None: on another host, unknown).
    """

    experiment: Experiment
    runs: dict[RunState, int]
    stages: tuple[StageProgress, ...]
    running: tuple[Running, ...]
    workers: tuple[Worker, ...]
    eta_seconds: float | None
    conducted: bool | None

    @property
    def fraction(self) -> float:
        planned = sum(stage.planned_epochs for stage in self.stages)
        return sum(stage.done_epochs for stage in self.stages) / planned if planned else 0.0


def look(db: Database, experiment: Experiment) -> Progress:
    """Read the progress of an experiment."""
    runs = runs_of(db, experiment.id)
    stages = _stages(experiment, runs)
    workers = [worker for worker in list_workers(db, experiment.id) if worker.state != "gone"]
    living = [worker for worker in workers if is_alive(worker.host, worker.pid, worker.started) is not False]
    running = [run for run in runs if run.state == "running"]
    last = last_values(db, [run.id for run in running], ["lr", "effective_lr", "train_loss", "val_loss"])
    conductor = experiment.conductor
    return Progress(
        experiment=experiment,
        runs=counts(db, experiment.id),
        stages=stages,
        running=tuple(Running(run, last.get(run.id, {})) for run in running),
        workers=tuple(living),
        eta_seconds=_eta(stages, runs, len(living)),
        conducted=False if conductor is None else is_alive(*conductor),
    )


def _stages(experiment: Experiment, runs: list[Run]) -> tuple[StageProgress, ...]:
    plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
    totals = plan.totals()
    search_epochs = totals["search_runs"] * plan.spec.training.epochs
    planned = {
        "search": (totals["search_runs"], search_epochs),
        "compare": (totals["compare_runs"], totals["epochs"] - search_epochs),
    }
    stages = []
    for stage, (planned_runs, planned_epochs) in planned.items():
        own = [run for run in runs if (run.stage == "search") == (stage == "search")]
        if not planned_runs and not own:
            continue
        ended = [run for run in own if run.state in ENDED]
        done = sum(run.budget for run in ended) + sum(run.epoch for run in own if run.state not in ENDED)
        stages.append(
            StageProgress(
                stage if stage == "search" or plan.spec.experiment.mode != "run" else "run",
                max(planned_runs, len(own)),
                len(ended),
                max(planned_epochs, done),
                done,
            )
        )
    return tuple(stages)


def _eta(stages: tuple[StageProgress, ...], runs: list[Run], workers: int) -> float | None:
    """Epochs to go, at the mean time of an epoch in finished runs, over the workers alive."""
    timed = [run for run in runs if run.state == "complete" and run.started_at and run.finished_at]
    seconds = sum((run.finished_at or 0.0) - (run.started_at or 0.0) for run in timed)
    epochs = sum(run.budget for run in timed)
    now = time.time()
    for run in runs:
        if run.state == "running" and run.started_at and run.epoch:
            seconds += now - run.started_at
            epochs += run.epoch
    left = sum(stage.planned_epochs - stage.done_epochs for stage in stages)
    if left == 0:
        return 0.0
    if not epochs or not workers:
        return None
    return left * seconds / epochs / workers

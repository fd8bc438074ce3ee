"""How far an experiment is: runs by state, epochs, time to go, and what trains now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast, get_args

from core.errors import HlrError
from core.plan import make_plan
from core.spec.file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import Experiment
from core.storage.foreign import ended_elsewhere
from core.storage.processes import is_alive
from core.storage.reader import last_values
from core.storage.runs import Run, RunState, runs_of
from core.storage.tally import Tally, tally
from core.storage.workers import Worker, list_workers

ENDED: tuple[RunState, ...] = ("complete", "failed", "diverged", "pruned")


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Runs and epochs of one stage; `planned_runs` counts those that are not in the queue yet, too. A run that ended
    early counts with its whole budget: nothing of it is left to do."""

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
        bereft: runs whose worker has died and that no other one has taken up yet, while the experiment runs.
    """

    experiment: Experiment
    runs: dict[RunState, int]
    stages: tuple[StageProgress, ...]
    running: tuple[Running, ...]
    workers: tuple[Worker, ...]
    eta_seconds: float | None
    conducted: bool | None
    bereft: tuple[Run, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of the planned epochs that is done, 0 … 1."""
        planned = sum(stage.planned_epochs for stage in self.stages)
        return sum(stage.done_epochs for stage in self.stages) / planned if planned else 0.0

    @property
    def abandoned(self) -> bool:
        """There is work left and nobody to hand it out."""
        return self.experiment.state in ("running", "stopping") and self.conducted is False


def look(db: Database, experiment: Experiment) -> Progress:
    """Read the progress of an experiment."""
    # Workers before runs: one that ends in good order gives its run back first, so that a run whose worker was gone
    # before it was read has been orphaned.
    near = [worker for worker in list_workers(db) if worker.experiment_id in (None, experiment.id)]
    alive = {
        worker.id
        for worker in near
        if worker.state != "gone" and is_alive(worker.host, worker.pid, worker.started) is not False
    }
    tallies = tally(db, experiment.id)
    number: dict[RunState, int] = dict.fromkeys(cast("tuple[RunState, ...]", get_args(RunState)), 0)
    for each in tallies:
        number[each.state] += each.runs
    running = runs_of(db, experiment.id, states=["running"]) if number["running"] else []
    last = last_values(db, [run.id for run in running], ["lr", "effective_lr", "train_loss", "val_loss"])
    # A worker that was started by hand serves every experiment; it is one of ours while it holds one of our runs.
    holders = {run.worker_id for run in running}
    workers = [
        worker
        for worker in near
        if worker.id in alive and (worker.experiment_id == experiment.id or worker.id in holders)
    ]
    dead = {worker.id for worker in near} - alive
    bereft = [run for run in running if run.worker_id in dead]
    if any(each.deaths for each in tallies if each.state == "queued"):
        bereft += runs_of(db, experiment.id, states=["queued"], bereft=True)
    stages = _stages(db, experiment, tallies)
    conductor = experiment.conductor
    return Progress(
        experiment=experiment,
        runs=number,
        stages=stages,
        running=tuple(Running(run, last.get(run.id, {})) for run in running),
        workers=tuple(workers),
        eta_seconds=_eta(stages, tallies, running, len(workers)),
        conducted=False if conductor is None else is_alive(*conductor),
        bereft=tuple(bereft) if experiment.state in ("running", "stopping") else (),
    )


def _stages(db: Database, experiment: Experiment, tallies: Sequence[Tally]) -> tuple[StageProgress, ...]:
    # What has ended is what there was: a method without any finite objective is never compared, say.
    asked = _Planned() if experiment.state == "complete" else _planned(experiment.spec)
    planned = dict(asked.stages)
    if asked.studies:
        trials = sum(min(asked.trials, number) for number in ended_elsewhere(db, asked.studies).values())
        runs, epochs = planned["search"]
        # Trials of other programs count as ours, and need no training.
        planned["search"] = runs - trials * asked.seeds, epochs - trials * asked.seeds * asked.epochs
    stages = []
    for stage in ("search", "compare", "run", "import"):
        own = [each for each in tallies if each.stage == stage]
        planned_runs, planned_epochs = planned.get(stage, (0, 0))
        if not planned_runs and not own:
            continue
        stages.append(
            StageProgress(
                stage,
                max(planned_runs, sum(each.runs for each in own)),
                sum(each.runs for each in own if each.state in ENDED),
                max(planned_epochs, sum(each.budget for each in own)),
                sum(each.budget if each.state in ENDED else each.epochs for each in own),
            )
        )
    return tuple(stages)


@dataclass(frozen=True, slots=True)
class _Planned:
    """Runs and epochs that a spec asks for, by stage; its studies, and what each of them is to have."""

    stages: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    studies: tuple[str, ...] = ()
    trials: int = 0
    seeds: int = 0
    epochs: int = 0


@lru_cache(maxsize=64)
def _planned(spec: str) -> _Planned:
    """What a spec asks for; nothing where it cannot be read here: progress must be visible in a shell without the
    plug-ins of an experiment, too."""
    try:
        plan = make_plan(spec_from_json(spec, "recorded spec"))
    except HlrError:
        return _Planned()
    totals = plan.totals()
    epochs = plan.spec.training.epochs
    search_epochs = totals["search_runs"] * epochs
    rest = (totals["compare_runs"], totals["epochs"] - search_epochs)
    return _Planned(
        {
            "search": (totals["search_runs"], search_epochs),
            "run" if plan.spec.experiment.mode == "run" else "compare": rest,
        },
        tuple(study.name for study in plan.studies) if plan.searches else (),
        plan.spec.optimize.trials,
        len(plan.spec.optimize.seeds),
        epochs,
    )


def _eta(
    stages: Sequence[StageProgress], tallies: Sequence[Tally], running: Sequence[Run], workers: int
) -> float | None:
    """Epochs to go, at the mean time of an epoch in finished runs, over the workers alive."""
    left = sum(stage.planned_epochs - stage.done_epochs for stage in stages)
    if left == 0:
        return 0.0
    seconds = sum(each.seconds for each in tallies if each.state == "complete")
    epochs = sum(each.budget for each in tallies if each.state == "complete")
    now = time.time()
    for run in running:
        if run.started_at and run.epoch:
            seconds += max(0.0, now - run.started_at)
            epochs += run.epoch
    if not epochs or not workers:
        return None
    return left * seconds / epochs / workers

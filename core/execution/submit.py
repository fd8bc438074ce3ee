"""From a spec to an experiment in the database: a new one, or the same one taken up again."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Collection
from typing import Any

from core.catalog import PLUGINS_ENV
from core.errors import MISSING, Problem, SpecError, UsageError, show
from core.execution.asking import Search
from core.execution.devices import count_gpus, wanted_workers
from core.execution.launch import Place
from core.execution.seat import conducted, settled
from core.params import params_of
from core.plan import Plan
from core.spec import ExperimentSpec
from core.spec.file import spec_from_json, spec_to_json
from core.storage.engine import Database, optuna_storage
from core.storage.experiments import (
    Experiment,
    clear_stop,
    create_experiment,
    experiment_by_id,
    find_experiment,
    set_state,
    set_workers_wanted,
    update_spec,
)
from core.storage.runs import requeue_failed

GROWS = frozenset(
    {
        *("experiment.mode", "methods.optimizers", "methods.schedulers", "methods.lr_free", "optimize.trials"),
        *("compare.budgets", "compare.seeds", "training.seeds", "training.device"),
        *("execution.executor", "execution.workers", "tracking.wandb", "tracking.project"),
    }
)
"""What may change between two starts of one experiment: it adds runs, or does not touch their points."""


def submit(db: Database, plan: Plan, place: Place) -> Experiment:
    """Put an experiment into state running; the caller starts its conductor unless one is at work.

    Runs that are finished stay finished; failed runs of a comparison are queued again. Where the experiment is
    stopping, this waits until it has stopped.

    Raises:
        SpecError: an experiment of that name has another spec.
        UsageError: it is running with another spec, or a search that it builds on has not been done.
    """
    spec = plan.spec
    found = find_experiment(db, spec.experiment.name)
    if plan.compares_best and not plan.searches:
        _check_searched(db, plan)
    workers = wanted_workers(spec, count_gpus())
    if found is None:
        return create_experiment(
            db,
            spec.experiment.name,
            spec.experiment.mode,
            spec_to_json(spec),
            workspace=str(place.workspace),
            plugins=os.environ.get(PLUGINS_ENV, ""),
            workers_wanted=workers,
        )
    written = spec_to_json(spec)
    if written != found.spec:
        _check_same(spec, spec_from_json(found.spec, f"experiment {found.name}"))
    found = settled(db, found)
    if conducted(db, found):
        if _trained(written) != _trained(found.spec):
            raise UsageError(
                f'experiment "{found.name}" is running with another spec; `hlr-tui stop {found.name}` first'
            )
        return found
    update_spec(db, found.id, written, spec.experiment.mode)
    set_workers_wanted(db, found.id, workers)
    take_up(db, found)
    return experiment_by_id(db, found.id)


def _trained(written: str) -> dict[str, Any]:
    """A recorded spec without the sections that say where its runs are trained, not which."""
    return {name: table for name, table in json.loads(written).items() if name not in ("execution", "tracking")}


def take_up(db: Database, experiment: Experiment) -> None:
    """Put a stopped, failed or complete experiment back into state running.

    Raises:
        UsageError: its spec cannot be read here, as without a plug-in that it names; nothing has been changed.
    """
    try:
        spec_from_json(experiment.spec, f"experiment {experiment.name}")
    except SpecError as error:
        if not experiment.plugins or experiment.plugins == os.environ.get(PLUGINS_ENV):
            raise
        options = " ".join(f"--plugins {folder}" for folder in experiment.plugins.split(os.pathsep))
        raise UsageError(f"{error}\nexperiment {experiment.name} began with {options}") from error
    for stage in ("compare", "run"):
        requeue_failed(db, experiment.id, stage)
    clear_stop(db, experiment.id)
    set_state(db, experiment.id, "running")


def _check_searched(db: Database, plan: Plan) -> None:
    storage = optuna_storage(db)
    names = {study.study_name for study in storage.get_all_studies()}
    for study in plan.studies:
        if study.name not in names or Search.resume(plan.spec, study, storage).best() is None:
            raise UsageError(
                f'{plan.spec.source}: experiment.mode = "optimize-compare": study "{study.name}" has no finished '
                'trial to compare; search first with mode = "optimize", or use mode = "all"'
            )


def _check_same(new: ExperimentSpec, old: ExperimentSpec) -> None:
    """Refuse a change that would mix runs which cannot be compared."""
    # What only a method says that was added or taken away has no run to be compared with.
    codes = {""} | (_codes(old) & _codes(new))
    before, now = _flat(old, codes), _flat(new, codes)
    problems = []
    for key in sorted(before.keys() | now.keys()):
        if key in GROWS or before.get(key) == now.get(key):
            continue
        had = show(before[key]) if key in before else "not given"
        legal = f'was {had} when experiment "{new.experiment.name}" began'
        legal += "" if key in now else ", and is not given now"
        hint = "take another experiment.name, or `hlr-tui export` and start afresh"
        problems.append(Problem(key, now.get(key, MISSING), legal, hint))
    if problems:
        raise SpecError(new.source, problems)


def _codes(spec: ExperimentSpec) -> set[str]:
    return {code for method in spec.methods for code in (method.optimizer.code, method.scheduler.code)}


def _flat(spec: ExperimentSpec, codes: Collection[str]) -> dict[str, Any]:
    """Every key of a spec with its value, defaults included; of methods, what is said of the parts `codes`."""
    flat: dict[str, Any] = {}
    sections = {
        "experiment": spec.experiment,
        "training": dataclasses.replace(spec.training, lr=spec.lr, batch_size=spec.batch_size),
        "optimize": spec.optimize,
        "compare": spec.compare,
        "execution": spec.execution,
        "tracking": spec.tracking,
        "task": spec.task,
        "model": spec.model,
    }
    for section, part in sections.items():
        flat |= {f"{section}.{name}": getattr(part, name) for name, _ in params_of(part)}
    flat |= {"task.name": spec.task_info.name, "model.name": spec.model_info.name}
    for method in spec.methods:
        parts = {method.optimizer.code: method.recipe, method.scheduler.code: method.schedule}
        for code, part in parts.items():
            if code in codes:
                flat |= {f"methods.params.{code}.{name}": getattr(part, name) for name in spec.given.get(code, ())}
    for one in spec.search:
        if one.code in codes:
            key = ".".join(filter(None, ("optimize.search", one.code, one.name)))
            given = {} if one.span is None else dataclasses.asdict(one.span)
            flat[key] = {word: part for word, part in given.items() if part is not None} or one.value
    return flat

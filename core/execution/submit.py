"""From a spec to an experiment in the database: a new one, or the same one taken up again."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from core.catalog import PLUGINS_ENV
from core.errors import MISSING, Problem, SpecError, UsageError, show
from core.execution.asking import Search
from core.execution.devices import count_gpus, wanted_workers
from core.execution.launch import Place
from core.execution.seat import conducted, settled
from core.execution.surroundings import surroundings
from core.params import params_of
from core.plan import Plan
from core.search import refuse_unusable
from core.spec import ExperimentSpec
from core.spec.file import spec_from_json, spec_to_json
from core.storage.engine import Database, optuna_storage
from core.storage.experiments import (
    IMPORT,
    Experiment,
    clear_stop,
    create_experiment,
    experiment_by_id,
    find_experiment,
    set_state,
    set_workers_wanted,
    update_spec,
)
from core.storage.foreign import shared_studies
from core.storage.provenance import Provenance, amend_provenance, provenance_of
from core.storage.runs import counts, requeue_failed, runs_of

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
        UsageError: it is running with another spec, a search that it builds on has not been done, a study of another
            program cannot be continued, or the name is that of imported curves.
    """
    spec = plan.spec
    found = find_experiment(db, spec.experiment.name)
    if found is not None:
        _refuse_imported(found)
    if spec.tuned:
        _check_shared(db, plan)
    if plan.compares_best and not plan.searches:
        _check_searched(db, plan)
    workers = wanted_workers(spec, count_gpus())
    now = {"at": time.time(), **surroundings(spec.training.threads)}
    if found is None:
        return create_experiment(
            db,
            spec.experiment.name,
            spec.experiment.mode,
            spec_to_json(spec),
            workspace=str(place.workspace),
            plugins=os.environ.get(PLUGINS_ENV, ""),
            workers_wanted=workers,
            provenance=json.dumps({"began": now, "files": dict(spec.files)}, sort_keys=True),
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
    _check_files(db, found, spec)
    update_spec(db, found.id, written, spec.experiment.mode)
    set_workers_wanted(db, found.id, workers)
    take_up(db, found)
    amend_provenance(db, found.id, lambda record: _note_start(record, now))
    return experiment_by_id(db, found.id)


def has_trained(db: Database, plan: Plan) -> bool:
    """Whether this very spec is known to train: it has finished runs, or is at work now."""
    found = find_experiment(db, plan.spec.experiment.name)
    if found is None or found.spec != spec_to_json(plan.spec):
        return False
    return counts(db, found.id)["complete"] > 0 or conducted(db, found)


def _note_start(record: Provenance, now: dict[str, Any]) -> None:
    """Keep what this start finds changed since the last one."""
    last = ([record.get("began", {}), *record.get("later", [])])[-1]
    if any(now[key] != last.get(key) for key in now if key not in ("at", "command", "folder")):
        record.setdefault("later", []).append(now)


def _check_files(db: Database, experiment: Experiment, spec: ExperimentSpec) -> None:
    """Refuse files that have changed since runs were trained with them; else remember them as they are now."""
    before = provenance_of(db, experiment.id).get("files", {})
    moved = {Path(path).name: digest for path, digest in before.items() if path not in spec.files}
    changed = [
        path for path, digest in spec.files.items() if before.get(path, moved.get(Path(path).name, digest)) != digest
    ]
    if changed and _has_trained_runs(db, experiment):
        name = experiment.name
        legal = f'has changed since runs of experiment "{name}" were trained with it'
        hint = f"take another experiment.name, or `hlr-tui delete {name}` and start afresh"
        raise SpecError(spec.source, [Problem("file", path, legal, hint) for path in changed])
    amend_provenance(db, experiment.id, lambda record: record.setdefault("files", {}).update(spec.files))


def _has_trained_runs(db: Database, experiment: Experiment) -> bool:
    """Whether something is kept of runs: results, or a checkpoint that a run would go on from."""
    number = counts(db, experiment.id)
    if number["complete"] + number["diverged"] + number["pruned"]:
        return True
    return any(run.checkpoint is not None for run in runs_of(db, experiment.id, states=["queued", "running"]))


def _trained(written: str) -> dict[str, Any]:
    """A recorded spec without the sections that say where its runs are trained, not which."""
    return {name: table for name, table in json.loads(written).items() if name not in ("execution", "tracking")}


def take_up(db: Database, experiment: Experiment) -> None:
    """Put a stopped, failed or complete experiment back into state running.

    Raises:
        UsageError: its spec cannot be read here, as without a plug-in that it names, or it holds imported curves;
            nothing has been changed.
    """
    _refuse_imported(experiment)
    try:
        _check_files(db, experiment, spec_from_json(experiment.spec, f"experiment {experiment.name}"))
    except SpecError as error:
        if not experiment.plugins or experiment.plugins == os.environ.get(PLUGINS_ENV):
            raise
        options = " ".join(f"--plugins {folder}" for folder in experiment.plugins.split(os.pathsep))
        raise UsageError(f"{error}\nexperiment {experiment.name} began with {options}") from error
    for stage in ("compare", "run"):
        requeue_failed(db, experiment.id, stage)
    clear_stop(db, experiment.id)
    set_state(db, experiment.id, "running")


def _refuse_imported(experiment: Experiment) -> None:
    if experiment.mode == IMPORT:
        raise UsageError(
            f'experiment "{experiment.name}" holds imported curves, there is nothing to train; take another name'
        )


def _check_shared(db: Database, plan: Plan) -> None:
    """Refuse studies of other programs that cannot be continued, before anything is written."""
    studies = {study.name: study for study in plan.studies}
    shared = shared_studies(db, studies)
    if not shared:
        return
    import optuna

    storage = optuna_storage(db)
    for name in shared:
        refuse_unusable(studies[name], optuna.load_study(study_name=name, storage=storage))


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

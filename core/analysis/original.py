"""The files that the experiment code of the HyperbolicLR paper (arXiv:2407.15200) writes and reads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from core.analysis.results import OBJECTIVE, compared_runs, result_document
from core.analysis.seed_csv import STATISTICS, SeedCurve, SeedFile
from core.catalog import called, catalog
from core.errors import UsageError, did_you_mean, show
from core.params import params_of
from core.spec import ExperimentSpec
from core.spec.file import spec_from_json
from core.storage.engine import Database
from core.storage.experiments import IMPORT, Experiment
from core.storage.imports import label_of
from core.storage.reader import curves
from core.storage.runs import Run, runs_of

ACCURACY = "val_accuracy"

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "osc": "OSC", "integral": "Integral"}
"""Task → the data set in names of files; other tasks go by their own name."""

MODELS = {
    "SimpleCNN": "CNN",
    "ResNetCIFAR": "ResNet",
    "SimpleViT": "ViT",
    "LSTM_Seq2Seq": "LSTM",
    "DeepONet": "MLP",
    "TFONet": "TF",
}
"""Model → its short form in names of files; other models go by their own name."""

CLASSES = {"cifar10": 10, "cifar100": 100}


def results_json(db: Database, experiment: Experiment, optimizer: str | None = None) -> dict[str, Any]:
    """What ``run_all.py`` writes as ``results_{project}.json``: `config`, `optimization` (best trial by method) and
    `comparison` (mean objective by method and budget, a text). A method goes by its scheduler's code, or by the
    LR-free optimizer's name. Numbers may be inf.

    Raises:
        UsageError: see `chosen`.
    """
    document = result_document(db, experiment)
    methods = [*document["studies"], *document["comparison"]]
    wanted = chosen(experiment.name, {method["optimizer"] for method in methods}, optimizer)
    best = {
        _code(study["optimizer"], study["scheduler"]): {
            "best_val_loss": study["best"]["value"],
            "best_params": study["best"]["params"],
        }
        for study in document["studies"]
        if study["optimizer"] in wanted and study["best"] is not None
    }
    compared: dict[str, dict[str, float]] = {}
    for row in document["comparison"]:  # by rising budget
        if row["optimizer"] in wanted and row["mean"] is not None:
            method = compared.setdefault(_code(row["optimizer"], row["scheduler"]), {})
            method[str(row["budget"])] = row["mean"]
    order = [info.code for info in (*catalog().schedulers.all(), *catalog().optimizers.all())]

    def sorted_methods(found: dict[str, Any]) -> dict[str, Any]:
        return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))

    return {
        "config": _config(experiment),
        "optimization": sorted_methods(best),
        "comparison": sorted_methods(compared),
    }


def seed_csvs(db: Database, experiment: Experiment, optimizer: str | None = None) -> dict[str, str]:
    """Name → text of the files ``Result_{Dataset}_{Model}-{Code}.csv`` of what was compared, and ``…_ACC-…`` where the
    validation accuracy was recorded; see `core.analysis.seed_csv`.

    Only runs that came to their end count, as in every comparison; a budget without any has no columns.

    Args:
        optimizer: whose methods; needed where schedulers were paired with several.

    Raises:
        UsageError: see `chosen`; or nothing has been compared yet.
    """
    runs = [run for run in compared_runs(runs_of(db, experiment.id)) if run.state == "complete"]
    if not runs:
        raise UsageError(f'experiment "{experiment.name}" has no finished run of a comparison to write curves of')
    wanted = chosen(experiment.name, {run.optimizer for run in runs}, optimizer)
    runs = [run for run in runs if run.optimizer in wanted]
    label = _label(experiment)
    texts = {}
    for metric in (OBJECTIVE, ACCURACY):
        found = _seed_curves(db, runs, metric, experiment.mode == IMPORT)
        for code, by_budget in sorted(found.items()):
            file = SeedFile(label, code, metric == ACCURACY, by_budget)
            texts[file.name] = file.text()
    return texts


def chosen(name: str, optimizers: Iterable[str], optimizer: str | None) -> set[str]:
    """The optimizers whose methods can stand together, where a method goes by the code of its scheduler: `optimizer`,
    or the only one there is, with the LR-free ones; an LR-free one alone where `optimizer` names it.

    Raises:
        UsageError: there are several and none was chosen, or the chosen one is not there.
    """
    there = set(optimizers)
    free = {code for code in there if lr_free(code)}
    paired = sorted(there - free)
    if optimizer is None:
        if len(paired) > 1:
            raise UsageError(
                f'experiment "{name}" has the same schedulers with {" and ".join(paired)}, whose results go by the '
                "same names here; choose one optimizer"
            )
        return there
    info = called(optimizer, catalog().optimizers.all())
    code = info.code if info else optimizer
    if code not in there:
        hint = did_you_mean(optimizer, there)
        legal = f"must be one of {', '.join(sorted(there)) or 'none, as nothing has ended yet'}"
        raise UsageError(f"optimizer = {show(optimizer)}: {legal}" + (f" ({hint})" if hint else ""))
    return {code} if code in free else free | {code}


def lr_free(code: str) -> bool:
    """Whether a code is that of an optimizer that finds its own rate."""
    info = called(code, catalog().optimizers.all())
    return info is not None and info.lr_free


def _code(optimizer: str, scheduler: str) -> str:
    return optimizer if lr_free(optimizer) else scheduler


def _label(experiment: Experiment) -> str:
    if experiment.mode == IMPORT:
        return label_of(experiment.spec)
    spec = spec_from_json(experiment.spec, f"experiment {experiment.name}")
    dataset, model = spec.task_info.name, spec.model_info.name
    return f"{DATASETS.get(dataset, dataset)}_{MODELS.get(model, model)}"


def _config(experiment: Experiment) -> dict[str, Any]:
    """The settings under the original's keys; then the task's own that the original does not know."""
    if experiment.mode == IMPORT:
        return {"project": experiment.name, "imported": label_of(experiment.spec)}
    spec: ExperimentSpec = spec_from_json(experiment.spec, f"experiment {experiment.name}")
    task = spec.task_info.name
    config: dict[str, Any] = {
        "model": spec.model_info.name,
        "lr": spec.lr,
        "batch_size": spec.batch_size,
        "epochs": spec.training.epochs,
        "infimum_lr": spec.training.infimum_lr,
    }
    if task in CLASSES:
        config |= {"dataset": DATASETS[task], "num_classes": CLASSES[task]}
    config |= {name: getattr(spec.task, name) for name, _ in params_of(spec.task)}
    return config | {"project": spec.experiment.name}


def _seed_curves(db: Database, runs: Sequence[Run], metric: str, imported: bool) -> dict[str, dict[int, SeedCurve]]:
    """Code of a method → budget → curve; what has no points of the metric is left out."""
    ids = [run.id for run in runs]
    mean, low, high = (
        {run_id: values for run_id, (_, values) in curves(db, ids, metric + ending).items()}
        for ending in (STATISTICS if imported else ("", "", ""))
    )
    found: dict[str, dict[int, SeedCurve]] = {}

    def key(run: Run) -> tuple[str, int]:
        return _code(run.optimizer, run.scheduler), run.budget

    for (code, budget), group in groupby(sorted(runs, key=key), key=key):
        own = [run.id for run in group if run.id in mean]
        if not own:
            continue
        if imported:
            curve = SeedCurve(mean[own[0]], low[own[0]], high[own[0]])
        else:
            epochs = list(zip(*(mean[run_id] for run_id in own), strict=True))
            curve = SeedCurve(*([over(values) for values in epochs] for over in (_mean, _lowest, _highest)))
        found.setdefault(code, {})[budget] = curve
    return found


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if all(map(math.isfinite, values)) else sum(values) / len(values)


def _lowest(values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else min(values)


def _highest(values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else max(values)

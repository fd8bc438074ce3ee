"""The keys of a spec that ``--set`` may name, and their values."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from core.catalog import catalog
from core.component import OptimizerInfo, SchedulerInfo, parameters_class
from core.errors import UsageError
from core.params import Choice, Flag, Param, Real, Text, Whole, Wholes, Words, params_of
from core.spec import ExperimentSpec
from core.spec.file import load_spec
from core.spec.ranges import LR
from core.spec.sections import SECTIONS

_NAMED = {"task.name": "tasks", "model.name": "models"}


def settings(path: Path | None, prefix: str) -> dict[str, str]:
    """``KEY=`` for every key, or ``KEY=VALUE`` for the values of the key before the ``=``, with a line of help each.

    Args:
        path: the spec that they are laid over: where it can be read, only the keys of its task, model and methods.
    """
    try:
        spec = None if path is None else load_spec(path)
    except UsageError:
        spec = None
    found = keys(spec)
    key, equals, written = prefix.partition("=")
    if not equals:
        return {f"{key}=": param.help for key, param in found.items()}
    if key not in found:
        return {}
    before = written.rpartition(",")[0] + "," if "," in written and isinstance(found[key], Words) else ""
    return {f"{key}={before}{value}": about for value, about in _values(key, found[key]).items()}


def keys(spec: ExperimentSpec | None) -> dict[str, Param]:
    """Every key and its declaration: those of one spec, or of all components."""
    found: dict[str, Param] = {
        f"{section}.{name}": param for section, cls in SECTIONS.items() for name, param in params_of(cls)
    }
    found |= {key: Text(default=None, help=f"which one: hlr-tui list {kind}") for key, kind in _NAMED.items()}
    tasks = catalog().tasks.all() if spec is None else [spec.task_info]
    models = catalog().models.all() if spec is None else [spec.model_info]
    for section, infos in (("task", tasks), ("model", models)):
        for info in infos:
            found |= {f"{section}.{name}": param for name, param in params_of(parameters_class(info))}
    search: dict[str, Param] = {LR: dict(params_of(SECTIONS["training"]))[LR]}
    for part in _parts(spec):
        for name, param in params_of(parameters_class(part)):
            found[f"methods.params.{part.code}.{name}"] = param
            if isinstance(param, (Whole, Real)):
                search[name] = search[f"{part.code}.{name}"] = param
    for key, param in search.items():
        key = f"optimize.search.{key}"
        for end in ("low", "high", "step"):
            found[f"{key}.{end}"] = Real(default=None, help=f"{end} of where to look for: {param.help}")
        found[f"{key}.log"] = Flag(default=False, help="whether to look on a logarithmic scale")
    return found


def _parts(spec: ExperimentSpec | None) -> list[SchedulerInfo | OptimizerInfo]:
    if spec is None:
        return [*catalog().schedulers.all(), *catalog().optimizers.all()]
    parts = [part for method in spec.methods for part in (method.scheduler, method.optimizer)]
    return [part for number, part in enumerate(parts) if part not in parts[:number]]


def _values(key: str, param: Param) -> dict[str, str]:
    match param:
        case Choice():
            return dict.fromkeys(param.options, "")
        case Flag():
            return {"true": "", "false": ""}
        case Words():
            infos = catalog().schedulers.all() if param.kind == "schedulers" else catalog().optimizers.all()
            return {info.code: info.summary for info in infos} | {"all": "every one"}
        case Whole():
            return {param.word: ""} if param.word else {}
        case Text():
            tasks = {info.name: info.summary for info in catalog().tasks.all()}
            models = {info.name: info.summary for info in catalog().models.all()}
            return {"task.name": tasks, "model.name": models}.get(key, {})
        case Real() | Wholes():
            return {}
        case _:
            assert_never(param)

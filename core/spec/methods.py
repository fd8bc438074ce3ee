"""[methods]: from names and parameters to the methods of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog import Shelf, UnknownName, called, catalog
from core.component import Info, OptimizerInfo, OptimizerRecipe, SchedulerInfo, parameters_class
from core.errors import MISSING, Problem, did_you_mean
from core.params import params_of
from core.spec.experiment import Document, Method
from core.spec.sections import MethodsSection
from core.values import parse

NO_SCHEDULE = "N"
ALL = ("all",)


@dataclass(frozen=True, slots=True)
class MethodsRead:
    """What [methods] says.

    Attributes:
        methods: every pair of optimizer and scheduler, then the LR-free optimizers.
        given: code of a part → the parameters that [methods.params] gives it.
        parts: the records that methods are made of, also of those whose parameters are not legal.
    """

    methods: tuple[Method, ...]
    given: Mapping[str, frozenset[str]]
    parts: tuple[OptimizerInfo | SchedulerInfo, ...]


def read_methods(
    section: MethodsSection | None, params: object, infimum_lr: float | None, problems: list[Problem]
) -> MethodsRead:
    """Check [methods] and [methods.params]; problems are appended to `problems`.

    Args:
        section: the lists of names, None where they are not legal.
        params: the table [methods.params].
        infimum_lr: training.infimum_lr, for the schedulers that have one and are not given their own.
    """
    if section is None:
        return MethodsRead((), {}, ())
    before = len(problems)
    shelves = catalog()
    optimizers = _chosen("optimizers", section.optimizers, shelves.optimizers, lambda info: not info.lr_free, problems)
    schedulers = _chosen("schedulers", section.schedulers, shelves.schedulers, lambda info: True, problems)
    lr_free = _chosen("lr_free", section.lr_free, shelves.optimizers, lambda info: info.lr_free, problems)
    if len(problems) == before and not lr_free and not (optimizers and schedulers):
        legal = "no method is left: name optimizers and schedulers, or lr_free optimizers"
        problems.append(Problem("methods", MISSING, legal))
    known_names = len(problems) == before
    constant = shelves.schedulers.get(NO_SCHEDULE)
    parts = tuple(dict.fromkeys([*optimizers, *schedulers, *lr_free] + [constant] * bool(lr_free)))
    fixed = _fixed_values(params, parts if known_names else None, problems)
    built = {info.code: _build(info, fixed, infimum_lr, problems) for info in parts}
    pairs = [(optimizer, scheduler) for optimizer in optimizers for scheduler in schedulers]
    pairs += [(optimizer, constant) for optimizer in lr_free]
    methods = [
        Method(optimizer, built[optimizer.code], scheduler, built[scheduler.code])
        for optimizer, scheduler in pairs
        if built[optimizer.code] is not None and built[scheduler.code] is not None
    ]
    return MethodsRead(tuple(methods), {code: frozenset(values) for code, values in fixed.items()}, parts)


def _chosen(
    key: str, words: Sequence[str], shelf: Shelf[Any], fits: Callable[[Any], bool], problems: list[Problem]
) -> list[Any]:
    fitting = [info for info in shelf.all() if fits(info)]
    if tuple(words) == ALL:
        return fitting
    found: list[Any] = []
    legal = "must be one of " + ", ".join(info.code for info in fitting)
    for word in words:
        try:
            info = shelf.get(word)
        except UnknownName:
            hint = did_you_mean(word, [info.code for info in fitting] + [info.name for info in fitting])
            if (word,) == ALL:
                hint = f'alone it means all of them: {key} = "all"'
            problems.append(Problem(f"methods.{key}", word, legal, hint))
            continue
        if info not in fitting:
            where = "lr_free" if key == "optimizers" else "optimizers"
            problems.append(Problem(f"methods.{key}", word, legal, f"{info.code} belongs to methods.{where}"))
        elif info in found:
            problems.append(Problem(f"methods.{key}", word, f"names {info.code} a second time"))
        else:
            found.append(info)
    return found


def _fixed_values(params: object, parts: Sequence[Info] | None, problems: list[Problem]) -> dict[str, Document]:
    """[methods.params.CODE], keyed by the part's code; `parts` are those in use, None where that is not known."""
    if not isinstance(params, dict):
        problems.append(Problem("methods.params", params, "must be tables, written [methods.params.CODE]"))
        return {}
    fixed: dict[str, Document] = {}
    every: list[SchedulerInfo | OptimizerInfo] = [*catalog().schedulers.all(), *catalog().optimizers.all()]
    for word, values in params.items():
        key = f"methods.params.{word}"
        info = called(word, every)
        if info is None:
            legal = "must be the code of a scheduler or an optimizer: " + ", ".join(known.code for known in every)
            names = [known.code for known in every] + [known.name for known in every]
            problems.append(Problem(key, MISSING, legal, did_you_mean(word, names)))
        elif not isinstance(values, dict):
            problems.append(Problem(key, values, f"must be a table of parameters, written [{key}]"))
        elif parts is not None and info not in parts:
            legal = "no method of this spec uses it; the methods use " + ", ".join(part.code for part in parts)
            problems.append(Problem(key, MISSING, legal))
        elif info.code in fixed:
            problems.append(Problem(key, MISSING, f"names {info.code} a second time"))
        else:
            fixed[info.code] = values
    return fixed


def _build(info: Info, fixed: Mapping[str, Document], infimum_lr: float | None, problems: list[Problem]) -> Any:
    cls = parameters_class(info)
    values: Document = {}
    if infimum_lr is not None and isinstance(info, SchedulerInfo) and "infimum_lr" in dict(params_of(cls)):
        values["infimum_lr"] = infimum_lr
    part, found = parse(cls, values | fixed.get(info.code, {}))
    if isinstance(part, OptimizerRecipe):
        found = part.check()
    problems += [problem.under(f"methods.params.{info.code}") for problem in found]
    return None if found else part

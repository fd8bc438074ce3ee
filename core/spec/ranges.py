"""[optimize.search]: where a search looks, laid over the declared ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog import called
from core.component import OptimizerInfo, SchedulerInfo, parameters_class
from core.errors import MISSING, Problem, did_you_mean
from core.params import Range, Real, Whole, params_of
from core.values import check_value, legal_range

LR = "lr"
KEY = "optimize.search"

Numbers = dict[str, list[Whole | Real]]
"""Name of a parameter → its declarations; what is written for all parts must be legal for each of them."""


@dataclass(frozen=True, slots=True)
class Override:
    """What the spec says of one searched parameter.

    Attributes:
        code: the scheduler or optimizer it holds for, "" for every part that has the parameter.
        name: the parameter; "lr" is the peak rate of the training.
        span: where to look, or None where `value` takes the parameter out of the search.
        value: the fixed value.
    """

    code: str
    name: str
    span: Range | None
    value: float | None = None


def read_overrides(
    table: object, parts: Sequence[OptimizerInfo | SchedulerInfo], training: type, problems: list[Problem]
) -> tuple[Override, ...]:
    """Check [optimize.search]; problems are appended to `problems`.

    Args:
        table: what the spec says: ranges or values by parameter, or tables of these by the code of a part.
        parts: the optimizers and schedulers of the experiment; nothing is checked where there are none.
        training: the section that declares the peak learning rate.
    """
    if not isinstance(table, dict):
        problems.append(Problem(KEY, table, "must be a table of ranges"))
        return ()
    if not parts:
        return ()
    shared: Numbers = {}
    if any(isinstance(part, OptimizerInfo) and not part.lr_free for part in parts):
        shared = _numbers(LR, dict(params_of(training)))
    for part in parts:
        for name, params in _numbers(None, dict(params_of(parameters_class(part)))).items():
            shared.setdefault(name, []).extend(params)
    overrides: list[Override] = []
    for name, written in table.items():
        part_named = called(name, parts)
        if part_named is None or name in shared:
            overrides += _read(KEY, "", shared, {name: written}, [part.code for part in parts], problems)
        elif not isinstance(written, dict):
            problems.append(Problem(f"{KEY}.{name}", written, "must be a table of ranges by parameter"))
        else:
            own = _numbers(None, dict(params_of(parameters_class(part_named))))
            overrides += _read(f"{KEY}.{name}", part_named.code, own, written, [], problems)
    seen: set[tuple[str, str]] = set()
    for override in overrides:
        if (override.code, override.name) in seen:
            legal = f"stands twice: {override.code} has two tables"
            problems.append(Problem(f"{KEY}.{override.code}.{override.name}", MISSING, legal))
        seen.add((override.code, override.name))
    return tuple(overrides)


def _numbers(only: str | None, params: dict[str, Any]) -> Numbers:
    return {
        name: [param]
        for name, param in params.items()
        if isinstance(param, (Whole, Real)) and (only is None or name == only)
    }


def _read(
    key: str, code: str, declared: Numbers, table: dict[str, object], codes: Sequence[str], problems: list[Problem]
) -> list[Override]:
    overrides = []
    for name, written in table.items():
        where = f"{key}.{name}"
        if name not in declared:
            known = ("must be one of " + ", ".join(declared)) if declared else "there are none to search here"
            hint = did_you_mean(name, [*declared, *codes])
            problems.append(Problem(where, written, f"no such parameter to search; {known}", hint))
            continue
        found: list[Problem] = []
        if isinstance(written, dict):
            spans = [_read_span(where, param, written, found) for param in declared[name]]
            if not found and spans[0] is not None:
                overrides.append(Override(code, name, spans[0]))
        else:
            values = [_read_value(where, param, written, found) for param in declared[name]]
            if not found:
                overrides.append(Override(code, name, None, values[0]))
        problems += found
    return overrides


def _read_value(key: str, param: Whole | Real, written: object, problems: list[Problem]) -> float | None:
    value, problem = check_value(key, param, written)
    if problem is None:
        assert isinstance(value, (int, float))
        return value
    problems.append(Problem(key, written, f"{problem.legal}, or a range {{ low = …, high = …, log = true }}"))
    return None


def _read_span(key: str, param: Whole | Real, table: dict[str, object], problems: list[Problem]) -> Range | None:
    known = ("low", "high", "step", "log")
    before = len(problems)
    for word, value in table.items():
        if word not in known:
            legal = "unknown key; must be one of " + ", ".join(known)
            problems.append(Problem(f"{key}.{word}", value, legal, did_you_mean(word, known)))
    log = table.get("log", False)
    if not isinstance(log, bool):
        problems.append(Problem(f"{key}.log", log, "must be true or false"))
    low = _bound(key, "low", param, table, problems)
    high = _bound(key, "high", param, table, problems)
    step = _step(key, param, table, problems)
    if step is not None and log is True:
        problems.append(Problem(f"{key}.step", step, "must be left out where log = true"))
    if low is not None and high is not None:
        if low >= high:
            problems.append(Problem(f"{key}.low", low, f"low < high must hold, but high = {high:g}"))
        elif step is not None and not _divides(step, high - low):
            legal = f"must divide high - low = {high - low:g}, so that high is reached"
            problems.append(Problem(f"{key}.step", step, legal))
        if log is True and low <= 0:
            problems.append(Problem(f"{key}.low", low, "must be > 0 where log = true"))
    if len(problems) > before or low is None or high is None:
        return None
    return Range(low, high, step, log is True)


def _bound(key: str, word: str, param: Whole | Real, table: dict[str, object], problems: list[Problem]) -> float | None:
    if word not in table:
        bounds = legal_range(param)
        problems.append(Problem(f"{key}.{word}", MISSING, "is missing" + (f"; must be {bounds}" if bounds else "")))
        return None
    value, problem = check_value(f"{key}.{word}", param, table[word])
    if problem is not None:
        problems.append(problem)
        return None
    assert isinstance(value, (int, float))
    return value


def _step(key: str, param: Whole | Real, table: dict[str, object], problems: list[Problem]) -> float | None:
    if "step" not in table:
        return None
    kind = Whole(default=None, help="", low=1) if isinstance(param, Whole) else Real(default=None, help="", above=0.0)
    step, problem = check_value(f"{key}.step", kind, table["step"])
    if problem is not None:
        problems.append(problem)
        return None
    assert isinstance(step, (int, float))
    return step


def _divides(step: float, width: float) -> bool:
    count = width / step
    return count >= 1 - 1e-9 and math.isclose(count, round(count), rel_tol=1e-9)

"""[optimize.search]: where a search looks, laid over the declared ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.component import Info, parameters_class
from core.errors import MISSING, Problem, did_you_mean
from core.params import Range, Real, Whole, check_value, legal_range, params_of

if TYPE_CHECKING:
    from core.spec import Method

LR = "lr"


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
    table: object, methods: Sequence[Method], training: type, problems: list[Problem]
) -> tuple[Override, ...]:
    """Check [optimize.search]; problems are appended to `problems`."""
    key = "optimize.search"
    if not isinstance(table, dict):
        problems.append(Problem(key, table, "must be a table of ranges"))
        return ()
    parts: dict[str, Info] = {}
    for method in methods:
        parts |= {method.optimizer.code: method.optimizer, method.scheduler.code: method.scheduler}
    overrides: list[Override] = []
    shared = _numbers({LR: dict(params_of(training))[LR]})
    for part in parts.values():
        shared |= _numbers(dict(params_of(parameters_class(part))))
    for name, written in table.items():
        if name in parts and isinstance(written, dict):
            own = _numbers(dict(params_of(parameters_class(parts[name]))))
            overrides += _read(f"{key}.{name}", name, own, written, problems)
        elif methods:
            overrides += _read(key, "", shared, {name: written}, problems)
    return tuple(overrides)


def _numbers(params: dict[str, Any]) -> dict[str, Whole | Real]:
    return {name: param for name, param in params.items() if isinstance(param, (Whole, Real))}


def _read(
    key: str, code: str, declared: dict[str, Whole | Real], table: dict[str, object], problems: list[Problem]
) -> list[Override]:
    overrides = []
    for name, written in table.items():
        param = declared.get(name)
        where = f"{key}.{name}"
        if param is None:
            legal = "unknown parameter; must be one of " + ", ".join(declared)
            problems.append(Problem(where, written, legal, did_you_mean(name, declared)))
        elif isinstance(written, dict):
            span = _read_span(where, param, written, problems)
            if span is not None:
                overrides.append(Override(code, name, span))
        else:
            value, problem = check_value(where, param, written)
            if problem is not None:
                legal = f"{problem.legal}, or a range {{ low = …, high = …, log = true }}"
                problems.append(Problem(where, written, legal))
            else:
                overrides.append(Override(code, name, None, value))
    return overrides


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
    step = table.get("step")
    if step is not None and (isinstance(step, bool) or not isinstance(step, (int, float)) or step <= 0):
        problems.append(Problem(f"{key}.step", step, "must be a number > 0"))
    elif step is not None and log is True:
        problems.append(Problem(f"{key}.step", step, "must be left out where log = true"))
    elif isinstance(param, Whole) and isinstance(step, float) and not step.is_integer():
        problems.append(Problem(f"{key}.step", step, "must be a whole number, as the parameter is"))
    if low is not None and high is not None:
        if low >= high:
            problems.append(Problem(f"{key}.low", low, f"low < high must hold, but high = {high:g}"))
        if log is True and low <= 0:
            problems.append(Problem(f"{key}.low", low, "must be > 0 where log = true"))
    if len(problems) > before or low is None or high is None:
        return None
    assert step is None or isinstance(step, (int, float))
    return Range(low, high, None if step is None else float(step), log is True)


def _bound(key: str, word: str, param: Whole | Real, table: dict[str, object], problems: list[Problem]) -> float | None:
    if word not in table:
        bounds = legal_range(param)
        problems.append(Problem(f"{key}.{word}", MISSING, "is missing" + (f"; must be {bounds}" if bounds else "")))
        return None
    value, problem = check_value(f"{key}.{word}", param, table[word])
    if problem is not None:
        problems.append(problem)
        return None
    if value is None:
        problems.append(Problem(f"{key}.{word}", table[word], "must be a number"))
        return None
    return float(value) if isinstance(param, Real) else int(value)

"""Declarations as data and as words: the reader behind `list`, `reference` and every other listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from core.catalog import catalog
from core.component import (
    Info,
    MetricInfo,
    ModelInfo,
    OptimizerInfo,
    SchedulerInfo,
    TaskInfo,
    parameters_class,
)
from core.errors import Problem, SpecError, did_you_mean
from core.params import (
    Choice,
    Derived,
    Flag,
    Param,
    Real,
    Span,
    Text,
    Whole,
    Wholes,
    Words,
    params_of,
)
from core.values import legal_range
from hlr_tui.output import number_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorInfo:
    """A way to start workers."""

    name: str
    code: str
    summary: str
    reference: str = ""


EXECUTORS = (ExecutorInfo(name="local", code="local", summary="worker processes on this machine"),)

Record = Info | MetricInfo | ExecutorInfo

KINDS = ("schedulers", "optimizers", "models", "tasks", "metrics", "executors")


def records(kind: str) -> Sequence[Record]:
    """Every record of a kind, in the order of lists and tables.

    Raises:
        SpecError: there is no such kind.
        UsageError: a plug-in cannot be loaded.
    """
    match kind:
        case "schedulers":
            return catalog().schedulers.all()
        case "optimizers":
            return catalog().optimizers.all()
        case "models":
            return catalog().models.all()
        case "tasks":
            return catalog().tasks.all()
        case "metrics":
            return catalog().metrics.all()
        case "executors":
            return EXECUTORS
        case _:
            raise SpecError(
                "list", [Problem("KIND", kind, f"must be one of {', '.join(KINDS)}", did_you_mean(kind, KINDS))]
            )


def record_document(record: Record) -> dict[str, object]:
    """A record as JSON data; what is absent is None."""
    head: dict[str, object] = {
        "name": record.name,
        "code": record.code,
        "summary": record.summary,
        "reference": record.reference or None,
    }
    own: dict[str, object]
    match record:
        case SchedulerInfo():
            own = {"family": record.family, "tick": record.tick}
        case OptimizerInfo():
            own = {"family": record.family, "lr_free": record.lr_free}
        case ModelInfo():
            own = {"kind": record.kind}
        case TaskInfo():
            own = {"kind": record.kind, "model": record.model, "lr": record.lr, "batch_size": record.batch_size}
        case MetricInfo():
            own = {"direction": record.direction}
        case ExecutorInfo():
            own = {}
        case _:
            assert_never(record)
    return {**head, **own, "params": [param_document(name, param) for name, param in record_params(record)]}


def record_params(record: Record) -> list[tuple[str, Param]]:
    """Name and declaration of each parameter of a record's component; metrics and executors have none."""
    if isinstance(record, (MetricInfo, ExecutorInfo)):
        return []
    return list(params_of(parameters_class(record)))


def param_document(name: str, param: Param) -> dict[str, object]:
    """A parameter as JSON data; every key is always there, and what does not apply is None."""
    default = getattr(param, "default")
    document: dict[str, object] = {
        "name": name,
        "kind": type(param).__name__.lower(),
        "default": _plain_bound(list(default) if isinstance(default, tuple) else default),
        "derived": isinstance(default, Derived),
        "low": None,
        "high": None,
        "above": None,
        "below": None,
        "choices": None,
        "search": None,
        "help": param.help,
        "in_ticks": False,
    }
    match param:
        case Whole():
            document |= {"low": param.low, "high": param.high, "in_ticks": param.in_ticks}
            document |= {"search": _span_document(param.search)}
        case Real():
            document |= {"low": param.low, "high": param.high, "above": param.above, "below": param.below}
            document |= {"search": _span_document(param.search)}
        case Choice():
            document |= {"choices": list(param.options)}
        case Wholes():
            document |= {"low": param.low}
        case Flag() | Text() | Words():
            pass
        case _:
            assert_never(param)
    return document


def _span_document(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    return {"low": _plain_bound(span.low), "high": _plain_bound(span.high), "step": span.step, "log": span.log}


def _plain_bound(value: object) -> object:
    return value.text if isinstance(value, Derived) else value


def default_text(param: Param) -> str:
    """The default in words: a number, the formula of a derived one, "none" where there is none."""
    match param:
        case Whole():
            return (param.word or "none") if param.default is None else _bound_text(param.default)
        case Real():
            return "none" if param.default is None else _bound_text(param.default)
        case Choice() | Text():
            return "none" if param.default is None else param.default or '""'
        case Flag():
            return "true" if param.default else "false"
        case Wholes():
            return ", ".join(map(str, param.default)) or "none"
        case Words():
            return ", ".join(param.default) or "none"
        case _:
            assert_never(param)


def legal_text(param: Param) -> str:
    """What is legal, in words."""
    match param:
        case Whole():
            word = f'"{param.word}" or ' if param.word else ""
            return f"{word}whole number {_range_text(param)}".rstrip()
        case Real():
            return f"number {_range_text(param)}".rstrip()
        case Choice():
            return ", ".join(param.options)
        case Flag():
            return "true, false"
        case Text():
            return param.legal.removeprefix("must be ")
        case Wholes():
            return f"list of whole numbers >= {param.low}" + (", or a count" if param.count else "")
        case Words():
            return f'names of {param.kind}, or "all"'
        case _:
            assert_never(param)


def search_text(param: Param) -> str:
    """The default search range in words, "" where the parameter is not searched."""
    span = param.search if isinstance(param, (Whole, Real)) else None
    if span is None:
        return ""
    step = f" step {number_text(span.step)}" if span.step is not None else ""
    return f"{_bound_text(span.low)} … {_bound_text(span.high)}{step}" + (" log" if span.log else "")


def _range_text(param: Whole | Real) -> str:
    return legal_range(param).replace("e+0", "e").replace("e-0", "e-")


def _bound_text(bound: float | Derived) -> str:
    return bound.text if isinstance(bound, Derived) else number_text(bound)

"""What a default amounts to that is declared as a formula over the horizon of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.catalog import catalog
from core.component import SchedulerInfo, TaskInfo
from core.params import Derived, Horizon, Param, Real, Span, Whole, params_of, resolve
from core.spec.experiment import COMPARE_MODES, TUNED_MODES
from core.spec.sections import CompareSection, TrainingSection, compare_defaults
from core.values import check_value
from hlr_tui.describe import search_text
from hlr_tui.forms.texts import text_of, value_of
from hlr_tui.forms.values import Values, component, mode_of, text_in

MOST = 3
"""Budgets whose values are shown."""


def given(values: Values, prefix: str, declared: Any) -> dict[str, Any]:
    """What is filled in below `prefix` for the parameters of a class, as far as it is legal."""
    found = {}
    for name, param in params_of(declared):
        text = text_in(values, f"{prefix}.{name}")
        value, problem = check_value(name, param, value_of(param, text)) if text else (None, None)
        if value is not None and problem is None:
            found[name] = value
    return found


def training(values: Values) -> TrainingSection:
    """[training] as far as it is legal."""
    return TrainingSection(**given(values, "training", TrainingSection))


def budgets(values: Values) -> Sequence[int]:
    """The budgets at which parameters that are not given are filled in."""
    section = training(values)
    if mode_of(values) not in COMPARE_MODES or mode_of(values) in TUNED_MODES:
        return (section.epochs,)
    compare = CompareSection(**given(values, "compare", CompareSection))
    return compare_defaults(compare, mode_of(values), section).budgets


def default_of(values: Values, info: SchedulerInfo, name: str, param: Param) -> tuple[str, str]:
    """The default of a parameter at the budgets of the form, and its formula; "" and "" where it has none."""
    formula = getattr(param, "default")
    if not isinstance(formula, Derived):
        return "", ""
    found = []
    for budget in budgets(values):
        horizon = _horizon(values, info, budget)
        if horizon is None:
            return "", ""
        found.append(text_of(getattr(_resolved(values, info, horizon), name)))
    distinct = list(dict.fromkeys(found))
    return ", ".join(distinct[:MOST]) + (", …" if len(distinct) > MOST else ""), formula.text


def search_of(values: Values, info: object, param: Whole | Real) -> tuple[str, str]:
    """The declared range of a parameter at the budget of the search, and as it is declared where that has formulas."""
    span = param.search
    declared = search_text(param)
    if span is None or not isinstance(info, SchedulerInfo) or not _has_formula(span):
        return declared, ""
    horizon = _horizon(values, info, training(values).epochs)
    if horizon is None:
        return declared, ""
    low, high = (
        end.value(_resolved(values, info, horizon), horizon) if isinstance(end, Derived) else end
        for end in (span.low, span.high)
    )
    return search_text(replace(param, search=replace(span, low=low, high=high))), declared


def _has_formula(span: Span) -> bool:
    return isinstance(span.low, Derived) or isinstance(span.high, Derived)


def _resolved(values: Values, info: SchedulerInfo, horizon: Horizon) -> Any:
    own = given(values, f"methods.params.{info.code}", info.schedule)
    if any(name == "infimum_lr" for name, _ in params_of(info.schedule)):
        own.setdefault("infimum_lr", training(values).infimum_lr)
    return resolve(info.schedule(**own), horizon)


def _horizon(values: Values, info: SchedulerInfo, epochs: int) -> Horizon | None:
    """The horizon of a run; None where it depends on a task whose size is not known."""
    task = component(values, "task")
    section = training(values)
    if not isinstance(task, TaskInfo):
        return None
    factor = info.untuned_lr_factor if mode_of(values) == "compare" else 1.0
    lr = (section.lr or task.lr) * factor
    if info.tick == "epoch":
        return Horizon.of(epochs=epochs, lr=lr)
    if catalog().file_of(task) is not None:  # to ask for its size is to run code of the user's
        return None
    size = task.recipe(**given(values, "task", task.recipe)).train_size()
    steps = -(-size // (section.batch_size or task.batch_size))
    return Horizon.of(epochs=epochs, lr=lr, tick="step", steps_per_epoch=steps)

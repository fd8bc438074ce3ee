"""An annotated spec.toml with every key and its default, from the declarations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import tomlkit

from core.catalog import catalog
from core.component import Info, OptimizerInfo, SchedulerInfo, TaskInfo, parameters_class
from core.params import Choice, Derived, Horizon, Param, Real, Whole, Words, params_of, resolve
from core.spec.ranges import LR
from core.spec.sections import SECTIONS, CompareSection, MethodsSection, TrainingSection, compare_defaults
from hlr_tui.describe import legal_text, search_text
from hlr_tui.output import number_text

WIDTH = 96
LR_FREE = ("Prodigy", "DAdapt")


def template(task: TaskInfo, mode: str) -> str:
    """The text of a spec for `task` in `mode`; `core.spec.reader` accepts it as it is, and with any line of it that
    holds a key and a value no longer commented out."""
    name = f"{task.name}-{mode}"
    training = TrainingSection()
    compare = compare_defaults(CompareSection(), mode, training)
    parts = _method_parts()
    blocks = [
        f"# A spec for hlr-tui: task {task.name}, mode {mode}. Check it with: hlr-tui --batch THIS_FILE --dry-run\n"
        "# Keys that are commented out show what holds without them.",
        _section("experiment", {"name": name, "mode": mode}),
        _component("task", task, task.summary),
        _component("model", catalog().models.get(task.model), _models(task)),
        _section("training", {}, {"lr": task.lr, "batch_size": task.batch_size}),
        _section("methods", {"lr_free": LR_FREE}),
        "# Parameters of the methods; one that is given here is left out of a search. More optimizers and their\n"
        "# parameters: hlr-tui list optimizers " + " ".join(_unused(parts)),
        *(_fixed(info, task, training.epochs) for info in parts),
        _section("optimize", {}),
        _search(parts, task, training.epochs),
        _section("compare", {}, {"budgets": compare.budgets, "seeds": compare.seeds}),
        _section("execution", {}),
        _section("tracking", {}, {"project": name}),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _models(task: TaskInfo) -> str:
    fitting = [info.code for info in catalog().models.all() if info.kind == task.kind]
    return f"one of {', '.join(fitting)}"


def _method_parts() -> list[SchedulerInfo | OptimizerInfo]:
    """What the methods of the template are made of."""
    optimizers = [*MethodsSection().optimizers, *LR_FREE]
    return [*catalog().schedulers.all(), *map(catalog().optimizers.get, optimizers)]


def _unused(parts: Iterable[Info]) -> list[str]:
    used = {info.code for info in parts}
    return [info.code for info in catalog().optimizers.all() if info.code not in used]


def _section(name: str, given: dict[str, object], shown: dict[str, object] | None = None) -> str:
    """One section: `given` replaces defaults; `shown` stands commented out for keys whose default is elsewhere."""
    lines = [f"[{name}]"]
    for key, param in params_of(SECTIONS[name]):
        value = given.get(key, getattr(param, "default"))
        if isinstance(param, Whole) and value is None and param.word:
            value = param.word
        if value == ("all",):
            value = "all"
        lines += _comment(param)
        if value is None or value == ():
            lines.append(f"# {key} = {_toml((shown or {})[key])}")
        else:
            lines.append(f"{key} = {_toml(value)}")
    return "\n".join(lines)


def _component(section: str, info: Info, comment: str) -> str:
    lines = [f"[{section}]", *([f"# {comment}"] if comment else []), f"name = {_toml(info.name)}"]
    for key, param in params_of(parameters_class(info)):
        value = getattr(param, "default")
        lines += [*_comment(param), f"# {key}: not set" if value is None else f"{key} = {_toml(value)}"]
    return "\n".join(lines)


def _fixed(info: SchedulerInfo | OptimizerInfo, task: TaskInfo, epochs: int) -> str:
    """The parameters of one method part, all commented out, those that depend on the horizon with their value at
    `epochs`."""
    cls = parameters_class(info)
    params = list(params_of(cls))
    if not params:
        return ""
    resolved = resolve(cls(), _horizon(info, task, epochs))
    lines = [f"# [methods.params.{info.code}]" + (f"  # {info.name}" if info.name != info.code else "")]
    for key, param in params:
        default, value = getattr(param, "default"), getattr(resolved, key)
        lines += ["# " + line for line in _comment(param)]
        if value is None:
            lines.append(f"# {key}: not set")
        else:
            derived = isinstance(default, Derived)
            shown = number_text(value) if derived else _toml(value)
            lines.append(f"# {key} = {shown}" + (f"  # {default.text}" if derived else ""))
    return "\n".join(lines)


def _search(parts: Iterable[SchedulerInfo | OptimizerInfo], task: TaskInfo, epochs: int) -> str:
    """The declared search ranges, all commented out."""
    lines = [
        "# Where a search looks. A plain number takes a parameter out of the search; a name without a code stands for",
        "# every method that has the parameter.",
        "# [optimize.search]",
        _range_line("", LR, dict(params_of(SECTIONS["training"]))[LR], None, None),
    ]
    for info in parts:
        horizon = _horizon(info, task, epochs)
        component = resolve(parameters_class(info)(), horizon)
        lines += [
            _range_line(f"{info.code}.", key, param, component, horizon)
            for key, param in params_of(component)
            if isinstance(param, (Whole, Real)) and param.search is not None
        ]
    return "\n".join(lines)


def _range_line(code: str, key: str, param: Param, component: object, horizon: Horizon | None) -> str:
    assert isinstance(param, (Whole, Real))
    assert param.search is not None
    span = param.search
    derived = isinstance(span.low, Derived) or isinstance(span.high, Derived)
    if horizon is not None:
        low, high = (getattr(span.resolve(component, horizon), end) for end in ("low", "high"))
    else:
        low, high = span.low, span.high
    entries = [f"low = {_toml(low)}", f"high = {_toml(high)}"]
    entries += [f"step = {_toml(span.step)}"] if span.step is not None else []
    entries += ["log = true"] if span.log else []
    return f"# {code}{key} = {{ {', '.join(entries)} }}" + (f"  # {search_text(param)}" if derived else "")


def _horizon(info: Info, task: TaskInfo, epochs: int) -> Horizon:
    tick = info.tick if isinstance(info, SchedulerInfo) else "epoch"
    steps = -(-task.recipe().train_size() // task.batch_size)
    return Horizon.of(epochs=epochs, lr=task.lr, tick=tick, steps_per_epoch=steps)


def _comment(param: Param) -> Iterator[str]:
    """What a key means and what is legal, as comment lines."""
    about = [param.help]
    if isinstance(param, Choice) and all(f"{option}: " in param.help for option in param.options):
        about = param.help.split("; ")  # it says what each option means
    elif not isinstance(param, Words):
        about = [f"{param.help} ({legal_text(param)})"]
    for paragraph in about:
        for line in textwrap.wrap(paragraph, WIDTH, subsequent_indent="  " if len(about) > 1 else ""):
            yield f"# {line}"


def _toml(value: object) -> str:
    """`value` in TOML; a float as one would write it."""
    if isinstance(value, float):
        text = number_text(value)
        if float(text) == value:
            return text if "." in text or "e" in text else f"{text}.0"
        return repr(value)
    return str(tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string())

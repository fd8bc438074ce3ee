"""An annotated spec.toml with every key and its default, from the declarations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import tomlkit

from core.catalog import catalog
from core.component import Info, TaskInfo, parameters_class
from core.params import Derived, Param, Real, Whole, Words, params_of
from core.sections import SECTIONS
from hlr_tui.describe import legal_text, search_text

WIDTH = 96


def template(task: TaskInfo, mode: str) -> str:
    """The text of a spec for `task` in `mode`; `core.spec` accepts it as it is."""
    blocks = [
        f"# A spec for hlr-tui: task {task.name}, mode {mode}. Check it with: hlr-tui --batch THIS --dry-run\n"
        "# A key that is commented out shows its default.",
        _section("experiment", {"name": f"{task.name}-{mode}", "mode": mode}),
        _component("task", task, f"{task.summary}"),
        _component("model", catalog().models.get(task.model), _models(task)),
        _section("training", {}, {"lr": task.lr, "batch_size": task.batch_size}),
        _section("methods", {"lr_free": ["Prodigy", "DAdapt"]}),
        *map(_fixed, _method_parts()),
        _section("optimize", {}),
        _search(),
        _section("compare", {}, {"budgets": [50, 100, 150, 200], "seeds": 5}),
        _section("execution", {}),
        _section("tracking", {}, {"project": f"{task.name}-{mode}"}),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _models(task: TaskInfo) -> str:
    fitting = [info.code for info in catalog().models.all() if info.kind == task.kind]
    return f"one of {', '.join(fitting)}"


def _section(name: str, given: dict[str, object], shown: dict[str, object] | None = None) -> str:
    """One section: `given` replaces defaults; `shown` stands commented out for keys whose default is elsewhere."""
    lines = [f"[{name}]"]
    for key, param in params_of(SECTIONS[name]):
        value = given.get(key, getattr(param, "default"))
        if isinstance(param, Whole) and value is None and param.word:
            value = param.word
        if value == ("all",):
            value = "all"
        lines += _line(key, param, value, None if shown is None else shown.get(key))
    return "\n".join(lines)


def _component(section: str, info: Info, comment: str) -> str:
    lines = [f"[{section}]", f"# {comment}", f"name = {_toml(info.name)}"]
    for key, param in params_of(parameters_class(info)):
        lines += _line(key, param, getattr(param, "default"), None)
    return "\n".join(lines)


def _fixed(info: Info) -> str:
    """The parameters of one method part, all commented out."""
    params = list(params_of(parameters_class(info)))
    if not params:
        return ""
    lines = [f"# [methods.params.{info.code}]" + (f"  # {info.name}" if info.name != info.code else "")]
    for key, param in params:
        lines += ["# " + line for line in _line(key, param, getattr(param, "default"), None, marked=False)]
    return "\n".join(lines)


def _search() -> str:
    """The declared search ranges, all commented out."""
    lines = [
        "# [optimize.search]  # overrides of the declared ranges; a plain number takes a parameter out of the search",
    ]
    for code, name, param in _searched():
        assert param.search is not None
        span = param.search
        if isinstance(span.low, Derived) or isinstance(span.high, Derived):
            lines.append(f"# {code}{name}: {search_text(param)}")
            continue
        parts = [f"low = {_toml(span.low)}", f"high = {_toml(span.high)}"]
        parts += [f"step = {_toml(span.step)}"] if span.step is not None else []
        parts += ["log = true"] if span.log else []
        lines.append(f"# {code}{name} = {{ {', '.join(parts)} }}")
    return "\n".join(lines)


def _method_parts() -> list[Info]:
    return [*catalog().schedulers.all(), *catalog().optimizers.all()]


def _searched() -> Iterable[tuple[str, str, Whole | Real]]:
    for key, param in params_of(SECTIONS["training"]):
        if isinstance(param, (Whole, Real)) and param.search is not None:
            yield "", key, param
    for info in _method_parts():
        for key, param in params_of(parameters_class(info)):
            if isinstance(param, (Whole, Real)) and param.search is not None:
                yield f"{info.code}.", key, param


def _line(key: str, param: Param, value: object, shown: object, *, marked: bool = True) -> list[str]:
    """The lines of one key: what it is, then the key, commented out where the default is not a plain value."""
    about = param.help
    if not isinstance(param, Words):
        about += f" ({legal_text(param)})"
    comment = [f"# {line}" for line in textwrap.wrap(about, WIDTH)]
    mark = "# " if marked else ""
    if isinstance(value, Derived):
        return [*comment, f"{mark}{key} = …  # default: {value.text}" if marked else f"{key} = {value.text}"]
    if value is None or value == ():
        if shown is None:
            return [*comment, f"{mark}{key} is not set by default"]
        return [*comment, f"# {key} = {_toml(shown)}"]
    return [*comment, f"{key} = {_toml(value)}"]


def _toml(value: object) -> str:
    return str(tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string())

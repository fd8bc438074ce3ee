"""The fields of the form: sections, components and search ranges, as they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.catalog import Shelf, called, catalog
from core.component import Info, SchedulerInfo, TaskInfo, parameters_class
from core.params import Choice, Param, Real, Text, Whole, Wholes, params_of
from core.spec.experiment import COMPARE_MODES, TUNED_MODES
from core.spec.ranges import LR
from core.spec.sections import (
    SECTIONS,
    CompareSection,
    MethodsSection,
    TrainingSection,
    compare_defaults,
)
from hlr_tui.describe import default_text, legal_text, search_text
from hlr_tui.forms.derived import default_of, search_of, training
from hlr_tui.forms.texts import RANGE_LEGAL, is_default, text_of
from hlr_tui.forms.values import OWN, Part, Raw, Values, Word, component, fitting, mode_of, name_of, parts_of, text_in

KEPT = ("methods.params.", "optimize.search.")
"""Keys that say something even where their value is the default: they take a parameter out of the search."""

SEARCHED = "searched"
"""In place of the default of a parameter that the search moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One line of a list to choose from; `group` is its heading, "" where there is none."""

    word: Word
    code: str
    name: str
    summary: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field.

    Attributes:
        key: the dotted key of the spec.
        label: what stands before it.
        param: its declaration.
        default: what holds where it is left empty.
        help: what it means, for one line.
        legal: what is legal, in words.
        formula: what `default` was worked out from, "" where it stands by itself.
        searched: it holds a search range for `param`.
        picks: what a list can be made of.
    """

    key: str
    label: str
    param: Param
    default: str
    help: str
    legal: str
    formula: str = ""
    searched: bool = False
    picks: tuple[Pick, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Fields that are shown on demand: those of one part of the methods."""

    key: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the form; `note` stands below its title."""

    key: str
    title: str
    note: str = ""
    fields: tuple[Field, ...] = ()
    folds: tuple[Fold, ...] = ()


def is_given(field: Field, raw: Raw) -> bool:
    """The field says something that would not hold without it."""
    if field.key.startswith(KEPT):
        return raw != ""
    if isinstance(raw, list):
        return not is_default(field.param, raw)
    return raw not in ("", field.default) and field.key != "task.name"


def sections(values: Values, *, every: bool = False) -> list[Section]:
    """The sections that matter for what is in the form; all of them where `every` is set."""
    mode = mode_of(values)
    found = [
        _plain_section(values, "experiment"),
        _component_section(values, "task"),
        _component_section(values, "model"),
        _plain_section(values, "training"),
        *(_list_section(values, key, title) for key, title in LIST_TITLES.items()),
        _parameters(values, tuned=every or mode in TUNED_MODES),
    ]
    if every or mode in TUNED_MODES:
        found.append(_search_section(values))
    if every or mode in COMPARE_MODES:
        found.append(_plain_section(values, "compare"))
    return [*found, _plain_section(values, "execution"), _plain_section(values, "tracking")]


LIST_TITLES = {"optimizers": "Optimizers", "schedulers": "Schedulers", "lr_free": "LR-free"}
TITLES = {"optimize": "Search"}


def _plain_section(values: Values, name: str) -> Section:
    fields = tuple(
        _field(f"{name}.{key}", param, default=_section_default(values, f"{name}.{key}", param))
        for key, param in params_of(SECTIONS[name])
    )
    return Section(key=name, title=TITLES.get(name, name.capitalize()), fields=fields)


def _field(key: str, param: Param, *, default: str = "", label: str = "") -> Field:
    name = key.rpartition(".")[2]
    shown = default or default_text(param)
    return Field(key=key, label=label or name, param=param, default=shown, help=param.help, legal=legal_text(param))


def _section_default(values: Values, key: str, param: Param) -> str:
    """What holds without a key whose default is said elsewhere; "" for the declared one."""
    task = component(values, "task")
    match key:
        case "experiment.name" | "tracking.project":
            return name_of({**values, key: ""} if key == "experiment.name" else values)
        case "training.lr" if isinstance(task, TaskInfo):
            return text_of(task.lr)
        case "training.batch_size" if isinstance(task, TaskInfo):
            return text_of(task.batch_size)
        case "compare.budgets" | "compare.seeds":
            name = key.partition(".")[2]
            return text_of(list(getattr(compare_defaults(CompareSection(), mode_of(values), training(values)), name)))
        case _:
            return text_of(list(param.default)) if isinstance(param, Wholes) else ""


def _component_section(values: Values, section: str) -> Section:
    """[task] or [model]: which one, and its own parameters."""
    info = component(values, section)
    task = component(values, "task")
    shelf: Shelf[Any] = catalog().tasks if section == "task" else catalog().models
    names = [each.name for each in shelf.all() if catalog().file_of(each) is None and _fits(each, task, section)]
    default = task.model if section == "model" and isinstance(task, TaskInfo) else None
    fits = "; those that fit its data" if section == "model" else ""
    name = Choice(default=default, options=(*names, OWN), help=f"the {section}{fits}")
    fields = [_field(f"{section}.name", name)]
    if text_in(values, f"{section}.name") == OWN:
        legal = f"a Python file that ends in {section.upper()}"
        file = Text(default=None, help=f"{legal}; its code runs once you allow it")
        fields.append(
            Field(key=f"{section}.file", label="file", param=file, default="path", help=file.help, legal=legal)
        )
    if info is not None:
        fields += [_field(f"{section}.{key}", param) for key, param in params_of(parameters_class(info))]
    return Section(key=section, title=section.capitalize(), note=info.summary if info else "", fields=tuple(fields))


def _fits(info: Info, task: object, section: str) -> bool:
    return section == "task" or not isinstance(task, TaskInfo) or getattr(info, "kind") == task.kind


def _list_section(values: Values, key: str, title: str) -> Section:
    param = dict(params_of(MethodsSection))[key]
    picks = [
        Pick(word=info.code, code=info.code, name=info.name, summary=info.summary, group=_group(key, info))
        for info in fitting(key)
        if catalog().file_of(info) is None
    ]
    known = {pick.code for pick in picks}
    raw = values.get(f"methods.{key}", "")
    for word in raw if isinstance(raw, list) else []:
        if isinstance(word, dict):
            picks.append(Pick(word=word, code="", name=word.get("file", ""), summary="a file of your own", group=""))
        elif called(word, fitting(key)) is None and word not in known:
            picks.append(Pick(word=word, code=word, name="", summary="unknown here", group=""))
    field = replace(_field(f"methods.{key}", param), picks=tuple(picks))
    return Section(key=f"methods.{key}", title=title, note=param.help, fields=(field,))


def _group(key: str, info: Part) -> str:
    return info.family if key == "schedulers" else ""


def _parameters(values: Values, *, tuned: bool) -> Section:
    """The parameters of what the methods are made of, a fold for each part."""
    note = "fixed values, also left out of the search; below them where the search looks" if tuned else "fixed values"
    folds = tuple(fold for info in parts_of(values) if (fold := _part_fold(values, info, tuned=tuned)).fields)
    return Section(key="methods.params", title="Parameters", note=note, folds=folds)


def _part_fold(values: Values, info: Part, *, tuned: bool) -> Fold:
    title = info.code if info.code == info.name else f"{info.code}  {info.name}"
    return Fold(key=f"methods.params.{info.code}", title=title, fields=tuple(part_fields(values, info, tuned=tuned)))


def part_fields(values: Values, info: Part, *, tuned: bool) -> Iterator[Field]:
    """A field for each parameter of a part and, where it may be searched, one for its range."""
    for name, param in params_of(parameters_class(info)):
        key = f"methods.params.{info.code}.{name}"
        default, formula = "", ""
        if tuned and isinstance(param, (Whole, Real)) and param.search is not None:
            default = SEARCHED
        elif isinstance(info, SchedulerInfo):
            shared = text_in(values, "training.infimum_lr") if name == "infimum_lr" else ""
            default, formula = (shared, "") if shared else default_of(values, info, name, param)
        yield replace(_field(key, param, default=default), formula=formula)
        if tuned and isinstance(param, (Whole, Real)):
            found, declared = search_of(values, info, param)
            field = range_field(f"optimize.search.{info.code}.{name}", param, label="↔ range")
            yield replace(field, default=found or field.default, formula=declared)


def range_field(key: str, param: Whole | Real, *, label: str) -> Field:
    """The field of a search range."""
    found = search_text(param)
    return Field(
        key=key,
        label=label,
        param=param,
        default=found or "not searched",
        help="where the search looks; a number alone holds it still",
        legal=RANGE_LEGAL,
        searched=True,
    )


def _search_section(values: Values) -> Section:
    """[optimize], and the ranges that hold for every part."""
    section = _plain_section(values, "optimize")
    rate = dict(params_of(TrainingSection))[LR]
    assert isinstance(rate, Real)
    ranges = [range_field(f"optimize.search.{LR}", rate, label="↔ lr")]
    shared: dict[str, list[tuple[str, Whole | Real]]] = {}
    for info in parts_of(values):
        for name, param in params_of(parameters_class(info)):
            if isinstance(param, (Whole, Real)) and param.search is not None and name != LR:
                shared.setdefault(name, []).append((info.code, param))
    for name, owners in shared.items():
        if len(owners) > 1 or f"optimize.search.{name}" in values:
            field = range_field(f"optimize.search.{name}", owners[0][1], label=f"↔ {name}")
            codes = ", ".join(code for code, _ in owners)
            about = f"where the search looks, for all of {codes}"
            ranges.append(replace(field, default="as each declares", help=about))
    return Section(key=section.key, title=section.title, note="trials per method", fields=(*section.fields, *ranges))

"""The state of the form: read from a document of a spec, and written as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.catalog import called, catalog
from core.component import parameters_class
from core.params import Param, Words, params_of
from core.spec.experiment import Document
from core.spec.files import LISTS, TABLES
from core.spec.sections import SECTIONS
from hlr_tui.forms.fields import KEPT, Field, sections
from hlr_tui.forms.texts import is_default, plain_of, range_of, range_text, text_of, value_of
from hlr_tui.forms.values import OWN, Raw, component, every_part, name_of, text_in

ALWAYS = ("experiment.name", "experiment.mode", "task.name")
"""Keys that a spec says even where they are the default: they are what one looks for in it."""

SECTION_ORDER = ("experiment", "task", "model", "training", "methods", "optimize", "compare", "execution", "tracking")


@dataclass(slots=True)
class FormState:
    """What is in the form.

    Attributes:
        values: by dotted key, also of fields that do not matter at present.
        unread: keys of the document for which there is no field.
        shelved: by section and name of a component, its values while another one is chosen.
    """

    values: dict[str, Raw] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    shelved: dict[tuple[str, str], dict[str, Raw]] = field(default_factory=dict)

    def put(self, key: str, raw: Raw) -> None:
        """Fill in one field; a change of task or model puts the values of the former one aside."""
        section = key.partition(".")[0]
        if key in ("task.name", "model.name"):
            model_before = self._word("model")
            self._swap(section, raw)
            if section == "task" and model_before != self._word("model"):
                self._aside("model", model_before)
                self._back("model")
        elif raw == "":
            self.values.pop(key, None)
        else:
            self.values[key] = raw

    def _swap(self, section: str, raw: Raw) -> None:
        self._aside(section, self._word(section))
        self.values.pop(f"{section}.name", None)
        if raw != "":
            self.values[f"{section}.name"] = raw
        if section == "task" and not self._model_fits():
            self.values.pop("model.name", None)
        self._back(section)

    def _model_fits(self) -> bool:
        task, model = component(self.values, "task"), component(self.values, "model")
        return task is None or model is None or getattr(task, "kind") == getattr(model, "kind")

    def _word(self, section: str) -> str:
        word = text_in(self.values, f"{section}.name")
        info = None if word == OWN else component(self.values, section)
        return word if info is None else info.name

    def _aside(self, section: str, word: str) -> None:
        own = {
            key: raw for key, raw in self.values.items() if key.startswith(f"{section}.") and key != f"{section}.name"
        }
        for key in own:
            del self.values[key]
        self.shelved[section, word] = own

    def _back(self, section: str) -> None:
        self.values.update(self.shelved.pop((section, self._word(section)), {}))


def fresh() -> FormState:
    """The form as it is first shown: the first task, and every default."""
    return FormState({"task.name": catalog().tasks.all()[0].name})


def read(document: Document) -> FormState:
    """The state of the form that says what `document` says.

    Files of the user's are looked up, not run; the parameters of one that has not run are kept as they are written.
    """
    state = FormState()
    unread: list[str] = []
    for section, table in document.items():
        if not isinstance(table, dict):
            unread.append(section)
        elif section in TABLES:
            _read_component(state, section, table, unread)
        elif section in SECTIONS:
            _read_section(state, section, table, unread)
        else:
            unread.append(section)
    state.unread = tuple(unread)
    return state


def _read_component(state: FormState, section: str, table: Document, unread: list[str]) -> None:
    if "file" in table:
        state.values[f"{section}.name"] = OWN
        state.values[f"{section}.file"] = text_of(table["file"])
    elif "name" in table:
        word = text_of(table["name"])
        shelf: Any = getattr(catalog(), TABLES[section])
        info = called(word, shelf.all())
        state.values[f"{section}.name"] = info.name if info is not None else word
    info = component(state.values, section)
    known = None if info is None else dict(params_of(parameters_class(info)))
    for key, value in table.items():
        if key not in ("name", "file"):
            if known is None or key in known:
                state.values[f"{section}.{key}"] = text_of(value)
            else:
                unread.append(f"{section}.{key}")


def _read_section(state: FormState, section: str, table: Document, unread: list[str]) -> None:
    declared = dict(params_of(SECTIONS[section]))
    for key, value in table.items():
        match section, key:
            case "methods", "params" if isinstance(value, dict):
                for path, leaf in _by_part(value, unread, "methods.params"):
                    state.values[path] = text_of(leaf)
            case "optimize", "search" if isinstance(value, dict):
                _read_search(state, value, unread)
            case _ if key in declared:
                state.values[f"{section}.{key}"] = _raw(declared[key], key, value)
            case _:
                unread.append(f"{section}.{key}")


def _raw(param: Param, key: str, value: object) -> Raw:
    if not isinstance(param, Words):
        return text_of(value)
    if not isinstance(value, list):
        return text_of(value)
    shelf: Any = getattr(catalog(), LISTS[key])
    found: list[Any] = []
    for word in value:
        info = called(word, shelf.all()) if isinstance(word, str) else None
        found.append(info.code if info is not None else word)
    return found


def _by_part(tables: Document, unread: list[str], prefix: str) -> Iterator[tuple[str, Any]]:
    """Key with the code of its part, and value, of each entry in tables by part."""
    for word, table in tables.items():
        part = called(word, every_part())
        if not isinstance(table, dict):
            unread.append(f"{prefix}.{word}")
            continue
        declared = None if part is None else dict(params_of(parameters_class(part)))
        for key, value in table.items():
            if part is None or declared is None:  # of a file that has not run
                yield f"{prefix}.{word}.{key}", value
            elif key in declared:
                yield f"{prefix}.{part.code}.{key}", value
            else:
                unread.append(f"{prefix}.{word}.{key}")


def _read_search(state: FormState, table: Document, unread: list[str]) -> None:
    parts = every_part()
    ranges = ("low", "high", "step", "log")
    for word, value in table.items():
        nested = isinstance(value, dict) and not any(key in value for key in ranges)
        if nested and (called(word, parts) is not None or any(isinstance(leaf, dict) for leaf in value.values())):
            for path, leaf in _by_part({word: value}, unread, "optimize.search"):
                state.values[path] = range_text(leaf)
        else:
            state.values[f"optimize.search.{word}"] = range_text(value)


def write(state: FormState) -> Document:
    """The document that says what the form shows: keys that differ from their defaults, of the fields that matter."""
    document: Document = {}
    # What holds for every part goes before the tables of single parts, as TOML needs it.
    for shown in sorted(fields_of(state), key=lambda each: each.key.count(".")):
        raw = state.values.get(shown.key, "")
        if shown.key == "experiment.name":
            raw = name_of(state.values)
        elif raw == "" and shown.key in ALWAYS:
            raw = shown.default
        if raw != "" or shown.key.endswith(".file"):
            _write_field(document, shown, raw)
    _write_unknown(document, state)
    return {section: document[section] for section in SECTION_ORDER if section in document}


def fields_of(state: FormState, *, every: bool = False) -> Iterator[Field]:
    """Every field that matters now, in the order of the form; all there are where `every` is set."""
    for section in sections(state.values, every=every):
        yield from section.fields
        for fold in section.folds:
            yield from fold.fields


def _write_field(document: Document, shown: Field, raw: Raw) -> None:
    if shown.key.endswith(".name") and raw == OWN:
        return  # the file says the name
    if isinstance(raw, list):
        value: Any = [dict(word) if isinstance(word, dict) else word for word in raw]
    else:
        value = range_of(raw) if shown.searched else value_of(shown.param, raw)
    kept = shown.key in ALWAYS or shown.key.startswith(KEPT)
    if kept or not is_default(shown.param, value):
        _set(document, shown.key, value)


def _write_unknown(document: Document, state: FormState) -> None:
    """The parameters of files whose code has not run, so that none is lost on the way to allowing it."""
    if not _files_unknown(state):
        return
    parts = {info.code for info in every_part()}
    for key, raw in state.values.items():
        match key.split("."):
            case [("task" | "model") as section, name] if name not in ("name", "file"):
                unknown = component(state.values, section) is None
            case ["methods", "params", code, _]:
                unknown = code not in parts
            case _:
                unknown = False
        if unknown and isinstance(raw, str):
            _set(document, key, plain_of(raw))


def _files_unknown(state: FormState) -> bool:
    own = any(text_in(state.values, f"{section}.name") == OWN for section in TABLES)
    lists = [state.values.get(f"methods.{key}", "") for key in LISTS]
    return own or any(isinstance(word, dict) for words in lists if isinstance(words, list) for word in words)


def _set(document: Document, key: str, value: Any) -> None:
    *tables, name = key.split(".")
    for table in tables:
        document = document.setdefault(table, {})
    document[name] = value

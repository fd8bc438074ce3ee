"""What is typed into a field, as a value of the document, and back."""

from __future__ import annotations

import re
import tomllib
from typing import Any, assert_never

from core.params import Choice, Flag, Param, Real, Text, Whole, Wholes, Words
from core.values import check_value
from hlr_tui.output import number_text

RANGE = re.compile(r"(?P<low>\S+)\s*(?:…|\.\.+|\bto\b)\s*(?P<high>\S+)(?:\s+step\s+(?P<step>\S+))?(?P<log>\s+log)?")
"""``1e-4 … 0.05 log`` or ``1 .. 9 step 2``."""

RANGE_LEGAL = "a number, or a range: low … high, low .. high; then step N or log"


def value_of(param: Param, text: str) -> Any:
    """The value that `text` stands for; `text` itself where it stands for none, for the engine to say what is legal."""
    match param:
        case Whole():
            return text if param.word and text == param.word else number(text)
        case Real():
            return number(text)
        case Choice() | Text():
            return text
        case Flag():
            return {"true": True, "false": False}.get(text, text)
        case Wholes():
            return _wholes(param, text)
        case Words():
            return text if text == "all" else text.replace(",", " ").split()
        case _:
            assert_never(param)


def range_of(text: str) -> Any:
    """What [optimize.search] says where the field of a range holds `text`: a table, a number, or `text` itself."""
    matched = RANGE.fullmatch(text.strip())
    if matched is None:
        return plain_of(text) if text.lstrip().startswith("{") else number(text)
    table = {"low": number(matched["low"]), "high": number(matched["high"])}
    if matched["step"] is not None:
        table["step"] = number(matched["step"])
    return table | ({"log": True} if matched["log"] else {})


def plain_of(text: str) -> Any:
    """`text` as a TOML value, or as the text it is."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return found["value"] if len(found) == 1 else text


def number(text: str) -> Any:
    """`text` as a whole number, a float, or itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def text_of(value: object) -> str:
    """The text from which `value_of` makes `value` again."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            short = number_text(value)
            return short if float(short) == value else repr(value)
        case list() | tuple() if len(value) != 1:
            return ", ".join(map(text_of, value))
        case list() | tuple():
            return f"[{text_of(value[0])}]"  # a single number would be a count
        case _:
            return str(value)


def range_text(value: object) -> str:
    """The text from which `range_of` makes `value` again; a table that is no range in TOML."""
    if not isinstance(value, dict):
        return text_of(value)
    rest = {key: entry for key, entry in value.items() if not (key == "log" and entry is False)}
    if {"low", "high"} <= rest.keys() <= {"low", "high", "step", "log"} and rest.get("log", True) is True:
        step = f" step {text_of(rest['step'])}" if "step" in rest else ""
        text = f"{text_of(rest['low'])} … {text_of(rest['high'])}{step}" + (" log" if "log" in rest else "")
        if range_of(text) == rest:
            return text
    import tomlkit

    table = tomlkit.inline_table()
    table.update(value)
    return str(table.as_string())


def is_default(param: Param, value: object) -> bool:
    """`value` is what holds without it."""
    checked, problem = check_value("", param, value)
    return problem is None and checked == getattr(param, "default")


def _wholes(param: Wholes, text: str) -> Any:
    inner = text.strip()
    bracketed = inner.startswith("[") and inner.endswith("]")
    items = [number(item.strip()) for item in (inner[1:-1] if bracketed else inner).split(",") if item.strip()]
    if param.count and len(items) == 1 and not bracketed and "," not in inner:
        return items[0]
    return items

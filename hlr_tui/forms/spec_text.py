"""A document as the text of a spec file."""

from __future__ import annotations

from typing import Any

from core.spec.experiment import Document

RANGE_KEYS = {"low", "high", "step", "log"}


def spec_text(document: Document) -> str:
    """`document` in TOML, with each search range on one line."""
    import tomlkit

    return tomlkit.dumps(_inlined(document))


def _inlined(table: Document) -> Document:
    import tomlkit

    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and value and value.keys() <= RANGE_KEYS:
            line = tomlkit.inline_table()
            line.update(value)
            found[key] = line
        else:
            found[key] = _inlined(value) if isinstance(value, dict) else value
    return found

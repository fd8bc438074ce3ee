"""The tables of results in Markdown (GitHub's tables)."""

from __future__ import annotations

import re
from typing import Any, TextIO

from hlr_tui.exports.rounding import Rounded
from hlr_tui.exports.sheets import Cell, Sheet, headline, notes, sheets
from hlr_tui.tables import printable

# An underscore inside a word means nothing, and names are easier to read without a stroke before it.
SPECIAL = re.compile(r"[\\`*\[\]<>|#~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def write(db: Any, experiment: Any, file: TextIO) -> None:
    """One section per table, with a note for each method that has no mean."""
    from core.analysis.results import result_document

    document = result_document(db, experiment)
    file.write(f"# {escape(headline(document))}\n")
    for sheet in sheets(document):
        file.write("\n" + "\n".join(lines(sheet)) + "\n")
    reasons = notes(document)
    if reasons:
        file.write("\n" + "\n".join(f"- {escape(reason)}" for reason in reasons) + "\n")


def lines(sheet: Sheet) -> list[str]:
    """The lines of one table under its title."""
    rule = ["---:" if kind == "number" else "---" for _, kind in sheet.heads]
    rows = [[escape(head) for head, _ in sheet.heads], rule, *([shown(cell) for cell in row] for row in sheet.rows)]
    return [f"## {escape(sheet.title)}", "", *("| " + " | ".join(row) + " |" for row in rows)]


def shown(cell: Cell) -> str:
    """One cell."""
    match cell:
        case None:
            return "-"
        case Rounded(mean, spread, exponent):
            text = mean if spread is None else f"{mean} ± {spread}"
            if exponent:
                text = f"({text})" if spread is not None else text
                text += f"e{exponent}"
            return text
        case str():
            return escape(cell)


def escape(text: str) -> str:
    """`text` on one line, without a meaning in Markdown."""
    return SPECIAL.sub(lambda found: "\\" + found.group(), printable(text).replace("\n", " "))

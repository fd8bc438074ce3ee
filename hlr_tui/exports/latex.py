r"""The tables of results in LaTeX, to be read with ``\input``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from hlr_tui.exports.rounding import Rounded
from hlr_tui.exports.sheets import Cell, Kind, Sheet, headline, notes, sheets
from hlr_tui.tables import printable

COLUMNS: dict[Kind, str] = {"name": "l", "number": "r", "list": r"p{0.4\linewidth}"}

ESCAPES = {
    **{letter: f"\\{letter}" for letter in "&%_#${}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
}
NOT_FINITE = {"nan": r"\mathrm{nan}", "inf": r"\infty", "-inf": r"-\infty"}


def write(db: Any, experiment: Any, file: TextIO) -> None:
    """One float per table; a comment names the package that the document needs."""
    from core.analysis.results import result_document

    document = result_document(db, experiment)
    file.write(f"% {printable(headline(document))}\n% needs \\usepackage{{booktabs}}\n")
    for sheet in sheets(document):
        file.write("\n" + "\n".join(lines(sheet, document["experiment"])) + "\n")
    for reason in notes(document):
        file.write(f"% {printable(reason)}\n")


def lines(sheet: Sheet, experiment: str) -> list[str]:
    """One table environment with its caption and label."""
    columns = "".join(COLUMNS[kind] for _, kind in sheet.heads)
    title = escape(sheet.title[:1].upper() + sheet.title[1:])
    return [
        r"\begin{table}[htbp]",
        r"  \centering",
        rf"  \caption{{{title}.}}",
        rf"  \label{{tab:{experiment}-{sheet.key}}}",
        rf"  \begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        "    " + row(head for head, _ in sheet.heads),
        r"    \midrule",
        *("    " + row(cells) for cells in sheet.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]


def row(cells: Iterable[Cell]) -> str:
    """One row of a table."""
    return " & ".join(map(shown, cells)) + r" \\"


def shown(cell: Cell) -> str:
    """One cell."""
    match cell:
        case None:
            return "--"
        case Rounded(mean, spread, exponent):
            text = NOT_FINITE.get(mean, mean)
            if spread is not None:
                text += rf" \pm {NOT_FINITE.get(spread, spread)}"
            if exponent:
                text = f"({text})" if spread is not None else text
                text += rf" \times 10^{{{exponent}}}"
            return f"${text}$"
        case str():
            return escape(cell)


def escape(text: str) -> str:
    """`text` as LaTeX prints it."""
    return "".join(ESCAPES.get(letter, letter) for letter in printable(text).replace("\n", " "))

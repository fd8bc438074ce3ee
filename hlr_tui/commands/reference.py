"""`hlr-tui reference`: docs/reference.md, from the declarations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from core.errors import HlrError, UsageError
from hlr_tui.commands.listing import facts, mark
from hlr_tui.describe import KINDS, Record, default_text, legal_text, record_params, records, search_text
from hlr_tui.settings import Settings

HELP = "Print the reference of all components in Markdown."

INTRODUCTION = """\
# Reference

<!-- Written by `hlr-tui reference`; change the declarations, not this file. -->

Every component, as declared. *Legal* is what a value may be; *search* is where a search looks by default.
"""

MARKS = {
    "schedulers": "Tick",
    "optimizers": "LR-free",
    "models": "Data",
    "tasks": "Data",
    "metrics": "Better",
    "executors": "",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", metavar="FILE", help="print nothing; exit code 1 if FILE differs")


def run(args: argparse.Namespace, settings: Settings) -> int:
    text = reference()
    if args.check is None:
        sys.stdout.write(text)
        return 0
    try:
        written = Path(args.check).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--check {args.check}: cannot be read: {error}") from error
    if written != text:
        raise HlrError(f"{args.check}: differs from the declarations; run `hlr-tui reference > {args.check}`")
    return 0


def reference() -> str:
    """The whole document."""
    return INTRODUCTION + "".join(section(kind) for kind in KINDS)


def section(kind: str) -> str:
    """The chapter of one kind: a table of all, then each with its parameters."""
    found = records(kind)
    lines = ["", f"## {kind.capitalize()}", ""]
    heads = ["Code", "Name", MARKS[kind], "Summary"] if MARKS[kind] else ["Code", "Name", "Summary"]
    rows = [
        [f"`{record.code}`", f"`{record.name}`", *([mark(record)] if MARKS[kind] else []), record.summary]
        for record in found
    ]
    lines += table(heads, rows)
    for record in found:
        if record_params(record) or record.reference:
            lines += component(record)
    return "\n".join(lines) + "\n"


def component(record: Record) -> list[str]:
    """The heading, facts and parameters of one record."""
    title = f"`{record.code}`" if record.code == record.name else f"`{record.code}` ({record.name})"
    lines = ["", f"### {title}", "", f"{record.summary[:1].upper()}{record.summary[1:]}.", ""]
    lines += [f"- {fact}" for fact in facts(record)]
    rows = [
        [
            f"`{name}`",
            f"`{default_text(param)}`",
            legal_text(param),
            search_text(param) or "-",
            param.help + (" (scales with the budget where transfer is relative)" * getattr(param, "in_ticks", False)),
        ]
        for name, param in record_params(record)
    ]
    return lines + (["", *table(["Parameter", "Default", "Legal", "Search", "Meaning"], rows)] if rows else [])


def table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]

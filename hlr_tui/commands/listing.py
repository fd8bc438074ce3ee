"""`hlr-tui list`: the catalogue, from the declarations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

from core.component import MetricInfo, ModelInfo, OptimizerInfo, SchedulerInfo, TaskInfo
from core.errors import Problem, SpecError, did_you_mean
from hlr_tui.describe import (
    KINDS,
    ExecutorInfo,
    Record,
    default_text,
    legal_text,
    record_document,
    record_params,
    records,
    search_text,
)
from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

HELP = "Show what there is to choose from; with names, every parameter of those."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "names", metavar="NAME", nargs="*", default=[], help="only these, by name or code, with their parameters"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document: a list of objects")


def run(args: argparse.Namespace, settings: Settings) -> int:
    chosen = choose(records(args.kind), args.names)
    if args.json:
        print_json([record_document(record) for record in chosen])
        return 0
    console = open_console()
    if not args.names:
        console.print(overview(args.kind, chosen))
        if any(record_params(record) for record in chosen):
            console.print(f"Parameters of one: hlr-tui list {args.kind} {chosen[0].code}", style="dim")
        return 0
    for number, record in enumerate(chosen):
        if number:
            console.print()
        console.print(f"{record.code}  {record.name}", style="bold")
        console.print(record.summary)
        for line in facts(record):
            console.print(line, style="dim")
        if record_params(record):
            console.print(parameter_table(record))
    return 0


def choose(available: Sequence[Record], words: Sequence[str]) -> Sequence[Record]:
    """The records that `words` name, by name or code ignoring case; all where there are no words.

    Raises:
        SpecError: a word names nothing.
    """
    if not words:
        return available
    chosen: list[Record] = []
    for word in words:
        same = [record for record in available if word in (record.code, record.name)]
        alike = [record for record in available if word.casefold() in (record.code.casefold(), record.name.casefold())]
        if not alike:
            known = [record.code for record in available]
            hint = did_you_mean(word, known + [record.name for record in available])
            raise SpecError("list", [Problem("NAME", word, f"must be one of {', '.join(known)}", hint)])
        chosen.append((same or alike)[0])
    return chosen


def facts(record: Record) -> list[str]:
    """What sets a record apart besides its summary, a line each."""
    lines: list[str]
    match record:
        case SchedulerInfo():
            lines = [f"family {record.family}, advances by {record.tick}"]
        case OptimizerInfo():
            lines = [f"family {record.family}" + (", needs no learning rate" if record.lr_free else "")]
        case ModelInfo():
            lines = [f"takes {record.kind} data"]
        case TaskInfo():
            lines = [
                f"{record.kind} data; by default model {record.model}, lr {record.lr:g}, batch size {record.batch_size}"
            ]
        case MetricInfo():
            lines = [] if record.direction == "none" else [record.direction]
        case ExecutorInfo():
            lines = []
        case _:
            assert_never(record)
    return lines + ([record.reference] if record.reference else [])


def overview(kind: str, chosen: Sequence[Record]) -> Table:
    """One row per record, with the default of each parameter below its summary."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    coded = any(record.code != record.name for record in chosen)
    heads = {"schedulers": "Tick", "optimizers": "LR-free", "models": "Data", "tasks": "Data", "metrics": "Better"}
    if coded:
        table.add_column("Code", no_wrap=True, style="bold")
    table.add_column("Name", no_wrap=True, style="" if coded else "bold")
    if kind in heads:
        table.add_column(heads[kind], no_wrap=True)
    table.add_column("Summary, parameters and their defaults" if kind in heads and kind != "metrics" else "Summary")
    for record in chosen:
        values = [f"{name}={default_text(param)}" for name, param in record_params(record)]
        about = Text(record.summary)
        if values:
            about.append("\n" + ", ".join(values), style="dim")
        cells = [record.code] * coded + [record.name] + ([mark(record)] if kind in heads else [])
        table.add_row(*cells, about)
    return table


def mark(record: Record) -> str:
    """The one word of an overview that tells records of a kind apart."""
    match record:
        case SchedulerInfo():
            return record.tick
        case OptimizerInfo():
            return "yes" if record.lr_free else "no"
        case ModelInfo() | TaskInfo():
            return record.kind
        case MetricInfo():
            return {"minimize": "lower", "maximize": "higher", "none": "-"}[record.direction]
        case ExecutorInfo():
            return ""
        case _:
            assert_never(record)


def parameter_table(record: Record) -> Table:
    """Every parameter of a record: help, then default, bounds and search range."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(1, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, param in record_params(record):
        values = f"default {default_text(param)}; {legal_text(param)}"
        searched = search_text(param)
        if searched:
            values += f"; search {searched}"
        table.add_row(name, Text(param.help).append(f"\n{values}", style="dim"))
    return table

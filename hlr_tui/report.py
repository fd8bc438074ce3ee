"""The results of an experiment for people: ranking, best trials, failures, and what to try next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hlr_tui.output import program_name
from hlr_tui.tables import best_trials, printable, ranking, unranked

if TYPE_CHECKING:
    from rich.console import Console


MOST_FAILURES = 5


def print_results(console: Console, document: Mapping[str, Any]) -> None:
    """Print a result document."""

    def line(text: str, style: str | None = None) -> None:
        # Not wrapped: paths and commands are there to be copied.
        console.print(printable(text), style=style, soft_wrap=True, markup=False, highlight=False, emoji=False)

    name, failures = document["experiment"], document["failures"]
    runs = {state: number for state, number in document["runs"].items() if number}
    parts = ", ".join(f"{number} {state}" for state, number in runs.items())
    line(f"{name}: {document['mode']}, {document['state']}; {sum(runs.values())} runs: {parts or 'none'}")
    for table in (best_trials(document), ranking(document, console.width)):
        if table is not None:
            console.print()
            console.print(table)
    for reason in [*unranked(document), *origins(document)]:
        line(reason)
    if document.get("unread"):
        line(f"without what only the spec can tell: {document['unread']}", "dim")
    for failure in failures[:MOST_FAILURES]:
        line(f"failed: {failure['study']} seed {failure['seed']}: {failure['error']}")
        if failure["log"]:
            line(f"  log: {failure['log']}")
    if len(failures) > MOST_FAILURES:
        line(f"and {len(failures) - MOST_FAILURES} more: hlr-tui show {shlex.quote(name)} --json")
    console.print()
    for text in next_commands(document):
        line(text, style="dim")


def origins(document: Mapping[str, Any]) -> list[str]:
    """What of the results this experiment has not trained itself."""
    if document["mode"] == "import":
        return ["imported means over seeds; the files tell neither how many seeds nor their deviation"]
    lines = []
    for study in document["studies"]:
        foreign = study.get("foreign_trials", 0)
        if foreign:
            best = study["best"] is not None and study["best"].get("origin") == "elsewhere"
            number = f"{foreign} of its {study['trials']} trials {'was' if foreign == 1 else 'were'}"
            lines.append(f"{study['name']}: {number} trained elsewhere" + (", the best one too" if best else ""))
        lines += [
            f"{study['name']}: trial {one['trial']}, made elsewhere, is left out: {one['reason']}"
            for one in study.get("left_out", ())
        ]
    return lines


def next_commands(document: Mapping[str, Any]) -> list[str]:
    """Commands that make sense after these results."""
    name = shlex.quote(document["experiment"])
    lines = [f"show {name} --json", f"export {name} --format csv --out {name}.csv"]
    budgets = sorted({row["budget"] for row in document["comparison"]})
    best = [row["scheduler"] for row in document["comparison"] if row["budget"] == budgets[-1]]  # best mean first
    codes = list(dict.fromkeys(code for code in best if code != "N"))[:3]
    if codes:
        lines.append(f"preview {' '.join(codes)} --epochs {budgets[-1]}")
    program = shlex.quote(program_name())
    return ["next:", *(f"  {program} {line}" for line in lines)]

"""The results of an experiment for people: ranking, best trials, failures, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hlr_tui.tables import best_trials, ranking

if TYPE_CHECKING:
    from rich.console import Console


def print_results(console: Console, document: Mapping[str, Any]) -> None:
    """Print a result document."""
    runs = {state: number for state, number in document["runs"].items() if number}
    total = sum(runs.values())
    parts = ", ".join(f"{number} {state}" for state, number in runs.items())
    console.print(f"{document['experiment']}: {document['mode']}, {document['state']}; {total} runs: {parts or 'none'}")
    for table in (best_trials(document), ranking(document)):
        if table is not None:
            console.print()
            console.print(table)
    for failure in document["failures"][:5]:
        console.print(f"failed: {failure['study']} seed {failure['seed']}: {failure['error']}")
        if failure["log"]:
            console.print(f"  log: {failure['log']}")
    if len(document["failures"]) > 5:
        console.print(f"… and {len(document['failures']) - 5} more: hlr-tui status {document['experiment']}")
    console.print()
    for line in next_commands(document):
        console.print(line, style="dim")


def next_commands(document: Mapping[str, Any]) -> list[str]:
    """Commands that make sense after these results."""
    name = document["experiment"]
    lines = [f"hlr-tui export {name} --format csv --out {name}.csv"]
    codes = list(dict.fromkeys(row["scheduler"] for row in document["comparison"] if row["scheduler"] != "N"))[:3]
    budgets = sorted({row["budget"] for row in document["comparison"]})
    if codes and budgets:
        lines.append(f"hlr-tui preview {' '.join(codes)} --epochs {budgets[-1]}")
    return ["next:", *(f"  {line}" for line in [f"hlr-tui show {name} --json", *lines])]

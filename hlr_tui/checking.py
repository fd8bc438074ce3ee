"""The step of every method before an experiment begins: how it is told."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from hlr_tui.output import open_console, print_json
from hlr_tui.tables import duration_text

if TYPE_CHECKING:
    from core.execution.launch import Place
    from core.execution.preflight import Preflight
    from core.plan import Plan

GIBIBYTE = 2**30


def run_check(plan: Plan, place: Place) -> Preflight:
    """Try every method.

    Raises:
        UsageError, EnvironmentFailure: one of them cannot be trained.
    """
    from core.execution.preflight import preflight

    found = preflight(plan, place)
    failure = found.failure(plan.spec.source)
    if failure is not None:
        raise failure
    return found


def check(plan: Plan, place: Place, *, as_json: bool) -> int:
    """``--batch SPEC --check``: try every method, say what each of them needs, and train nothing.

    Raises:
        UsageError, EnvironmentFailure: one of them cannot be trained; the table is printed before.
    """
    from core.execution.preflight import preflight

    began = time.monotonic()
    found = preflight(plan, place)
    if as_json:
        print_json(_document(found))
    else:
        open_console().print(_table(found))
        failed = sum(bool(check.error) for check in found.checks)
        print(f"{_number(len(found.checks), 'method')} tried in {time.monotonic() - began:.1f} s; nothing was trained")
        if not failed:
            print(summary(found))
    failure = found.failure(plan.spec.source)
    if failure is not None:
        raise failure
    return 0


def tell_check(found: Preflight) -> None:
    """One line on stderr: what the experiment will take."""
    print(summary(found), file=sys.stderr)


def summary(found: Preflight) -> str:
    """``9 methods can be trained on cpu; 4,500 epochs of about 0.02 s each: about 0:45 of training with 2 workers``"""
    text = f"{_number(len(found.checks), 'method')} can be trained on {found.checks[0].device}"
    if found.epoch_seconds is None or found.total_seconds is None:
        return text
    return (
        f"{text}; {_number(found.epochs, 'epoch')} of about {found.epoch_seconds:.2g} s each: "
        f"about {duration_text(found.total_seconds)} of training with {_number(found.workers, 'worker')}"
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _table(found: Preflight) -> Any:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("method")
    for name in ("parameters", "s/epoch", "memory"):
        table.add_column(name, justify="right")
    table.add_column("")
    for check in found.checks:
        seconds = "" if check.epoch_seconds is None else f"{check.epoch_seconds:.2g}"
        memory = f"{check.memory / GIBIBYTE:.2f} GiB" if check.memory else ""
        table.add_row(
            check.method,
            f"{check.parameters:,}" if check.parameters else "",
            seconds,
            memory,
            check.error.partition("\n")[0] if check.error else "works",
        )
    return table


def _document(found: Preflight) -> dict[str, Any]:
    import dataclasses

    return {
        "checks": [dataclasses.asdict(check) for check in found.checks],
        "epochs": found.epochs,
        "workers": found.workers,
        "epoch_seconds": found.epoch_seconds,
        "total_seconds": found.total_seconds,
    }

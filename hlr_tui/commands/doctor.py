"""`hlr-tui doctor`: what works on this machine, and what to do where something does not."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.errors import EnvironmentFailure, printable
from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from hlr_tui.doctor.finding import Check, Finding

HELP = (
    "Look at Python, torch, devices, cores, disk, database, data, terminal and W&B, and say what to do where something "
    "does not work. Changes nothing. Exit code 3 where something that experiments need has failed."
)

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from hlr_tui.doctor.machine import check_cores, check_python, check_torch
    from hlr_tui.doctor.places import check_data, check_storage, check_workspace
    from hlr_tui.doctor.surroundings import check_terminal, check_wandb

    checks: list[Check] = [check_python, check_torch, check_cores, check_workspace, check_storage, check_data]
    checks += [check_terminal, check_wandb]
    found: list[Finding] = []
    for finding in findings(checks, settings):
        found.append(finding)
        if not args.json:
            _print(finding)
    healthy = all(finding.state != "failed" for finding in found)
    if args.json:
        checked = [{"check": f.name, "state": f.state, "text": f.text, "todo": f.todo} for f in found]
        print_json({"healthy": healthy, "checks": checked})
    return 0 if healthy else EnvironmentFailure.exit_code


def findings(checks: list[Check], settings: Settings) -> Iterator[Finding]:
    """What the checks find, as they find it; a check that breaks counts as failed."""
    from hlr_tui.doctor.finding import Finding

    for check in checks:
        name = check.__name__.removeprefix("check_")
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001  (whatever is broken here, the other checks are still wanted)
            yield Finding("failed", name, f"the check broke: {type(error).__name__}: {error}")


def _print(finding: Finding) -> None:
    from rich.text import Text

    console = open_console()
    state = (f"{finding.state:8}", _STYLES[finding.state])
    console.print(Text.assemble(state, f"{finding.name:10} ", printable(finding.text)), soft_wrap=True)
    if finding.todo:
        console.print(Text(f"{'':19}→ {printable(finding.todo)}"), soft_wrap=True)

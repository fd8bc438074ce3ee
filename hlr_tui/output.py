"""What goes to stdout and how: JSON documents, tables and numbers."""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def print_json(document: object) -> None:
    """Print `document` as one line of JSON; NaN and ±inf become the strings "nan", "inf" and "-inf"."""
    json.dump(plain(document), sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


def plain(value: object) -> object:
    """`value` with tuples as lists and non-finite numbers as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def number_text(value: float, digits: int = 6) -> str:
    """`value` rounded to `digits` significant digits, as one would write it: 0.01, 1e-4, 250."""
    if isinstance(value, int):
        return str(value)
    if 0 < abs(value) < 1e-3:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    mantissa, letter, exponent = f"{value:.{digits}g}".partition("e")
    return mantissa + letter + str(int(exponent)) if letter else mantissa


def program_name() -> str:
    """What to type to start this program again: its bare name where the shell would find it, else the path used."""
    used = Path(sys.argv[0])
    if used.name != "hlr-tui":
        return "hlr-tui"
    found = shutil.which("hlr-tui")
    return "hlr-tui" if found is not None and Path(found).resolve() == used.resolve() else str(used)


def open_console() -> Console:
    """A console on stdout that prints texts as they are: no markup, no emoji, no colour where stdout is no terminal."""
    from rich.console import Console

    class PipeConsole(Console):
        def on_broken_pipe(self) -> None:
            # rich would leave with exit code 1; a reader that has seen enough is no failure.
            raise BrokenPipeError

    return PipeConsole(highlight=False, markup=False, emoji=False)

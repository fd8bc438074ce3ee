"""What a check has found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from hlr_tui.settings import Settings

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        state: "failed" where experiments cannot run, "warning" where something will be slow, small or missing.
        name: what was looked at.
        text: what it is.
        todo: what to do about it, "" where there is nothing to do.
    """

    state: State
    name: str
    text: str
    todo: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def size_text(number: float) -> str:
    """A number of bytes as people read it: ``512 MiB``, ``1.5 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"

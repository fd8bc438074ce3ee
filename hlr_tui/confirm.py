"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from core.errors import printable
from core.user_code import Untrusted, trust


def with_confirmation(action: Callable[[], int]) -> int:
    """The result of `action`, where the code of a file that a spec names may need a word from the user first.

    `action` is begun anew after a yes; it has changed nothing when it meets such a file.

    Raises:
        Untrusted: the answer was no, or there is nobody to ask.
    """
    while True:
        try:
            return action()
        except Untrusted as error:
            shown = printable(str(error.path))
            if not (sys.stdin.isatty() and confirm(f"A spec runs the code of {shown}\nAllow it from now on?")):
                raise
            trust(error.path)


def confirm(question: str) -> bool:
    """Ask on the terminal; anything but a yes is a no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")

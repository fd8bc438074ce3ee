"""The log of a process without a terminal: its stderr, which whoever started it sends to a file."""

from __future__ import annotations

import sys
import time


def say(text: str) -> None:
    """One line with the time."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201  (the log)

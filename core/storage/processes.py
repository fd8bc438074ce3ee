"""Who a process is: host, pid and start time. A pid alone may belong to somebody else by now."""

from __future__ import annotations

import os
import socket
from functools import cache

_TOLERANCE = 1.0  # seconds; the start time is derived from the boot time, which moves when the clock is set


def me() -> tuple[str, int, float]:
    """Host name, pid and start time (unix seconds) of this process; the same answer at every call."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> tuple[str, int, float]:
    import psutil

    return socket.gethostname(), pid, float(psutil.Process(pid).create_time())


def is_alive(host: str, pid: int, started: float) -> bool | None:
    """Whether that process still runs; None where it cannot be known (it runs on another host).

    A zombie counts as dead: it will do no more work.
    """
    import psutil

    if host != socket.gethostname():
        return None
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started) > _TOLERANCE:
            return False
        return bool(process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None

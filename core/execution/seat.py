"""Whether an experiment has a conductor that lives, and what counts as life on another host."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.storage.engine import Database
from core.storage.experiments import Experiment, experiment_by_id
from core.storage.processes import is_alive

STALE_SECONDS = 30.0
"""A process on another host whose heartbeat stands still for so long, on our clock, is taken for dead."""

POLL_SECONDS = 0.1

LEAVING = ("stopping", "stopped", "complete", "failed")


class Pulse:
    """Who lives, by the process itself on this host and by heartbeats on others; each look is a glance, not a wait.

    Args:
        clock: seconds; tells how long a heartbeat has stood still.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[tuple[str, int, float], tuple[int, float]] = {}

    def alive(self, process: tuple[str, int, float], beat: int) -> bool:
        """Whether a process (host, pid, start time) whose heartbeat is at `beat` lives. One on another host does until
        its beat has stood still for STALE_SECONDS of looks."""
        known = is_alive(*process)
        if known is not None:
            return known
        now = self._clock()
        last, since = self._beats.get(process, (beat, now))
        if beat != last:
            since = now
        self._beats[process] = beat, since
        return now - since < STALE_SECONDS


def conducted(db: Database, experiment: Experiment, stale_seconds: float = STALE_SECONDS) -> bool:
    """Whether a conductor is at work on it. For one on another host this watches its beat, until it moves or has stood
    still for `stale_seconds`."""
    holder = experiment.conductor
    if holder is None:
        return False
    alive = is_alive(*holder)
    end = time.monotonic() + stale_seconds
    while alive is None:
        now = experiment_by_id(db, experiment.id)
        if now.conductor != holder:
            return now.conductor is not None
        if now.conductor_beat != experiment.conductor_beat:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return alive


def settled(db: Database, experiment: Experiment) -> Experiment:
    """The experiment as it is once a conductor that is ending has left the chair; at once where none is ending."""
    while (experiment.stop_requested or experiment.state in LEAVING) and conducted(db, experiment):
        time.sleep(POLL_SECONDS)
        experiment = experiment_by_id(db, experiment.id)
    return experiment

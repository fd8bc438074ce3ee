"""How workers come to life: a small protocol over plain data, so that its handles survive a restart.

An executor only says who is alive. What a worker achieved stands in the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Life = Literal["alive", "gone", "unknown"]
"""What a poll says. "unknown" is never final: ask again."""


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """One worker to start.

    Attributes:
        argv: the whole command line.
        env: the whole environment.
        log: file that receives stdout and stderr.
        tag: the experiment it is for.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: str
    tag: str


@dataclass(frozen=True, slots=True)
class Handle:
    """A worker that was started; plain data that can be stored."""

    host: str
    pid: int
    started: float
    log: str
    tag: str


class Executor(Protocol):
    """What every way to start workers offers."""

    def submit(self, orders: Sequence[WorkerOrder]) -> list[Handle]:
        """Start workers.

        Raises:
            EnvironmentFailure: they cannot be started.
        """
        ...

    def poll(self, handles: Sequence[Handle]) -> dict[Handle, Life]:
        """The state of all handles in one call."""
        ...

    def cancel(self, handles: Sequence[Handle]) -> None:
        """Ask workers to stop after a checkpoint; they release their runs."""
        ...

    def tail(self, handle: Handle, lines: int) -> str:
        """The end of a worker's log, "" where there is none."""
        ...

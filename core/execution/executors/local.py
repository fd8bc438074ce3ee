"""Worker processes on this machine, each in a session of its own: no terminal takes them along when it closes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from core.errors import EnvironmentFailure
from core.execution.executor import Handle, Life, WorkerOrder
from core.storage.processes import is_alive, me


class LocalExecutor:
    """Starts workers with `subprocess`; see `core.execution.executor.Executor`."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def submit(self, orders: Sequence[WorkerOrder]) -> list[Handle]:
        return [self._start(order) for order in orders]

    def _start(self, order: WorkerOrder) -> Handle:
        log = Path(order.log)
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as output:
                child = subprocess.Popen(
                    order.argv,
                    env=dict(order.env),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise EnvironmentFailure(f"a worker cannot be started: {error}") from error
        self._children.append(child)
        try:
            started = float(psutil.Process(child.pid).create_time())
        except psutil.NoSuchProcess:
            started = 0.0  # gone already: the next poll says so
        return Handle(me()[0], child.pid, started, order.log, order.tag)

    def poll(self, handles: Sequence[Handle]) -> dict[Handle, Life]:
        self._children = [child for child in self._children if child.poll() is None]  # poll also reaps
        words: dict[bool | None, Life] = {True: "alive", False: "gone", None: "unknown"}
        return {handle: words[is_alive(handle.host, handle.pid, handle.started)] for handle in handles}

    def cancel(self, handles: Sequence[Handle]) -> None:
        for handle, life in self.poll(handles).items():
            if life == "alive":
                with suppress(ProcessLookupError):  # it has ended since the poll
                    os.kill(handle.pid, signal.SIGTERM)

    def tail(self, handle: Handle, lines: int) -> str:
        try:
            with Path(handle.log).open(encoding="utf-8", errors="replace") as file:
                return "".join(deque(file, maxlen=lines)).strip()
        except OSError:
            return ""

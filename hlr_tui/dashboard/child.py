"""Optuna's dashboard as a child of the terminal UI, which ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from threading import Lock
from urllib.parse import urlsplit

from core.errors import EnvironmentFailure

PATIENCE_SECONDS = 5.0


class DashboardChild:
    """At most one ``hlr-tui dashboard``. Its methods wait for the process: call them in a thread.

    Args:
        places: the options that tell it where everything is.
        environment: its environment, with the URL of the database.
    """

    def __init__(self, places: Sequence[str], environment: Mapping[str, str]) -> None:
        self._places = places
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._lock = Lock()

    def start(self) -> str:
        """Its address; it is started at the first call, and again where it has died.

        Raises:
            EnvironmentFailure: it did not start; the message is its own.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process, self._url = self._launch()
            return self._url

    def _launch(self) -> tuple[subprocess.Popen[str], str]:
        argv = [sys.executable, "-P", "-m", "hlr_tui", "dashboard", *self._places]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            process = subprocess.Popen(
                argv,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                errors="replace",
            )
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if url:
                return process, url
            process.wait()
            said.seek(0)
            why = said.read().strip() or f"exit code {process.returncode}"
            raise EnvironmentFailure(f"the dashboard did not start: {why.removeprefix('hlr-tui: ')}")

    def stop(self) -> None:
        """End it, if it runs."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def address_text(url: str) -> str:
    """The address with the ssh command that brings it to another machine."""
    from hlr_tui.commands.dashboard import tunnel

    port = urlsplit(url).port
    assert port is not None, url
    return (
        f"Optuna's dashboard is at\n\n  {url}\n\n"
        f"From another machine, first\n\n  {tunnel(port, os.environ)}\n\n"
        "and then open the same address there. It ends with this program."
    )

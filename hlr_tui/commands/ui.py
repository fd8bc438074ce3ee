"""`hlr-tui` alone: the terminal UI."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from core.errors import EnvironmentFailure, HlrError, UsageError, printable
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from hlr_tui.desk import Desk

WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""What `hlr-tui serve` tells the UI by TEXTUAL_DRIVER: it talks to a browser, not to a terminal."""


def run_ui(settings: Settings) -> int:
    """Run the UI until the user leaves it.

    Raises:
        UsageError: there is no terminal that can show it.
    """
    # Textual draws on stderr.
    streams = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    terminal = streams and os.environ.get("TERM", "dumb") != "dumb"
    if not terminal and os.environ.get("TEXTUAL_DRIVER") != WEB_DRIVER:
        raise UsageError(
            "the terminal UI needs a terminal; without one: hlr-tui status --watch, hlr-tui --batch SPEC.toml, or "
            "hlr-tui --help"
        )
    # Without its terminal it would read from nothing, all the time: even under nohup it ends with it.
    if hasattr(signal, "SIGHUP"):  # not on Windows
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    from hlr_tui.app import HlrApp
    from hlr_tui.config import config_path, load_config
    from hlr_tui.desk import Desk

    path = config_path()
    config, problems = load_config(path)
    desk = Desk(settings)
    app = HlrApp(desk, config=config, config_file=path, problems=problems)
    try:
        app.run()
        for line in still_running(desk):
            print(printable(line), file=sys.stderr)
    finally:
        desk.close()
    return EnvironmentFailure.exit_code if app.failure else app.return_code or 0


def still_running(desk: Desk) -> list[str]:
    """What goes on without the UI, one line for each experiment and one that says how to look and how to stop."""
    from core.storage.processes import is_alive

    if not desk.exists():
        return []
    try:
        experiments = desk.experiments()
    except HlrError:  # the UI has said so already
        return []
    names = [
        one.name
        for one in experiments
        if one.state in ("running", "stopping") and one.conductor is not None and is_alive(*one.conductor) is not False
    ]
    if not names:
        return []
    return [f"{', '.join(names)}: still training; hlr-tui shows it again, hlr-tui stop {names[0]} stops it"]

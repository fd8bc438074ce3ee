"""`hlr-tui serve`: the terminal UI in a browser."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from core.errors import Problem, SpecError
from hlr_tui.settings import Settings

HELP = "Serve the terminal UI to browsers on this machine, until Ctrl-C. Whoever has the printed address may use it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", metavar="P", default="0", help="port to listen on, a free one by default")


def run(args: argparse.Namespace, settings: Settings) -> int:
    if not (args.port.isdecimal() and int(args.port) <= 65535):
        problem = Problem("--port", args.port, "must be a whole number from 1 to 65535, or 0 for a free one")
        raise SpecError("command line", [problem])

    from hlr_tui.commands.dashboard import tunnel
    from hlr_tui.dashboard.server import bind
    from hlr_tui.desk import Desk
    from hlr_tui.serving import LocalServer

    desk = Desk(settings)
    os.environ.update(desk.environment())
    argv = [sys.executable, "-P", "-m", "hlr_tui", *desk.places()]
    with bind(int(args.port)) as listening:
        server = LocalServer(f"exec {shlex.join(argv)}", listening.server_port)
        print(server.address, flush=True)
        print(f"from another machine: {tunnel(listening.server_port, os.environ)}", file=sys.stderr)
        print("Ctrl-C ends it; experiments go on", file=sys.stderr, flush=True)
        server.serve_on(listening.socket)
    return 0

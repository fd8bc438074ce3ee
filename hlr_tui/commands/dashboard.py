"""`hlr-tui dashboard`: Optuna's dashboard on this storage."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
import sys
from collections.abc import Mapping

from hlr_tui.settings import Settings

HELP = "Serve Optuna's dashboard on this storage, to this machine alone, until Ctrl-C."

_SSH_PORT = "22"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", metavar="P", default="0", help="port to listen on, a free one by default")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.errors import Problem, SpecError
    from core.storage.engine import open_database

    if not (args.port.isdecimal() and int(args.port) <= 65535):
        problem = Problem("--port", args.port, "must be a whole number from 1 to 65535, or 0 for a free one")
        raise SpecError("command line", [problem])
    db = open_database(settings.storage, create=False)

    from hlr_tui.dashboard.app import DashboardApp
    from hlr_tui.dashboard.server import HOST, bind

    with bind(int(args.port)) as server:
        app = DashboardApp(db)
        server.set_app(app)
        port = server.server_port
        print(f"http://{HOST}:{port}/dashboard", flush=True)
        print(f"from another machine: {tunnel(port, os.environ)}", file=sys.stderr)
        if app.studies() == 0:
            print("there are no studies yet: only searches (optimize, all) make them", file=sys.stderr)
        print("Ctrl-C ends it; experiments go on", file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it
            return 0
    return 0


def tunnel(port: int, environ: Mapping[str, str]) -> str:
    """The ssh command that brings a port of this machine to the user's; in an ssh session it names the address that
    the user's own ssh has reached."""
    connection = environ.get("SSH_CONNECTION", "").split()
    host, ssh_port = connection[2:] if len(connection) == 4 else (socket.gethostname(), _SSH_PORT)
    other_port = "" if ssh_port == _SSH_PORT else f"-p {ssh_port} "
    return f"ssh {other_port}-L {port}:localhost:{port} {_user()}@{host}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container this uid may have no name
        return "USER"

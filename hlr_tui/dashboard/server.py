"""A threaded HTTP server on the loopback address."""

from __future__ import annotations

import errno
import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from core.errors import EnvironmentFailure, UsageError

HOST = "127.0.0.1"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that closes a tab leaves its connections half way.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the page asks every few seconds."""


def bind(port: int) -> WSGIServer:
    """A server that listens on the loopback address and nowhere else, and serves once it has been given an
    application; `server_port` tells where.

    Args:
        port: 0 for a free one.

    Raises:
        UsageError: another program listens there.
        EnvironmentFailure: this user may not listen there.
    """
    try:
        return _Server((HOST, port), _Handler)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"--port {port}: another program listens there; leave it out for a free one") from error
        raise EnvironmentFailure(f"--port {port}: cannot be listened on: {error.strerror}") from error

"""The terminal UI over HTTP, to this machine alone and only to who has its address.

The UI starts processes and may allow code to run. On the loopback address every user of the machine, and every page
that a browser shows, can reach a port, so that each visit needs the key of the address and the UI's own origin.
"""

from __future__ import annotations

import hmac
import re
import secrets
from socket import socket
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from hlr_tui.dashboard.server import HOST

POLICY = "default-src 'self' 'unsafe-inline' data:; connect-src 'self' ws://{where}; frame-ancestors 'none'"
"""What the page may ask for: this server alone."""

LAST_SECONDS = 0.5
"""How long the end waits for open pages: they end with their UI, and nothing but the UI is lost."""

FOREIGN = re.compile(rf'<link\b[^>]*\bhref="https?://(?!{re.escape(HOST)}[:/])[^>]*>')
"""The page of textual-serve asks a font service by name; nobody needs to know who opens it."""

HEAD = """
<link rel="icon" href="data:," />
<script>
  // Keys go to the terminal without a click on it. Textual takes the page for one that nobody looks at until it is told
  // otherwise, which must come after the UI has started.
  new MutationObserver((changes, observer) => {
    const keys = document.querySelector(".xterm-helper-textarea");
    if (keys && document.body.classList.contains("-first-byte")) {
      observer.disconnect();
      keys.focus();
      const tell = () => document.activeElement === keys && keys.dispatchEvent(new FocusEvent("focus"));
      for (const pause of [500, 1500, 4000]) setTimeout(tell, pause);
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
</script>
</head>"""


class LocalServer(Server):
    """textual-serve with a key.

    Args:
        command: a shell command that runs the UI.
        port: where to listen.
    """

    def __init__(self, command: str, port: int) -> None:
        super().__init__(command, host=HOST, port=port, title="hlr-tui")
        self._where = f"{HOST}:{port}"
        self._cookie = f"hlr-tui-{port}"
        self.key = secrets.token_urlsafe(24)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{self._where}/?key={self.key}"

    def serve_on(self, listening: socket) -> None:
        """Serve on a socket that listens already, until SIGINT or SIGTERM."""
        web.run_app(self._make_app(), sock=listening, print=None, access_log=None, shutdown_timeout=LAST_SECONDS)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing; the command has said it."""

    async def handle_index(self, request: web.Request) -> Any:
        if request.host != self._where:  # "localhost", say: cookie and scripts belong to one name
            raise web.HTTPFound(f"http://{self._where}{request.path_qs}")
        self._check(request, request.query.get("key", ""))
        response = await super().handle_index(request)
        assert isinstance(response, web.Response)
        response.text = FOREIGN.sub("", response.text or "").replace("</head>", HEAD, 1)
        response.headers["Content-Security-Policy"] = POLICY.format(where=self._where)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.set_cookie(self._cookie, self.key, httponly=True, samesite="Strict")
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        self._check(request)
        if request.headers.get("Origin") != f"http://{self._where}":
            raise web.HTTPForbidden(text="this page may not use the terminal UI\n")
        return await super().handle_websocket(request)

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        return await super().handle_download(request)

    def _check(self, request: web.Request, given: str = "") -> None:
        given = given or request.cookies.get(self._cookie, "")
        if request.host != self._where or not hmac.compare_digest(given.encode(), self.key.encode()):
            raise web.HTTPForbidden(text="open the address that `hlr-tui serve` has printed\n")

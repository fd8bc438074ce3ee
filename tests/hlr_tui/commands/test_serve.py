"""`serve`: the UI in a browser, for who has the address and for no other page."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from core.errors import SpecError
from hlr_tui.cli import run_command


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that a server has printed, and the server; Ctrl-C has ended it within seconds in the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "hlr_tui", "serve"],
        cwd=tmp_path,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    url = process.stdout.readline().strip()
    while process.stderr.readline().strip() != "Ctrl-C ends it; experiments go on":
        assert process.poll() is None
    yield url, process
    try:
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0


def test_a_browser_with_the_address_gets_the_ui_and_nobody_else_does(
    served: tuple[str, subprocess.Popen[str]],
) -> None:
    address, process = served
    origin = f"http://{urlsplit(address).netloc}"

    async def main() -> None:
        jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            async with session.get(origin) as refused:
                assert refused.status == 403
            assert await handshake(session, origin, origin) == 403  # no cookie yet
            async with session.get(address) as page:
                assert page.status == 200
                asked = re.findall(r'(?:href|src)="(https?://[^"]*)', await page.text())
                assert {urlsplit(one).netloc for one in asked} == {urlsplit(address).netloc}
                assert [one for one in asked if one.endswith("xterm.css")] != []
                assert "fonts" not in page.headers["Content-Security-Policy"]
                assert "default-src 'self'" in page.headers["Content-Security-Policy"]
            assert await handshake(session, origin, "http://elsewhere.example") == 403
            async with session.get(origin, headers={"Host": "elsewhere.example"}, allow_redirects=False) as elsewhere:
                assert elsewhere.status == 302
            shown = ""
            async with session.ws_connect(f"{origin}/ws?width=90&height=30", headers={"Origin": origin}) as socket:
                async for message in socket:
                    shown += message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
                    if "Which learning-rate schedule" in shown:
                        break
                process.send_signal(signal.SIGINT)  # while the page is open
                async with asyncio.timeout(20):
                    async for _ in socket:
                        pass
            assert "Which learning-rate schedule" in shown

    asyncio.run(main())


async def handshake(session: aiohttp.ClientSession, served: str, page: str) -> int:
    """The answer to a `page` that asks for the socket of the UI."""
    try:
        async with session.ws_connect(f"{served}/ws", headers={"Origin": page}):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def test_a_port_must_be_one() -> None:
    with pytest.raises(SpecError, match='--port = "web": must be a whole number from 1 to 65535'):
        run_command(["serve", "--port", "web"])

"""What a person sees of the terminal UI, as text."""

from __future__ import annotations

import html
import re
from typing import Any

from textual.pilot import Pilot


def seen(app: Any) -> str:
    """The screen, line by line."""
    svg = app.export_screenshot()
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\xa0", " ")))
    return "\n".join(" ".join(text for _, text in sorted(row)) for _, row in sorted(rows.items()))


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until threads and screens have done what was asked of them."""
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()

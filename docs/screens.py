"""Pictures of every screen of the terminal UI, on a workspace that is made up: `make screens`.

While a screen is being worked on: ``.venv/bin/python docs/screens.py --only lab --size 80x24 --out DIR``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from invented import make_workspace

SHOTS: dict[str, tuple[str, Sequence[str]]] = {
    "experiments": ("osc-lstm", ["1"]),
    "new": ("", ["2"]),
    "monitor": ("osc-lstm", ["3"]),
    "search": ("digits-tuning", ["4"]),
    "trial": ("digits-tuning", ["4", "end", "enter"]),
    "lab": ("", ["5", *["down"] * 4, "space", *["down"] * 2, "enter", "shift+right", "tab", *["right"] * 18]),
    "results": ("digits-search", ["6"]),
    "help": ("", ["1", "question_mark"]),
}
"""Picture → the experiment it shows, and the keys that lead there."""


async def shoot(name: str, size: tuple[int, int], theme: str) -> str:
    """The SVG of one screen, on ``hlr`` in the present folder."""
    from hlr_tui.app import HlrApp
    from hlr_tui.desk import Desk
    from hlr_tui.settings import Settings

    chosen, keys = SHOTS[name]
    here = Path("hlr")  # what the pictures show, wherever they are made
    places = Settings(workspace=here, storage="sqlite:///hlr/hlr.db", data_dir=Path("data"), plugins=())
    desk = Desk(places)
    app = HlrApp(desk, chosen=chosen)
    try:
        async with app.run_test(size=size) as pilot:
            app.theme = theme
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            for _ in range(3):  # what a look finds may ask for another look
                await app.workers.wait_for_complete()
                await pilot.pause(0.4)
            return _at_home(app.export_screenshot(title=f"hlr-tui: {name}"))
    finally:
        desk.close()


def _at_home(svg: str) -> str:
    """The picture without fonts that a reader's browser would have to fetch."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screens")
    parser.add_argument("--size", default="120x36")
    parser.add_argument("--only", choices=list(SHOTS), action="append")
    parser.add_argument("--theme", default="hlr-dark")
    args = parser.parse_args()
    width, _, height = args.size.partition("x")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        out = args.out.resolve()
        os.chdir(folder)
        make_workspace(Path(folder) / "hlr")
        for name in args.only or SHOTS:
            svg = asyncio.run(shoot(name, (int(width), int(height)), args.theme))
            path = out / f"{name}.svg"
            path.write_text(svg, encoding="utf-8")
            sys.stderr.write(f"wrote {path} ({len(svg.encode()) / 1000:.0f} kB)\n")


if __name__ == "__main__":
    main()

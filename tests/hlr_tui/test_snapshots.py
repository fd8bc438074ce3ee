"""Every screen as it is meant to look, at the smallest and at a large size: the specification of the UI.

A screen that changed on purpose: `make snapshots` writes them anew; look at the difference before it is committed.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from pictures import picture
from textual.pilot import Pilot
from textual.widgets import Input
from visible import settle

from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.monitor import crew
from hlr_tui.screens.form import FormScreen
from hlr_tui.screens.live import LiveScreen
from hlr_tui.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from invented import make_workspace

HERE = Path(__file__).with_name("snapshots")
WRITE = bool(os.environ.get("HLR_WRITE_SNAPSHOTS"))
NOW = 1_790_000_000.0
SMALL, LARGE = (80, 24), (200, 50)

TOUR: Sequence[tuple[str, str, Sequence[str]]] = (
    ("experiments", "osc-lstm", ["1"]),
    ("delete", "osc-lstm", ["slash", *"digits-s", "enter", "x"]),
    ("settings", "osc-lstm", ["n", "escape", "escape", "f2"]),
    ("monitor", "osc-lstm", ["escape", "home", "3"]),
    ("help", "osc-lstm", ["question_mark"]),
    ("monitor-runs", "osc-lstm", ["escape", "w", "enter", "right", "right", "o"]),
    ("run", "osc-lstm", ["enter"]),
    ("search", "digits-search", ["escape", "4", "right_square_bracket"]),
    ("trial", "digits-search", ["o"]),
    ("results", "digits-search", ["escape", "6"]),
    ("results-method", "digits-search", ["enter"]),
    ("lab", "", ["escape", "5", "end", "space", "tab", "right", "right"]),
    ("new", "", ["2"]),
    ("new-problem", "", ["enter", "tab", "tab", *"-1"]),
    ("new-search", "", ["backspace", "backspace", "shift+tab", "right", "escape", *["down"] * 7]),
)
"""A walk through the app: the name of each picture, the experiment that is chosen, and the keys that lead there from
the picture before."""


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that stands, and a machine whose load does."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=64 << 30, available=48 << 30))
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 50.0)
    monkeypatch.setattr(psutil.Process, "cpu_percent", lambda self: 97.0)
    monkeypatch.setattr(psutil.Process, "memory_info", lambda self: SimpleNamespace(rss=700 << 20))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(crew, "PERIOD", 0.0)  # each look is one at the machine
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def app_here() -> HlrApp:
    """The app on ``hlr`` in this folder: a path that a screen shows is as long on every machine."""
    here = Path("hlr")
    return HlrApp(Desk(Settings(workspace=here, storage="sqlite:///hlr/hlr.db", data_dir=Path("data"), plugins=())))


async def still(pilot: Pilot[None]) -> str:
    """The picture once everything has come to rest."""
    screen = pilot.app.screen
    if isinstance(screen, FormScreen):
        while not screen.settled:
            await pilot.pause(0.05)
    await settle(pilot)
    before, shown = "", str(picture(pilot.app))
    while isinstance(screen, LiveScreen) and (shown != before or "?/8 busy" in shown):  # a look adds to the one before
        screen.look()
        await settle(pilot)
        before, shown = shown, str(picture(pilot.app))
    for field in screen.query(Input):
        field.cursor_blink = False
    await settle(pilot)
    return str(picture(pilot.app))


async def walk(size: tuple[int, int]) -> dict[str, str]:
    """Every picture of the tour."""
    app = app_here()
    pictures = {}
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for name, chosen, keys in TOUR:
            for key in keys:
                await pilot.press(key)
                await pilot.app.workers.wait_for_complete()
            app.chosen = chosen
            pictures[name] = await still(pilot)
    app.desk.close()
    return pictures


async def first_screen(size: tuple[int, int]) -> str:
    async with app_here().run_test(size=size) as pilot:
        return await still(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_every_screen_looks_as_it_is_meant_to(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = {"welcome": asyncio.run(first_screen(size))}
    make_workspace(tmp_path / "hlr")
    pictures |= asyncio.run(walk(size))
    changed = []
    for name, shown in pictures.items():
        path = HERE / f"{name}-{size[0]}x{size[1]}.txt"
        if WRITE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(shown, encoding="utf-8")
        meant = path.read_text(encoding="utf-8")
        if shown != meant:
            changed += difflib.unified_diff(meant.splitlines(), shown.splitlines(), f"{path.name}, as kept", "as it is")
    assert not changed, "\n".join(changed)
    assert {path.name for path in HERE.glob(f"*-{size[0]}x{size[1]}.txt")} == {
        f"{name}-{size[0]}x{size[1]}.txt" for name in pictures
    }

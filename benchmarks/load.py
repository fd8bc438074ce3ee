"""The terminal UI under load, against its bounds: 16 runs that stream, and a workspace of 10,000 runs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from terminal import Terminal
from workspaces import make_large, make_training, start_feeding

PROGRAM = str(Path(sys.executable).with_name("hlr-tui"))
SECONDS = 15.0
KEYS = {"down, up": (b"\x1b[B", b"\x1b[A"), "o": (b"o", b"o"), "right, left": (b"\x1b[C", b"\x1b[D")}
"""Each pair leads back: a key that changes nothing is answered by nothing, which cannot be timed."""


def verdict(name: str, value: float, bound: float, unit: str) -> None:
    """One figure beside its bound."""
    print(f"{name:44} {value:9.1f} {unit:5} at most {bound:g}: {'met' if value <= bound else 'NOT MET'}")


def streaming(size: tuple[int, int], keys: int) -> None:
    """The monitor while 16 runs write points at 2 Hz."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name) / "hlr"
        make_training(workspace, 200)
        feeder = start_feeding(workspace, step=5)
        terminal = Terminal([PROGRAM, "--workspace", str(workspace)], size, Path(name))
        try:
            terminal.until("Experiments")
            terminal.collect(1.5)
            terminal.press(b"3")
            terminal.collect(3.0)
            before = terminal.cpu()
            drawn = terminal.collect(SECONDS)
            used = terminal.cpu() - before
            verdict("monitor, 16 runs at 2 Hz: sent", drawn / SECONDS / 1e3, 5, "KB/s")
            verdict("monitor: CPU per refresh (one a second)", 1e3 * used / SECONDS, 25, "ms")
            for key, pair in KEYS.items():
                waits = sorted(terminal.answer(pair[turn % 2], 0.3)[0] for turn in range(keys))
                verdict(f"monitor, key {key}: 95 % answered in", 1e3 * waits[int(0.95 * (keys - 1))], 50, "ms")
        finally:
            terminal.close()
            feeder.terminate()
            feeder.wait()


def large(size: tuple[int, int]) -> None:
    """A workspace with more runs than anybody has: opening it, and every screen of it."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name) / "hlr"
        print("{:,} runs, {:,} points".format(*make_large(workspace)))
        terminal = Terminal([PROGRAM, "--workspace", str(workspace)], size, Path(name))
        try:
            first = terminal.until("Experiments")
            verdict("large: experiments after first paint", terminal.until("running") - first, 1, "s")
            for key in b"2", b"3", b"4", b"5", b"6":
                terminal.press(key)
                terminal.collect(5.0)
            verdict("large: memory with all screens visited", terminal.memory() / 1e6, 250, "MB")
        finally:
            terminal.close()

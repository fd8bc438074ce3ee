"""What the terminal UI costs: CPU to its first paint, bytes and CPU while nobody touches it, and the answer to a key.

Beside it, in turn and in pseudo-terminals of the same size: importing Textual, a Textual application that shows one
word, and, where ``--posting`` names its program, posting. The workspace holds two experiments that were made without
training (see docs/invented.py). Ratios are to the application of one word.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ONE_WORD = """
from textual.app import App
from textual.widgets import Label
class OneWord(App):
    BINDINGS = [("down", "count", "Count")]
    number = 0
    def compose(self): yield Label("ready")
    def action_count(self):
        self.number += 1
        self.query_one(Label).update(f"ready {self.number}")
OneWord().run()
"""
PATIENCE = 30.0
QUIET = 0.4
"""Seconds without a byte after which a program has drawn what it wanted to."""


@dataclass
class Terminal:
    """A program in a pseudo-terminal."""

    argv: list[str]
    size: tuple[int, int]
    folder: str
    seen: bytes = b""
    fd: int = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", self.size[1], self.size[0], 0, 0))
        env = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_CONFIG_HOME": self.folder}
        env |= {"XDG_DATA_HOME": self.folder, "XDG_STATE_HOME": self.folder}
        self.process = subprocess.Popen(
            self.argv, stdin=other, stdout=other, stderr=other, env=env, cwd=self.folder, start_new_session=True
        )
        os.close(other)

    def read(self, seconds: float) -> bytes:
        """What comes within some seconds, or at once where something is there."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            got = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            got = b""
        self.seen += got
        return got

    def until(self, word: str) -> None:
        """Read until a word has been drawn."""
        end = time.monotonic() + PATIENCE
        while word.encode() not in self.seen:
            self.read(0.05)
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{self.argv[0]}: never drew {word!r}; it drew {self.seen[-400:]!r}")

    def settle(self) -> None:
        while self.read(QUIET):
            pass

    def collect(self, seconds: float) -> int:
        """The number of bytes that come in some seconds."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            count += len(self.read(left))
        return count

    def cpu(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def press(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.fd)


@dataclass
class Figures:
    """Seconds, bytes a second and seconds, one each per round (latencies: one per key)."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    idle_bytes: list[float] = field(default_factory=list)
    idle_cpu: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    key_cpu: list[float] = field(default_factory=list)
    key_bytes: list[float] = field(default_factory=list)


def measure(
    argv: list[str], word: str, figures: Figures, size: tuple[int, int], idle: float, *, first: bytes, keys: int
) -> None:
    """One round of a program in a terminal."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        terminal = Terminal(argv, size, folder)
        try:
            terminal.until(word)
            figures.wall.append(time.monotonic() - began)
            figures.cpu.append(terminal.cpu())
            terminal.collect(3.0)  # what it draws once it has read its database is no idling
            terminal.settle()
            before = terminal.cpu()
            figures.idle_bytes.append(terminal.collect(idle) / idle)
            figures.idle_cpu.append((terminal.cpu() - before) / idle)
            if first:
                terminal.press(first)
                terminal.settle()
            before, drawn = terminal.cpu(), 0
            for number in range(keys):
                began = time.monotonic()
                terminal.press(b"\x1b[B" if number % 2 == 0 else b"\x1b[A")  # at an end a key changes nothing
                drawn += len(terminal.read(PATIENCE))
                figures.latency.append(time.monotonic() - began)
                drawn += terminal.collect(0.15)
            if keys:
                figures.key_cpu.append((terminal.cpu() - before) / keys)
                figures.key_bytes.append(drawn / keys)
        finally:
            terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds to watch a program that nobody touches")
    parser.add_argument("--keys", type=int, default=10, help="arrow keys per round")
    parser.add_argument("--size", default="120x36")
    parser.add_argument("--posting", help="program to measure beside ours, such as /tmp/venv/bin/posting")
    args = parser.parse_args()
    width, _, height = args.size.partition("x")
    size = int(width), int(height)

    sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
    from invented import make_workspace

    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "hlr"
        make_workspace(workspace)
        ours = [str(Path(sys.executable).with_name("hlr-tui")), "--workspace", str(workspace)]
        programs: dict[str, tuple[list[str], str, bytes]] = {
            "one word": ([sys.executable, "-c", ONE_WORD], "ready", b""),
            "hlr-tui": (ours, "Experiments", b""),
            "hlr-tui, lab": (ours, "Experiments", b"5"),
        }
        if args.posting:
            programs["posting"] = ([args.posting], "posting", b"\t")
        found = {name: Figures() for name in programs}
        imports: list[float] = []
        for _ in range(args.rounds):
            before = psutil.Process().cpu_times()
            subprocess.run([sys.executable, "-c", "import textual.app, textual.widgets"], check=True)
            after = psutil.Process().cpu_times()
            imports.append(after.children_user + after.children_system - before.children_user - before.children_system)
            for name, (argv, word, first) in programs.items():
                measure(argv, word, found[name], size, args.idle, first=first, keys=args.keys)
        report(statistics.median(imports), found, args.size)
    from load import large, streaming, verdict

    ours_found, imported = found["hlr-tui"], statistics.median(imports)
    for name, each in found.items():
        ratio = statistics.median(each.cpu) / imported
        if name in ("hlr-tui", "posting"):
            verdict(f"{name}: first paint, CPU to import textual", ratio, 2.5, "x")
    verdict("hlr-tui idle: sent", statistics.median(ours_found.idle_bytes), 0, "B/s")
    streaming(size, 2 * args.keys)
    large(size)


def report(imports: float, found: dict[str, Figures], size: str) -> None:
    base = statistics.median(found["one word"].cpu)
    row = "{:14} {:>16} {:>9} {:>8} {:>14} {:>12} {:>12} {:>12} {:>11}"
    print(f"{size}, medians")
    heads = ("first paint CPU", "ratio", "wall", "idle bytes/s", "idle CPU", "key answer", "key CPU", "key bytes")
    print(row.format("", *heads))
    print(row.format("import textual", f"{1e3 * imports:.0f} ms", f"{imports / base:.2f}", *[""] * 6))
    for name, figures in found.items():
        middle = {key: statistics.median(values) for key, values in vars(figures).items() if values}
        print(
            row.format(
                name,
                f"{1e3 * middle['cpu']:.0f} ms",
                f"{middle['cpu'] / base:.2f}",
                f"{middle['wall']:.2f} s",
                f"{middle['idle_bytes']:.0f}",
                f"{100 * middle['idle_cpu']:.1f} %",
                f"{1e3 * middle['latency']:.0f} ms" if "latency" in middle else "",
                f"{1e3 * middle['key_cpu']:.0f} ms" if "key_cpu" in middle else "",
                f"{middle['key_bytes']:.0f}" if "key_bytes" in middle else "",
            )
        )


if __name__ == "__main__":
    main()

"""A program in a pseudo-terminal: what it draws, what it costs, how soon it answers a key."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PATIENCE = 60.0
QUIET = 0.4
"""Seconds without a byte after which a program has drawn what it wanted to."""

ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
"""What a terminal answers to the questions that Textual asks: synchronized output is understood."""


@dataclass
class Terminal:
    """A program in a terminal of its own.

    Attributes:
        size: columns and lines.
        folder: of its settings and data; also where it is started.
    """

    argv: list[str]
    size: tuple[int, int]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    seen: bytearray = field(default_factory=bytearray)
    began: float = field(init=False)
    fd: int = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", self.size[1], self.size[0], 0, 0))
        env = {key: value for key, value in os.environ.items() if not key.startswith(("HLR_", "TEXTUAL"))}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | self.environment
        env |= {f"XDG_{kind}_HOME": str(self.folder) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            self.argv, stdin=other, stdout=other, stderr=other, env=env, cwd=self.folder, start_new_session=True
        )
        os.close(other)

    def read(self, seconds: float) -> int:
        """Take what comes within some seconds, or at once where something is there; how many bytes."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return 0
        try:
            got = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            got = b""
        self.seen += got
        for question, answer in ANSWERS.items():
            if question in got:
                os.write(self.fd, answer)
        return len(got)

    def until(self, word: str, start: int = 0) -> float:
        """Read until a word has been drawn behind the first `start` bytes; seconds since the program was started."""
        end = time.monotonic() + PATIENCE
        while word.encode() not in self.seen[start:]:
            self.read(0.02)
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{self.argv[0]}: never drew {word!r}; it drew {bytes(self.seen[-400:])!r}")
        return time.monotonic() - self.began

    def settle(self, seconds: float = QUIET) -> None:
        """Read until nothing comes any more."""
        while self.read(seconds):
            pass

    def collect(self, seconds: float) -> int:
        """The number of bytes that come in some seconds."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            count += self.read(left)
        return count

    def cpu(self) -> float:
        """CPU seconds so far."""
        return sum(self._times())

    def _times(self) -> tuple[float, float]:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user), float(times.system)

    def memory(self) -> float:
        """Resident memory in bytes."""
        return float(psutil.Process(self.process.pid).memory_info().rss)

    def press(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def answer(self, keys: bytes, pause: float) -> tuple[float, int]:
        """Press keys: seconds until the first byte comes, and all bytes until `pause` seconds are over."""
        while self.read(0.0):
            pass
        began = time.monotonic()
        self.press(keys)
        count = self.read(PATIENCE)
        waited = time.monotonic() - began
        return waited, count + self.collect(pause)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.fd)

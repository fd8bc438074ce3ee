"""A real terminal for tests: a program on a pty, and what a person in front of it would see and press."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte
from campaign import PROGRAM, Campaign, until

COLUMNS, LINES = 110, 32
ENTER, SPACE, LEFT, RIGHT, DOWN = b"\r", b" ", b"\x1b[D", b"\x1b[C", b"\x1b[B"
CTRL_DOWN, F5 = b"\x1b[1;5B", b"\x1b[15~"

GLYPHS = "[⠀-⣿]{3}"
"""A piece of a curve, in braille."""


class Terminal:
    """A program on a terminal of its own.

    Attributes:
        seen: everything that it has written.
    """

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (COLUMNS, LINES)
    ) -> None:
        self.screen = pyte.Screen(*size)
        self.seen = ""
        self._stream = pyte.ByteStream(self.screen)
        self._fd, other = pty.openpty()
        self.resize(*size)
        self.process = subprocess.Popen(
            argv, stdin=other, stdout=other, stderr=other, env=env, cwd=cwd, start_new_session=True
        )
        os.close(other)

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal larger or smaller, as a window manager does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def press(self, *keys: bytes | str) -> None:
        for key in keys:
            os.write(self._fd, key.encode() if isinstance(key, str) else key)

    @property
    def text(self) -> str:
        """What stands on the screen now."""
        while select.select([self._fd], [], [], 0)[0]:
            try:
                got = os.read(self._fd, 65536)
            except OSError:  # the program has ended
                break
            if not got:
                break
            self.seen += got.decode(errors="replace")
            self._stream.feed(got)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, pattern: str) -> str:
        """Wait until the screen shows what a regular expression finds; the first group, or all of it."""
        return self.wait_for(lambda: re.search(pattern, self.text), pattern)

    def wait_for(self, look: Callable[[], re.Match[str] | None], what: str) -> str:
        try:
            found = until(look, what, seconds=120)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.text}") from error
        return found.group(1) if found.re.groups else found.group()

    def end(self) -> int:
        """Wait for the end of the program, reading what it writes, for which it would wait; its exit code."""
        until(lambda: self.text and self.process.poll() is not None, "the end of the program", seconds=30)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


def ui_argv(made: Campaign) -> list[str]:
    """The installed program on a workspace."""
    return [str(PROGRAM), "--workspace", str(made.workspace), "--data-dir", str(made.data_dir)]


def ui_environment(made: Campaign, **changes: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HLR_")}
    own = {"TERM": "xterm-256color", "XDG_CONFIG_HOME": str(made.folder), "XDG_STATE_HOME": str(made.folder)}
    return env | own | changes


@contextmanager
def terminal(made: Campaign, argv: Sequence[str] = (), **environment: str) -> Iterator[Terminal]:
    """`hlr-tui` on a workspace, or another program in its place."""
    made.folder.mkdir(exist_ok=True)
    opened = Terminal(argv or ui_argv(made), ui_environment(made, **environment), made.folder)
    try:
        yield opened
    finally:
        opened.close()


def next_section(ui: Terminal, said: str) -> None:
    """In the form: go to the next section, whose first field is said to be `said` below the form."""
    ui.press(CTRL_DOWN)
    ui.wait(rf"\n *{said}")


def put(ui: Terminal, name: str, value: str) -> None:
    """In the form: go down to a field of text and type into it."""
    while (field := ui.wait(r"▸. ([\w.]+)")) != name:
        ui.press(DOWN)
        ui.wait(rf"▸. (?!{re.escape(field)}\b)")
    ui.press(value)
    ui.wait(rf"▸● {name} +{re.escape(value)}")


def fill_in(ui: Terminal, name: str, epochs: int) -> None:
    """Fill in the form of a new experiment by hand: two schedules on digits, one seed."""
    ui.wait("Experiments")
    ui.press("2")
    ui.wait("Launch")
    ui.press(ENTER)
    put(ui, "name", name)
    ui.press(DOWN)
    ui.wait(r"▸. mode +run \[compare\]")
    ui.press(LEFT)
    ui.wait(r"▸. mode +\[run\]")
    next_section(ui, r"task\.name ")
    ui.wait(r"▸. name +\[digits\]")
    ui.press(RIGHT)
    ui.wait(r"▸. name .*\[osc\]")
    ui.press(LEFT)
    ui.wait(r"▸. name +\[digits\]")
    next_section(ui, r"model\.name ")
    next_section(ui, r"training\.epochs ")
    put(ui, "epochs", str(epochs))
    put(ui, "batch_size", "512")
    put(ui, "seeds", "1")
    next_section(ui, r"methods\.optimizers ")
    next_section(ui, r"methods\.schedulers ")
    ui.press("n")
    ui.wait(r"\[ \] C +cosine")
    ui.press(DOWN, DOWN, DOWN, SPACE)
    ui.wait(r"\[x\] C +cosine")
    ui.press(DOWN, DOWN, DOWN, SPACE)
    ui.wait(r"\[x\] S +step")
    next_section(ui, r"methods\.lr_free ")
    next_section(ui, "↑ ↓ show a section")  # the parameters are folded
    next_section(ui, r"execution\.")
    put(ui, "workers", "1")
    ui.wait(f"2 methods · 2 runs · {2 * epochs:,} epochs")
    ui.press(F5)
    ui.wait("validation loss")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process for a while, so that training cannot be over before it has been looked at."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

"""The installed program in a real terminal, by keyboard alone, from an empty workspace to the results."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyte
from campaign import PROGRAM, Campaign, until, wait_dead

COLUMNS, LINES = 110, 32
CTRL_L = b"\x0c"
F5 = b"\x1b[15~"
ENTER = b"\r"


class Terminal:
    """`hlr-tui` on a workspace, and what a person in front of it would see."""

    def __init__(self, made: Campaign) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.seen = ""
        self._stream = pyte.ByteStream(self.screen)
        self._fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        env = {name: value for name, value in os.environ.items() if not name.startswith("HLR_")}
        env |= {"TERM": "xterm-256color", "XDG_CONFIG_HOME": str(made.folder), "XDG_STATE_HOME": str(made.folder)}
        argv = [str(PROGRAM), "--workspace", str(made.workspace), "--data-dir", str(made.data_dir)]
        self.process = subprocess.Popen(
            argv, stdin=other, stdout=other, stderr=other, env=env, cwd=made.folder, start_new_session=True
        )
        os.close(other)

    def press(self, keys: bytes | str) -> None:
        os.write(self._fd, keys.encode() if isinstance(keys, str) else keys)

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

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


@contextmanager
def terminal(made: Campaign) -> Iterator[Terminal]:
    opened = Terminal(made)
    try:
        yield opened
    finally:
        opened.close()


def launch(ui: Terminal, spec: str, name: str) -> None:
    """Load a spec into the form of a new experiment, and start it."""
    ui.wait("Experiments")
    ui.press("2")
    ui.wait("Launch")
    ui.press(CTRL_L)
    ui.wait("path of a .toml file")
    ui.press(spec)
    ui.press(ENTER)
    ui.wait(re.escape(name))
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


def test_from_an_empty_workspace_to_results_by_keyboard_alone(make_campaign: Callable[..., Campaign]) -> None:
    """A spec is launched and watched, the UI is killed while a run trains, and another one shows that all went on."""
    made = make_campaign(experiment__name="by-hand", methods__schedulers=["C", "S"], compare__budgets=[300])
    with terminal(made) as ui:
        ui.wait("Start the quickstart")  # what somebody without experiments is told
        launch(ui, made.write(), "by-hand")
        run = made.wait_training()
        with frozen(made.worker_pid(run)):
            seen = int(ui.wait(r"running .*?([3-9]|[12]\d+|[3-9]\d)/300"))
            assert seen <= made.runs("running")[0].epoch
            ui.wait("[⠀-⣿]{3}")  # the curve, in braille
            os.kill(ui.process.pid, signal.SIGKILL)
            wait_dead(ui.process.pid)
            assert len(made.runs("queued", "running")) == 2
    with terminal(made) as ui:
        ui.wait("by-hand")
        ui.press(ENTER)
        ui.wait("300/300")
        ui.wait("by-hand +complete")
        assert made.attempts() == {run.id: 1 for run in made.runs("complete")}
        points = [(row["scheduler"], int(row["step"])) for row in made.rows() if row["metric"] == "val_loss"]
        assert points == [(code, epoch) for code in ("C", "S") for epoch in range(1, 301)]
        ui.press("6")
        best, other = sorted(made.json("show", "by-hand")["comparison"], key=lambda row: row["mean"])
        ui.wait(rf"1 .*AdamW \+ {best['scheduler']}\b.*{best['mean']:.3g}")
        ui.wait(rf"2 .*AdamW \+ {other['scheduler']}\b.*{other['mean']:.3g}")
        ui.press("q")
        assert ui.process.wait(timeout=30) == 0
        assert "\x1b[?1049l" in ui.text + ui.seen  # the shell's own screen is back

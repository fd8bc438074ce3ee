"""What a chart that grows costs: CPU seconds and bytes to the terminal per refresh.

A child process shows one chart in a pseudo-terminal of its own; the parent counts what arrives. Every series grows by
the same number of points at each refresh, up to the known horizon. The start of the application is not counted.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import pty
import random
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence

from hlr_tui.plot import MARKERS

HERTZ = 2.0
REPORT = "HLR_CHART_REPORT"
"""The child writes to the file descriptor of this name: when refreshing begins, and its CPU seconds."""


def curve(number: int, points: int) -> list[float]:
    """A training loss: a power law with noise."""
    noise = random.Random(number)
    return [2 / (1 + x / (50 + 5 * number)) ** 0.5 * math.exp(noise.gauss(0, 0.03)) for x in range(points)]


def child(series: int, points: int, step: int, refreshes: int, smoothing: float) -> None:
    from textual.app import App, ComposeResult

    from hlr_tui.widgets.chart import Chart

    report = int(os.environ[REPORT])
    start = points - step * refreshes
    curves = [curve(number, points) for number in range(series)]

    class Streaming(App[None]):
        shown = start

        def compose(self) -> ComposeResult:
            yield Chart("Training loss", log_y=True)

        def on_mount(self) -> None:
            chart = self.query_one(Chart)
            chart.x_range, chart.smoothing = (0, points), smoothing
            for number, ys in enumerate(curves):
                chart.put(
                    str(number),
                    label=f"AdamW + ExpHyperbolicLR seed {number}",
                    xs=range(start),
                    ys=ys[:start],
                    colour=number,
                    marker=MARKERS[number],
                )
            self.set_timer(2.0, self.begin)

        def begin(self) -> None:
            os.write(report, b"begin\n")
            self.began = time.process_time()
            self.set_interval(1 / HERTZ, self.grow)

        def grow(self) -> None:
            if self.shown >= points:
                used = time.process_time() - self.began
                os.write(report, f"{used}\n".encode())
                self.exit()
                return
            chart = self.query_one(Chart)
            xs = range(self.shown, self.shown + step)
            self.shown += step
            for number, ys in enumerate(curves):
                chart.extend(str(number), xs, ys[xs[0] : xs[-1] + 1])

    Streaming().run()


def measure(arguments: Sequence[str], width: int, height: int) -> tuple[float, int]:
    """CPU seconds and bytes between the child's two reports."""
    reading, writing = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.close(reading)
        os.set_inheritable(writing, True)
        kept = {"TERM": "xterm-256color", "COLORTERM": "truecolor", REPORT: str(writing)}
        os.execve(sys.executable, [sys.executable, __file__, "--child", *arguments], os.environ | kept)
    os.close(writing)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    said, received, began = b"", 0, False
    while said.count(b"\n") < 2:
        ready, _, _ = select.select([terminal, reading], [], [])
        if terminal in ready:
            received += len(os.read(terminal, 65536)) * began
        if reading in ready:
            told = os.read(reading, 1024)
            if not told:
                raise SystemExit("the child ended early")
            said, began = said + told, True
    os.close(reading)
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # its other end is closed: Linux's way to say that
        pass
    os.waitpid(pid, 0)
    return float(said.split()[1]), received


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--series", type=int, default=16)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--step", type=int, default=5, help="points that each series gains per refresh")
    parser.add_argument("--refreshes", type=int, default=40)
    parser.add_argument("--smoothing", type=float, default=0.0)
    parser.add_argument("--size", default="160x45", help="columns x lines of the terminal")
    args = parser.parse_args()
    if args.child:
        child(args.series, args.points, args.step, args.refreshes, args.smoothing)
        return
    width, height = map(int, args.size.split("x"))
    numbers = {name: getattr(args, name) for name in ("series", "points", "step", "refreshes", "smoothing")}
    arguments = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    seconds, received = measure(arguments, width, height)
    figures = {"cpu_ms_per_refresh": 1e3 * seconds / args.refreshes, "bytes_per_refresh": received / args.refreshes}
    print(json.dumps(numbers | {"size": args.size} | {name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()

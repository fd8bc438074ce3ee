"""Who trains, and how busy the machine is: workers, cores, memory and GPUs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

    from core.analysis.progress import Progress
    from core.storage.workers import Worker

PERIOD = 2.0
"""Seconds between two looks at the machine."""

GPU_PERIOD, GPU_SECONDS = 5.0, 2.0
"""Seconds between two questions to the driver's tool, and how long its answer may take."""

SILENT = 20.0
"""A worker of another host that has not shown itself for so many seconds is named with them: workers beat every few
seconds, but the clocks of hosts differ."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, as the driver's tool tells: shares are 0 … 1, memory in bytes."""

    name: str
    busy: float
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Hand:
    """One worker.

    Attributes:
        name: the first letters of its id.
        where: its device, with its host where that is another one.
        doing: what it trains, "" where it waits for a run.
        cpu: cores that it kept busy since the last look; None where that cannot be known.
        memory: bytes that it holds; None likewise.
        silent: seconds since it was last heard of, where they are many; otherwise 0.
    """

    name: str
    where: str
    doing: str
    cpu: float | None = None
    memory: int | None = None
    silent: float = 0.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers of an experiment, and the load of the machine on which the UI runs.

    Attributes:
        cores: how many we may use; busy: how many are at work, by whoever; None before it has been measured.
        used, total: memory in bytes.
    """

    hands: tuple[Hand, ...]
    cores: int
    busy: float | None
    used: int
    total: int
    gpus: tuple[Gpu, ...] = ()


class CrewWatch:
    """Looks at workers and machine again and again; for one thread at a time."""

    def __init__(self) -> None:
        self._last: Crew | None = None
        self._of: tuple[object, ...] = ()
        self._at = 0.0
        self._processes: dict[tuple[int, float], psutil.Process] = {}
        self._gpus: tuple[Gpu, ...] = ()
        self._gpus_at = 0.0

    def look(self, progress: Progress) -> Crew:
        """The crew of an experiment; as it was within the last `PERIOD` while its workers and runs are the same."""
        import psutil

        now = time.monotonic()
        jobs = {running.run.worker_id: running.run for running in progress.running}
        of = (
            *((worker.id, worker.device) for worker in progress.workers),
            *((key, run.id) for key, run in jobs.items()),
        )
        if self._last is not None and of == self._of and now - self._at < PERIOD:
            return self._last
        hands = []
        for worker in progress.workers:
            run = jobs.get(worker.id)
            doing = "" if run is None else f"{_method(run.optimizer, run.scheduler)} seed {run.seed}"
            hands.append(self._hand(worker, doing))
        here = {(worker.pid, worker.started) for worker in progress.workers}
        self._processes = {key: process for key, process in self._processes.items() if key in here}
        if now - self._gpus_at > GPU_PERIOD or not self._gpus_at:
            self._gpus, self._gpus_at = gpus(), now
        memory = psutil.virtual_memory()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        share = psutil.cpu_percent()
        busy = share / 100 * (os.cpu_count() or 1) if self._last is not None else None
        self._last = Crew(tuple(hands), cores, busy, memory.total - memory.available, memory.total, self._gpus)
        self._of, self._at = of, now
        return self._last

    def _hand(self, worker: Worker, doing: str) -> Hand:
        import psutil

        name = worker.id[:8]
        if worker.host != socket.gethostname():
            silent = time.time() - worker.seen_at
            return Hand(name, f"{worker.device} @{worker.host}", doing, silent=silent if silent > SILENT else 0.0)
        key = (worker.pid, worker.started)
        try:
            process = self._processes.get(key)
            if process is None:  # its load is measured from here on
                process = self._processes[key] = psutil.Process(worker.pid)
                process.cpu_percent()
                return Hand(name, worker.device, doing, None, process.memory_info().rss)
            return Hand(name, worker.device, doing, process.cpu_percent() / 100, process.memory_info().rss)
        except psutil.Error:  # it has just ended, or belongs to somebody else
            return Hand(name, worker.device, doing)


def gpus() -> tuple[Gpu, ...]:
    """Every NVIDIA GPU of this machine; none where there is no driver, or it does not answer in time."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    argv = [program, "--query-gpu=name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(argv, capture_output=True, text=True, timeout=GPU_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_gpus(listed.stdout) if listed.returncode == 0 else ()


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """GPUs from lines of ``name, busy in percent, MiB used, MiB there are``; a figure that the driver does not give is
    0, as of a share of a GPU (MIG)."""
    found = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.rsplit(",", 3)]
        if len(parts) == 4:
            busy, used, total = (int(part) if part.isdecimal() else 0 for part in parts[1:])
            found.append(Gpu(parts[0], busy / 100, used << 20, total << 20))
    return tuple(found)


def _method(optimizer: str, scheduler: str) -> str:
    from core.analysis.results import method_label

    return method_label(optimizer, scheduler)


def crew_rows(crew: Crew, width: int) -> list[tuple[str, str, str]]:
    """What a panel of `width` columns says, line by line: what it is about, a bar or a text, and figures.

    The machine comes first, then each worker.
    """
    rows = [
        ("cores", bar((crew.busy or 0.0) / crew.cores, _bar_width(width)), _busy(crew)),
        (
            "memory",
            bar(crew.used / crew.total if crew.total else 0.0, _bar_width(width)),
            _memory(crew.used, crew.total),
        ),
    ]
    for number, gpu in enumerate(crew.gpus):
        rows.append(
            (f"cuda:{number}", bar(gpu.busy, _bar_width(width)), f"{gpu.busy:.0%} {_memory(gpu.used, gpu.total)}")
        )
    rows += [(hand.name, f"{hand.where}  {hand.doing or 'waits for a run'}", _figures(hand)) for hand in crew.hands]
    return rows


def _bar_width(width: int) -> int:
    return max(4, min(24, width - 30))


def bar(share: float, width: int) -> str:
    """A bar of `width` cells, filled up to a share of 0 … 1."""
    full = round(min(1.0, max(0.0, share)) * width)
    return "━" * full + "─" * (width - full)


def _busy(crew: Crew) -> str:
    return f"{'?' if crew.busy is None else f'{crew.busy:.1f}'}/{crew.cores} busy"


def _memory(used: int, total: int) -> str:
    return f"{used / 2**30:.1f}/{total / 2**30:.0f} GiB"


def _figures(hand: Hand) -> str:
    if hand.silent:
        return f"silent for {hand.silent:.0f} s"
    cpu = "" if hand.cpu is None else f"{hand.cpu:.0%} of a core "
    return cpu + ("" if hand.memory is None else f"{hand.memory / 2**30:.1f} GiB")


def no_workers_text(progress: Progress) -> tuple[str, ...]:
    """What to say where nobody trains."""
    if progress.experiment.state in ("running", "stopping") and not progress.abandoned:
        return ("no worker yet: the conductor starts them", "once every method has been checked")
    return ("nobody trains",)

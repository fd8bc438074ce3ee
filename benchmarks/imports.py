"""What starting the program costs: wall time of small commands, as multiples of starting Python, in turn."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "declarations, spec and plan": [sys.executable, "-c", "import core.plan, core.spec.file"],
    "the catalogue, all parts": [sys.executable, "-c", "from core.catalog import catalog; catalog()"],
    "storage (sqlalchemy)": [sys.executable, "-c", "import core.storage.runs, core.storage.reader"],
    "results": [sys.executable, "-c", "import core.analysis.results"],
    "hlr-tui --help": [sys.executable, "-m", "hlr_tui", "--help"],
    "hlr-tui list schedulers": [sys.executable, "-m", "hlr_tui", "list", "schedulers"],
    "import rich.live": [sys.executable, "-c", "import rich.live"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(7):
        for name, argv in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - began)
    base = statistics.median(times["python -c pass"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:30} {1000 * median:8.0f} ms {median / base:7.1f} x")


if __name__ == "__main__":
    main()

"""Runs per minute of a campaign of small runs with 1 and with 2 workers, in turn, from an empty workspace each time.

The time is that of the training alone, from the first claim to the last result, so that the start of the processes
(import torch) does not count; the wall time of the whole command stands beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.storage.engine import open_database
from core.storage.experiments import get_experiment
from core.storage.runs import runs_of

SPEC = """
[experiment]
name = "small"
mode = "compare"
[task]
name = "digits"
[training]
epochs = 10
[methods]
optimizers = ["AdamW"]
schedulers = ["N", "C", "S", "OC", "EH"]
[compare]
seeds = {seeds}
"""


def campaign(workers: int, seeds: int) -> tuple[int, float, float]:
    """Runs, training seconds, wall seconds."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "small.toml"
        spec.write_text(SPEC.format(seeds=seeds))
        began = time.perf_counter()
        subprocess.run(
            [
                *(sys.executable, "-m", "hlr_tui", "--batch", str(spec), "--json"),
                *("--workspace", f"{folder}/hlr", "--workers", str(workers)),
            ],
            check=True,
            capture_output=True,
        )
        wall = time.perf_counter() - began
        db = open_database(f"{folder}/hlr/hlr.db", create=False)
        runs = runs_of(db, get_experiment(db, "small").id)
        started = min(run.started_at or 0.0 for run in runs)
        ended = max(run.finished_at or 0.0 for run in runs)
        db.close()
        return len(runs), ended - started, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found: dict[int, list[tuple[int, float, float]]] = {1: [], 2: []}
    for _ in range(args.rounds):
        for workers in found:
            found[workers].append(campaign(workers, args.seeds))
    rate = {workers: max(60 * runs / seconds for runs, seconds, _ in rows) for workers, rows in found.items()}
    wall = {workers: min(row[2] for row in rows) for workers, rows in found.items()}
    if args.json:
        print(json.dumps({"runs_per_minute": rate, "wall_seconds": wall}))
        return
    for workers in found:
        print(f"{workers} worker(s): {rate[workers]:7.0f} runs/min   whole command {wall[workers]:6.1f} s")
    print(f"two workers against one: {rate[2] / rate[1]:.2f} x the runs per minute")


if __name__ == "__main__":
    main()

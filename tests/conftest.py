"""Campaigns on a folder per test, with one data folder for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from campaign import Campaign, campaign, document

# Read when torch is imported: what the tests train is tiny, and they share the cores with their neighbours.
os.environ["OMP_NUM_THREADS"] = "1"


SLOW = {
    "tests/core/execution/test_campaigns.py": 90,
    "tests/core/tracking/test_tracker.py": 70,
    "tests/test_terminal.py": 60,
    "tests/hlr_tui/commands/test_batch.py": 60,
    "tests/test_ssh.py": 40,
    "tests/hlr_tui/test_snapshots.py": 40,
    "tests/test_own_task.py": 30,
    "tests/core/execution/test_conductor.py": 30,
    "tests/hlr_tui/commands/test_stop_resume.py": 30,
    "tests/test_readme.py": 20,
    "tests/hlr_tui/test_light_processes.py": 20,
    "tests/hlr_tui/screens/test_lab_screen.py": 20,
    "tests/hlr_tui/screens/test_new_screen.py": 20,
    "tests/hlr_tui/screens/test_monitor_screen.py": 20,
    "tests/hlr_tui/screens/test_experiments_screen.py": 20,
    "tests/core/trainer/test_eager.py": 10,
}
"""Seconds that a file takes, roughly: these begin, so that no core waits for the last of them at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several processes get each as large a share of what is slow, and that first.

    xdist gives every process a run of the list, as long as the others', and an idle one takes from another's end. The
    tests of a file stay together, as they share campaigns that only one process should train.
    """
    processes = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if processes == 1:
        return
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path.relative_to(config.rootpath).as_posix(), []).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    seconds = [0.0] * processes
    for path in sorted(files.keys() & SLOW.keys(), key=lambda path: (-SLOW[path], path)):
        least = seconds.index(min(seconds))
        seconds[least] += SLOW[path]
        shares[least] += files[path]
    rest = [item for path, tests in files.items() if path not in SLOW for item in tests]
    for place, share in enumerate(shares):
        length = (len(items) - sum(map(len, shares[:place]))) // (processes - place)
        taken = max(0, length - len(share))
        share += rest[:taken]
        del rest[:taken]
    items[:] = [item for share in shares for item in share] + rest


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def nothing_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose code may run is remembered in a folder per test, never at home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HLR_TRUST", raising=False)


@pytest.fixture
def make_campaign(tmp_path: Path, data_dir: Path) -> Iterator[Callable[..., Campaign]]:
    """Makes campaigns of TINY with changes (see `campaign.document`)."""
    with ExitStack() as stack:

        def make(folder: str = "campaign", **changes: Any) -> Campaign:
            return stack.enter_context(campaign(tmp_path / folder, data_dir, document(**changes)))

        yield make

"""What an experiment was trained with: versions, machine, and the commit of the source around it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("hlr-tui", "torch", "torchvision", "numpy", "optuna", "sqlalchemy", "prodigyopt", "dadaptation", "wandb")

_ASK_SECONDS = 20


def surroundings(threads: int) -> dict[str, Any]:
    """Versions, hardware and source as of now.

    Args:
        threads: CPU threads of one worker.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "host": platform.node(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "gpus": _gpus(),
        "threads": threads,
        "folder": str(Path.cwd()),
        "git": _git(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]] if not _has_secret(sys.argv) else [],
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _has_secret(words: list[str]) -> bool:
    """A URL with a password stands among them."""
    return any("://" in word and "@" in word for word in words)


def _processor() -> str:
    """The name of the processor, as its maker calls it where the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor()


def _gpus() -> list[str]:
    """Name, memory and driver of each NVIDIA GPU."""
    query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    return (_said("nvidia-smi", *query) or "").splitlines()


def _git() -> dict[str, Any] | None:
    """Commit of the repository that the current folder lies in, and whether its files differ from it."""
    commit = _said("git", "rev-parse", "HEAD")
    if not commit:
        return None
    changed = _said("git", "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": None if changed is None else bool(changed)}


def _said(program: str, *arguments: str) -> str | None:
    """What a program prints; None where it is not there or fails."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

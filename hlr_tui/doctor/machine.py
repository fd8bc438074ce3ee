"""Python, torch, devices, cores and memory."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hlr_tui.doctor.finding import Finding, size_text
from hlr_tui.settings import Settings

TORCH_SECONDS = 120.0
"""A first import from a cold network disk takes a minute."""

_DRIVER_SECONDS = 20.0
_LITTLE_MEMORY = 2 * 1024**3

# Prints one JSON line. Runs in a process of its own: a torch that crashes or hangs must not take the doctor along.
_PROBE = """
import json
found = {}
import torch
found["torch"] = torch.__version__
found["built_for_cuda"] = torch.version.cuda
found["cuda"] = []
if torch.cuda.is_available():
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        found["cuda"].append([device.name, device.total_memory])
found["mps"] = torch.backends.mps.is_available()
try:
    import torchvision
    found["torchvision"] = torchvision.__version__
except Exception as error:
    found["torchvision_error"] = f"{type(error).__name__}: {error}".splitlines()[0]
print("\\n" + json.dumps(found))
"""


def check_python(settings: Settings) -> Iterator[Finding]:
    """Our release and the Python that runs it."""
    text = f"hlr-tui {importlib.metadata.version('hlr-tui')}, Python {platform.python_version()}, {sys.executable}"
    yield Finding("ok", "python", text)


def check_torch(settings: Settings) -> Iterator[Finding]:
    """Torch with torchvision, and the devices it sees."""
    found, trouble = probe_torch([sys.executable, "-P", "-c", _PROBE], TORCH_SECONDS)
    reinstall = f"{sys.executable} -m pip install --force-reinstall torch torchvision"
    if found is None:
        yield Finding("failed", "torch", f"cannot be imported: {trouble}", reinstall)
        return
    if "torchvision" in found:
        yield Finding("ok", "torch", f"torch {found['torch']}, torchvision {found['torchvision']}")
    else:
        text = f"torch {found['torch']}, but torchvision cannot be imported with it: {found['torchvision_error']}"
        yield Finding("failed", "torch", text, reinstall)
    yield from _devices(found)


def probe_torch(argv: list[str], seconds: float) -> tuple[dict[str, Any] | None, str]:
    """What a program that imports torch says of it in the last line of its output, or None and what went wrong."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, f"its import has not ended after {seconds:.0f} s"
    except OSError as error:
        return None, f"{argv[0]}: {error.strerror}"
    if done.returncode < 0:
        return None, f"the process died of {signal.Signals(-done.returncode).name}"
    if done.returncode > 0:
        return None, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found, ""


def _devices(found: dict[str, Any]) -> Iterator[Finding]:
    drivers = _driver()
    for index, (name, memory) in enumerate(found["cuda"]):
        driver = f", driver {drivers[0][1]}" if drivers else ""
        yield Finding("ok", "device", f"cuda:{index}: {name}, {size_text(memory)}{driver}")
    if found["mps"]:
        yield Finding("ok", "device", "mps: the GPU of this Mac")
    if drivers and not found["cuda"]:
        names = ", ".join(name for name, _ in drivers)
        if os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
            todo = "CUDA_VISIBLE_DEVICES hides it; unset it to train there"
        elif found["built_for_cuda"] is None:
            todo = "this torch is built without CUDA; install a build with it"
        else:
            todo = (
                f"torch needs a driver for CUDA {found['built_for_cuda']}; update the driver, or install an older torch"
            )
        yield Finding("warning", "device", f"{names} (driver {drivers[0][1]}) is here, but torch does not see it", todo)
    if not found["cuda"] and not found["mps"]:
        yield Finding("ok", "device", "cpu alone; runs train there, a worker per core")


def _driver() -> list[tuple[str, str]]:
    """Name and driver version of every NVIDIA GPU, as the driver's own tool tells."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    argv = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        listed = subprocess.run(argv, capture_output=True, text=True, timeout=_DRIVER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if listed.returncode != 0:
        return []
    rows = (line.rpartition(",") for line in listed.stdout.splitlines())
    return [(name.strip(), version.strip()) for name, comma, version in rows if comma]


def check_cores(settings: Settings) -> Iterator[Finding]:
    """How many workers this process may expect to run at once, and the memory for them."""
    import psutil

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = f"{usable} of {os.cpu_count()} cores for us; a worker takes training.threads of them, 1 by default"
    quota = cpu_quota(Path("/sys/fs/cgroup/cpu.max"))
    if quota is not None and quota < usable:
        todo = f"set execution.workers = {max(1, int(quota))}: one worker per core is too many here"
        yield Finding("warning", "cores", f"{text}; this container may use {quota:g}", todo)
    else:
        yield Finding("ok", "cores", text)
    memory = psutil.virtual_memory()
    text = f"{size_text(memory.available)} of {size_text(memory.total)} free"
    if memory.available < _LITTLE_MEMORY:
        yield Finding(
            "warning", "memory", text, "each worker needs about 0.7 GiB beside its data; set execution.workers"
        )
    else:
        yield Finding("ok", "memory", text)


def cpu_quota(path: Path) -> float | None:
    """The cores that a container may use at once, from its control group; None where there is no limit."""
    try:
        quota, period = path.read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None

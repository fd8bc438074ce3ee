"""How many workers a machine carries, and which device each of them gets."""

from __future__ import annotations

import os
import shutil
import subprocess

from core.spec import ExperimentSpec

_ASK_SECONDS = 20


def count_gpus() -> int:
    """NVIDIA GPUs that our processes may use: those of CUDA_VISIBLE_DEVICES, else those that nvidia-smi lists.

    Asked of the driver's own tool, because importing torch would cost the conductor seconds and hundreds of megabytes.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        listed = subprocess.run(
            [program, "--list-gpus"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    present = sum(line.startswith("GPU ") for line in listed.stdout.splitlines()) if listed.returncode == 0 else 0
    if visible is None or present == 0:
        return present
    return len([word for word in visible.split(",") if word.strip() not in ("", "-1", "NoDevFiles")])


def spread_devices(spec: ExperimentSpec, gpus: int) -> tuple[str, ...]:
    """The devices that workers take in turn."""
    wanted = spec.training.device
    if wanted in ("auto", "cuda") and gpus > 0:
        return tuple(f"cuda:{index}" for index in range(gpus))
    return (wanted,)


def wanted_workers(spec: ExperimentSpec, gpus: int) -> int:
    """How many workers a spec asks for; "auto" is one per GPU, or one per core that this process may use."""
    if spec.execution.workers is not None:
        return spec.execution.workers
    devices = spread_devices(spec, gpus)
    if devices[0].startswith("cuda"):
        return len(devices)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // spec.training.threads)

"""Workers per machine: a real nvidia-smi is a program that prints lines, and so is this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.execution.devices import count_gpus, spread_devices, wanted_workers
from core.spec import ExperimentSpec
from core.spec.reader import build_spec


def spec(**training: object) -> ExperimentSpec:
    return build_spec(
        {"experiment": {"name": "a"}, "task": {"name": "digits"}, "training": training, "methods": {}}, "test"
    )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, and no CUDA_VISIBLE_DEVICES."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def install(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


LISTING = "echo 'GPU 0: NVIDIA H200 (UUID: GPU-a)'; echo 'GPU 1: NVIDIA H200 (UUID: GPU-b)'"


def test_a_machine_without_gpus_has_one_worker_per_core(machine: Path) -> None:
    assert count_gpus() == 0
    assert spread_devices(spec(), 0) == ("auto",)
    assert wanted_workers(spec(), 0) == len(os.sched_getaffinity(0))
    assert wanted_workers(spec(threads=1000), 0) == 1


def test_every_gpu_gets_a_worker(machine: Path) -> None:
    install(machine, LISTING)
    assert count_gpus() == 2
    assert spread_devices(spec(), 2) == ("cuda:0", "cuda:1")
    assert spread_devices(spec(device="cuda"), 2) == ("cuda:0", "cuda:1")
    assert wanted_workers(spec(), 2) == 2


def test_a_named_device_is_taken_as_it_is(machine: Path) -> None:
    install(machine, LISTING)
    assert spread_devices(spec(device="cuda:1"), 2) == ("cuda:1",)
    assert spread_devices(spec(device="cpu"), 2) == ("cpu",)
    assert wanted_workers(spec(device="cpu"), 2) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("visible", "number"), [("1", 1), ("0,1", 2), ("", 0), ("-1", 0), ("GPU-a,GPU-b", 2)])
def test_only_visible_gpus_count(machine: Path, monkeypatch: pytest.MonkeyPatch, visible: str, number: int) -> None:
    install(machine, LISTING)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert count_gpus() == number


def test_a_driver_that_does_not_answer_means_no_gpu(machine: Path) -> None:
    install(machine, "echo 'NVIDIA-SMI has failed'; exit 9")
    assert count_gpus() == 0

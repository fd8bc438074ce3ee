"""Starting what runs detached: an experiment's conductor and tracker, and the command lines of its workers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from core.errors import EnvironmentFailure
from core.execution.executor import WorkerOrder

_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
        *("CUDA_HOME", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "PYTHONHASHSEED", "PYTHONWARNINGS"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NETRC", "PGPASSFILE", "PGPASSWORD", "PGSERVICEFILE"),
    }
)
STORAGE_ENV = "HLR_STORAGE"
"""Carries the URL of the database, which may hold a password: command lines are open to every user of a machine."""

_PASSED_ON_PREFIXES = ("LC_", "XDG_", "HLR_", "TORCH_", "PYTORCH_", "OMP_", "MKL_", "WANDB_")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an experiment lives: what every process of it is told.

    Attributes:
        storage: URL of the database; may hold a password.
        workspace: folder of run files and logs.
        data_dir: folder of data sets.
    """

    storage: str
    workspace: Path
    data_dir: Path

    def log(self, experiment: str, name: str) -> Path:
        return self.workspace / "logs" / experiment / f"{name}.log"

    def arguments(self) -> list[str]:
        """Options of every process; the storage is told by the environment."""
        return ["--workspace", str(self.workspace), "--data-dir", str(self.data_dir)]

    def environment(self, threads: int = 1) -> dict[str, str]:
        """The whole environment of a process of ours."""
        return allowed_environment(threads) | {STORAGE_ENV: self.storage}


def allowed_environment(threads: int = 1) -> dict[str, str]:
    """The variables that our processes inherit, by an allow-list: secrets of the shell stay out of them."""
    env = {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    # numpy and torch size their thread pools at import; the default, one thread per core and worker, starves all
    env["OMP_NUM_THREADS"] = env["MKL_NUM_THREADS"] = env["OPENBLAS_NUM_THREADS"] = str(threads)
    return env


def python_module(module: str) -> list[str]:
    """A Python that runs one of our modules; -P keeps the current folder from shadowing them."""
    return [sys.executable, "-P", "-m", module]


def launch_conductor(place: Place, experiment: str) -> subprocess.Popen[bytes]:
    """Start the conductor of an experiment in a session of its own; it outlives the caller.

    Raises:
        EnvironmentFailure: it cannot be started.
    """
    argv = [*python_module("core.execution.conductor"), *place.arguments(), "--experiment", experiment]
    return _detached("the conductor", argv, place, place.log(experiment, "conductor"))


def launch_tracker(place: Place, experiment: str, *, again: bool) -> subprocess.Popen[bytes]:
    """Start the tracker of an experiment in a session of its own; `again` where an earlier one has died.

    Raises:
        EnvironmentFailure: it cannot be started.
    """
    argv = [*tracker_command(place, experiment), *(["--again"] if again else [])]
    return _detached("the tracker", argv, place, place.log(experiment, "wandb"))


def tracker_command(place: Place, experiment: str) -> list[str]:
    """The command line of an experiment's tracker."""
    return [*python_module("core.tracking.tracker"), *place.arguments(), "--experiment", experiment]


def _detached(what: str, argv: list[str], place: Place, log: Path) -> subprocess.Popen[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                argv,
                env=place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise EnvironmentFailure(f"{what} cannot be started: {error}") from error


def worker_order(
    place: Place, experiment: str, experiment_id: int, name: str, device: str, threads: int
) -> WorkerOrder:
    """The order for one worker of an experiment."""
    log = str(place.log(experiment, name))
    argv = [*python_module("core.trainer.worker"), *place.arguments(), "--experiment", str(experiment_id)]
    argv += ["--device", device, "--log", log]
    # A batch system may write the environment of a job to a file; a W&B key has no business there.
    env = {name: value for name, value in place.environment(threads).items() if not name.startswith("WANDB_")}
    return WorkerOrder(argv=tuple(argv), env=env, log=log, tag=experiment)

"""Campaigns for tests: specs, and the installed `hlr-tui` in processes of its own on a workspace of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import psutil
import tomlkit

from core.execution.launch import Place
from core.plan import Plan, make_plan
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import Experiment, get_experiment
from core.storage.processes import is_alive
from core.storage.runs import Run, runs_of
from core.storage.workers import Worker, list_workers

PROGRAM = Path(sys.executable).with_name("hlr-tui")
PATIENCE = 120.0
"""Seconds after which a condition that has not come true is a failure; nothing waits so long where things work."""

_LOOKS = Event()

Document = dict[str, Any]
T = TypeVar("T")

TINY: Document = {
    "experiment": {"name": "tiny", "mode": "compare"},
    "task": {"name": "digits"},
    "model": {"name": "MLP", "hidden_size": 8, "num_layers": 1},
    "training": {"epochs": 3, "batch_size": 512, "seeds": [1], "device": "cpu"},
    "methods": {"schedulers": ["N"]},
    "optimize": {"trials": 4, "batch": 2},
    "compare": {"budgets": [2], "seeds": [1]},
    "execution": {"workers": 1},
}
"""Milliseconds of training: what takes time is to start a worker."""


def document(**changes: Any) -> Document:
    """TINY with changes, given as section__key=value."""
    made: Document = json.loads(json.dumps(TINY))
    for place, value in changes.items():
        section, _, key = place.partition("__")
        made.setdefault(section, {})[key] = value
    return made


def plan_of(given: Document) -> Plan:
    return make_plan(spec_from_json(json.dumps(given), "test"))


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """The first true answer of `look`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        _LOOKS.wait(0.005)
    raise AssertionError(f"waited {seconds:.0f} s for: {what}")


def wait_dead(pid: int) -> None:
    """Wait until a process does nothing any more; its parent may not have noticed."""

    def gone() -> bool:
        try:
            return psutil.Process(pid).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except psutil.NoSuchProcess:
            return True

    until(gone, f"the end of process {pid}")


def kill(pid: int) -> None:
    """kill -9, and wait for it."""
    os.kill(pid, signal.SIGKILL)
    wait_dead(pid)


@dataclass
class Campaign:
    """A workspace with one experiment, and what a user can do to it.

    Attributes:
        folder: holds spec.toml, the workspace and the plug-ins.
        spec: what spec.toml says.
    """

    folder: Path
    data_dir: Path
    spec: Document
    plugins: bool = False
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    _db: Database | None = None

    @property
    def name(self) -> str:
        name: str = self.spec["experiment"]["name"]
        return name

    @property
    def workspace(self) -> Path:
        return self.folder / "hlr"

    @property
    def place(self) -> Place:
        return Place(f"sqlite:///{self.workspace}/hlr.db", self.workspace, self.data_dir)

    def plugin(self, name: str, text: str) -> None:
        """Drop a plug-in file; every command gets --plugins from now on."""
        (self.folder / "plugins").mkdir(exist_ok=True)
        (self.folder / "plugins" / f"{name}.py").write_text(text)
        self.plugins = True

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command."""
        argv = [str(PROGRAM), *arguments, "--workspace", str(self.workspace), "--data-dir", str(self.data_dir)]
        argv += ["--plugins", str(self.folder / "plugins")] if self.plugins else []
        env = {name: value for name, value in os.environ.items() if not name.startswith("HLR_")}
        env["XDG_STATE_HOME"] = str(self.folder / "state")  # what it trusts is forgotten with it
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(argv, cwd=self.folder, env=env, text=True, **(given | options))
        self.started.append(process)
        return process

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must be this exit code."""
        return self.end(self.start(*arguments), code)

    def end(self, process: subprocess.Popen[str], code: int = 0) -> subprocess.CompletedProcess[str]:
        """Wait for a command that was started."""
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"exit code {process.returncode}, not {code}\n{out}\n{err}\n{self.logs()}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def write(self, **changes: Any) -> str:
        """Write spec.toml, with changes as in `document`; returns its path."""
        for place, value in changes.items():
            section, _, key = place.partition("__")
            self.spec.setdefault(section, {})[key] = value
        path = self.folder / "spec.toml"
        path.write_text(tomlkit.dumps(self.spec))
        return str(path)

    def start_batch(self, *arguments: str, check: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Run the spec, without the step of every method before, which takes seconds, unless that is to be tested."""
        unchecked = [] if check or "--check" in arguments else ["--no-check"]
        return self.start("--batch", self.write(), *unchecked, *arguments, **options)

    def batch(self, *arguments: str, code: int = 0, check: bool = False) -> Document:
        """Run the spec; the result document."""
        ended = self.end(self.start_batch("--json", *arguments, check=check), code)
        found: Document = json.loads(ended.stdout)
        return found

    def json(self, *arguments: str) -> Document:
        found: Document = json.loads(self.run(*arguments, "--json").stdout)
        return found

    def export(self) -> str:
        """Every point, as `export --format csv` writes it."""
        return self.run("export", self.name, "--format", "csv").stdout

    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.export())))

    @property
    def db(self) -> Database:
        if self._db is None:
            self._db = open_database(self.place.storage, create=False)
        return self._db

    @property
    def experiment(self) -> Experiment:
        return get_experiment(self.db, self.name)

    def runs(self, *states: str) -> list[Run]:
        found = runs_of(self.db, self.experiment.id)
        return [run for run in found if not states or run.state in states]

    def attempts(self) -> dict[str, int]:
        return {run.id: run.attempt for run in self.runs()}

    def workers(self) -> list[Worker]:
        """The workers that live."""
        return [
            one
            for one in list_workers(self.db)
            if one.state != "gone" and is_alive(one.host, one.pid, one.started) is True
        ]

    def wait_database(self) -> None:
        until(lambda: (self.workspace / "hlr.db").exists() and self._begun(), "the experiment in its database")

    def _begun(self) -> bool:
        connection = open_database(self.place.storage, create=False)
        try:
            from core.storage.experiments import find_experiment

            return find_experiment(connection, self.name) is not None
        finally:
            connection.close()

    def wait_training(self, epoch: int = 3) -> Run:
        """A run in training that has come to `epoch`."""
        self.wait_database()
        return until(
            lambda: next((run for run in self.runs("running") if run.epoch >= epoch), None), f"a run at epoch {epoch}"
        )

    def conductor_pid(self) -> int:
        def look() -> int | None:
            holder = self.experiment.conductor
            return holder[1] if holder is not None and is_alive(*holder) else None

        return until(look, "a conductor")

    def worker_pid(self, run: Run) -> int:
        """The process that trains a run."""
        return next(worker.pid for worker in list_workers(self.db) if worker.id == run.worker_id)

    def processes(self) -> list[psutil.Process]:
        """Every living process that was told of this workspace."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if str(self.workspace) in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
        ]

    def wait_quiet(self) -> None:
        """Wait until none of our processes is left."""
        until(lambda: not self.processes(), "the end of all processes")

    def logs(self) -> str:
        """The end of every log, for messages."""
        files = sorted((self.workspace / "logs").rglob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in files)

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.processes():
            process.kill()
        for started in self.started:
            started.kill()
            started.communicate()
        if self._db is not None:
            self._db.close()


@contextmanager
def campaign(folder: Path, data_dir: Path, spec: Mapping[str, Any]) -> Iterator[Campaign]:
    """A campaign whose processes end with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Campaign(folder, data_dir, json.loads(json.dumps(spec)))
    try:
        yield made
    finally:
        made.close()


def leftovers(workspace: Path) -> list[str]:
    """Files that an ended campaign should not have: all but the database and the logs."""
    return sorted(
        str(path.relative_to(workspace))
        for path in workspace.rglob("*")
        if path.is_file()
        and path.parent != workspace / "logs"
        and not path.name.startswith("hlr.db")
        and path.suffix != ".log"
    )

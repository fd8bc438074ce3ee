"""What every executor promises, run against each of them."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from campaign import kill, until

from core.execution.executor import Executor, Handle, WorkerOrder
from core.execution.executors.local import LocalExecutor
from core.execution.launch import allowed_environment

EXECUTORS: dict[str, Callable[[], Executor]] = {"local": LocalExecutor}

WAITS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("graceful")))
print("up", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture(params=EXECUTORS)
def make(request: pytest.FixtureRequest) -> Callable[[], Executor]:
    return EXECUTORS[request.param]


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., WorkerOrder]:
    """Makes the order of a worker that runs some Python."""
    made = []

    def make_order(code: str = WAITS) -> WorkerOrder:
        log = tmp_path / "logs" / f"worker-{len(made)}.log"
        made.append(WorkerOrder((sys.executable, "-c", code), allowed_environment(), str(log), "tiny"))
        return made[-1]

    return make_order


def up(handle: Handle) -> None:
    until(lambda: "up" in Path(handle.log).read_text(), "a worker that is up", 20)


def test_many_are_submitted_and_polled_in_one_call(
    make: Callable[[], Executor], order: Callable[..., WorkerOrder]
) -> None:
    executor = make()
    handles = executor.submit([order(), order(), order("pass")])
    assert len(set(handles)) == 3
    until(lambda: executor.poll(handles)[handles[2]] == "gone", "the end of the third", 20)
    assert [executor.poll(handles)[handle] for handle in handles] == ["alive", "alive", "gone"]
    kill(handles[0].pid)
    assert [executor.poll(handles)[handle] for handle in handles] == ["gone", "alive", "gone"]
    kill(handles[1].pid)
    assert executor.poll([]) == {}


def test_handles_survive_as_json(make: Callable[[], Executor], order: Callable[..., WorkerOrder]) -> None:
    (handle,) = make().submit([order()])
    up(handle)
    again = Handle(**json.loads(json.dumps(dataclasses.asdict(handle))))
    other = make()
    assert again == handle
    assert other.poll([again])[again] == "alive"
    other.cancel([again])
    until(lambda: other.poll([again])[again] == "gone", "the end of a cancelled worker", 20)
    assert other.tail(again, 5) == "up\ngraceful"


def test_cancelling_what_is_gone_is_harmless(make: Callable[[], Executor], order: Callable[..., WorkerOrder]) -> None:
    executor = make()
    (handle,) = executor.submit([order("pass")])
    until(lambda: executor.poll([handle])[handle] == "gone", "the end of a worker", 20)
    executor.cancel([handle])


def test_another_process_with_its_pid_is_not_the_worker(
    make: Callable[[], Executor], order: Callable[..., WorkerOrder]
) -> None:
    executor = make()
    (handle,) = executor.submit([order()])
    up(handle)
    earlier = dataclasses.replace(handle, started=handle.started - 1000)
    assert executor.poll([earlier])[earlier] == "gone"
    executor.cancel([earlier])
    assert executor.poll([handle])[handle] == "alive"
    kill(handle.pid)


def test_only_allowed_variables_reach_a_worker(
    make: Callable[[], Executor], order: Callable[..., WorkerOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HLR_PLUGINS", "/somewhere")
    executor = make()
    (handle,) = executor.submit([order("import json, os; print(json.dumps(dict(os.environ)))")])
    until(lambda: executor.poll([handle])[handle] == "gone", "the end of a worker", 20)
    seen = json.loads(executor.tail(handle, 1))
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert seen["HLR_PLUGINS"] == "/somewhere"
    assert seen["PATH"] == os.environ["PATH"]
    assert seen["OMP_NUM_THREADS"] == "1"


def test_both_streams_go_to_the_log_and_are_added_to_it(
    make: Callable[[], Executor], order: Callable[..., WorkerOrder]
) -> None:
    executor = make()
    wanted = order("import sys; print('out', flush=True); print('error', file=sys.stderr)")
    for _ in range(2):
        (handle,) = executor.submit([wanted])
        until(lambda handle=handle: executor.poll([handle])[handle] == "gone", "the end of a worker", 20)
    assert Path(wanted.log).read_text() == "out\nerror\nout\nerror\n"
    assert executor.tail(handle, 2) == "out\nerror"
    assert executor.tail(dataclasses.replace(handle, log=wanted.log + ".not"), 2) == ""


def test_workers_outlive_the_session_of_their_terminal(
    make: Callable[[], Executor], order: Callable[..., WorkerOrder]
) -> None:
    executor = make()
    (handle,) = executor.submit([order()])
    up(handle)
    assert os.getsid(handle.pid) == handle.pid != os.getsid(0)
    os.kill(handle.pid, signal.SIGTERM)
    until(lambda: executor.poll([handle])[handle] == "gone", "the end of a worker", 20)

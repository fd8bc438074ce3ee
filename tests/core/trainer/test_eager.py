"""A worker does without torch's compiler, and a user's model that compiles has it all the same."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import METHODS, configuration, run_all

HERE = Path(__file__).parent

PROGRAM = """
import json, os, sys
from importlib import import_module
from core.trainer.eager import compiler_is_put_off, make_deterministic, put_off_compiler
make_deterministic()
put_off_compiler()
import torch
from small_runs import METHODS, configuration, run_all

def say(**found):
    print(json.dumps(found), flush=True)

def train(method):
    _, kept, results = run_all(configuration(*method), keep_states=True)
    return [sorted([*name, value] for name, value in kept.points.items()), results]

torch.set_num_threads(1)
trained = [train(method) for method in METHODS]
say(trained=trained, put_off=compiler_is_put_off(), deterministic=torch.are_deterministic_algorithms_enabled())

def asked(way):
    @torch.compiler.disable
    def untouched(inputs):
        return inputs + 1
    graphs = []
    def backend(graph, inputs):
        graphs.append(graph)
        return graph
    model = torch.nn.Linear(2, 1)
    put_off = compiler_is_put_off()
    if way == "attribute":
        torch.compiler.reset()
    outputs = torch.compile(lambda inputs: model(untouched(2 * inputs)), backend=backend)(torch.ones(3, 2))
    from torch._inductor import config
    import_module("torch._dynamo.eval_frame")
    ours = [torch._dynamo, sys.modules["torch._dynamo"]]
    say(
        put_off=[put_off, compiler_is_put_off()],
        right=torch.equal(outputs, model(torch.full((3, 2), 3.0))),
        graphs=len(graphs),
        one=all(each.eval_frame is sys.modules["torch._dynamo.eval_frame"] for each in ours),
        deterministic=config.deterministic,
        trained_alike=train(METHODS[0]) == trained[0],
    )

for way in ("import", "attribute"):
    if not os.fork():
        asked(way)
        sys.exit()
    assert os.wait()[1] == 0
"""


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums are added up in another order where threads share the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def said() -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=HERE)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("one_thread")
def test_runs_train_alike_without_the_compiler(said: list[dict[str, Any]]) -> None:
    importlib.import_module("torch._dynamo")
    assert said[0]["put_off"]
    assert said[0]["deterministic"]
    for method, (points, results) in zip(METHODS, said[0]["trained"], strict=True):
        _, kept, expected = run_all(configuration(*method))
        assert points == sorted([*name, value] for name, value in kept.points.items())
        assert results == expected


def test_what_compiles_gets_the_compiler(said: list[dict[str, Any]]) -> None:
    for found in said[1:]:
        assert found == {
            "put_off": [True, False],
            "right": True,
            "graphs": 2,  # before and after the function that is not to be compiled
            "one": True,
            "deterministic": True,
            "trained_alike": True,
        }
    assert len(said) == 3

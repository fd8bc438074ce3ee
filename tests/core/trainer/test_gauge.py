"""The gauges of the last step of an epoch, against the same step done by hand."""

from __future__ import annotations

import numpy
import pytest
import torch
from small_runs import CPU, Kept, cache, configuration

from core.trainer.assemble import assemble
from core.trainer.gauge import Gauge
from core.trainer.loop import train


def test_one_step_of_sgd_by_hand() -> None:
    """Linear least squares: the gradient is 2/n Xᵀ(Xw - y), the update lr times that."""
    rng = numpy.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))
    layer = torch.nn.Linear(3, 1, bias=False).double()
    weight = layer.weight.detach().numpy().copy().T
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    gauge = Gauge(layer)
    assert gauge.read() == {}, "nothing was measured"
    torch.nn.functional.mse_loss(layer(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    gauge.before_step()
    optimizer.step()
    gradient = 2 / 6 * x.T @ (x @ weight - y)
    assert gauge.read() == pytest.approx(
        {
            "grad_norm": numpy.linalg.norm(gradient),
            "update_ratio": 0.3 * numpy.linalg.norm(gradient) / numpy.linalg.norm(weight),
        },
        rel=1e-12,
    )


def test_the_norms_are_over_all_parameters_that_learn() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    model[1].requires_grad_(False)
    learning = [*model[0].parameters(), *model[2].parameters()]
    before = numpy.concatenate([p.detach().numpy().ravel() for p in learning]).astype(float)
    gauge = Gauge(model)
    model(torch.ones(5, 4)).sum().backward()
    gauge.before_step()
    gradient = numpy.concatenate([p.grad.numpy().ravel() for p in learning if p.grad is not None]).astype(float)
    torch.optim.SGD(learning, lr=0.1).step()
    found = gauge.read()
    assert found["grad_norm"] == pytest.approx(numpy.linalg.norm(gradient), rel=1e-6)
    assert found["update_ratio"] == pytest.approx(
        0.1 * numpy.linalg.norm(gradient) / numpy.linalg.norm(before), rel=1e-5
    )


def test_a_run_records_its_last_step_of_every_epoch() -> None:
    """Under plain SGD without momentum, |update| = lr |gradient|: the weights give the second gauge from the first."""
    config = configuration("SGD", "C", lr=0.05, model={"name": "MLP", "hidden_size": 16})
    config["optimizer"]["params"] |= {"momentum": 0.0, "weight_decay": 0.0}
    parts, kept = assemble(config, cache, CPU), Kept()
    norms: list[float] = []

    def note(optimizer: torch.optim.Optimizer, *unused: object) -> None:
        weights = numpy.concatenate([p.detach().numpy().ravel() for p in parts.model.parameters()]).astype(float)
        norms.append(float(numpy.linalg.norm(weights)))

    parts.optimizer.register_step_pre_hook(note)
    train(parts, config, kept)
    last = norms[parts.source.steps - 1 :: parts.source.steps]
    rates, gradients = kept.curve("lr"), kept.curve("grad_norm")
    assert len(last) == len(gradients) == 4
    expected = [lr * gradient / norm for lr, gradient, norm in zip(rates, gradients, last, strict=True)]
    assert kept.curve("update_ratio") == pytest.approx(expected, rel=1e-4)


def test_it_moves_nothing_that_it_reads() -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(5, 4)).sum().backward()

    def bits() -> list[bytes]:
        grads = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        return [tensor.detach().numpy().tobytes() for tensor in (*model.parameters(), *grads)]

    gauge, before = Gauge(model), bits()
    gauge.before_step()
    assert bits() == before
    optimizer.step()
    after = bits()
    assert after != before
    gauge.read()
    assert bits() == after

"""Every optimizer against the library that it comes from, and through a checkpoint."""

import copy
import io

import dadaptation
import prodigyopt
import pytest
import torch
from torch import nn

from core.catalog import catalog
from core.component import OptimizerRecipe
from core.errors import UsageError
from core.optimizers.dadapt_adam import DAdaptAdam
from core.optimizers.prodigy import Prodigy
from core.optimizers.sgd import SGD
from core.values import parse

CODES = ["Adam", "AdamW", "SGD", "Prodigy", "DAdapt"]
LR_FREE = [Prodigy, DAdaptAdam]


def recipe(code: str, **values: object) -> OptimizerRecipe:
    made, problems = parse(catalog().optimizers.get(code).recipe, values)
    assert not problems
    assert made is not None
    return made


def network() -> nn.Module:
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    nn.init.zeros_(net[2].bias)  # Prodigy keeps another kind of state for parameters that start at zero
    return net


def train(net: nn.Module, optimizer: torch.optim.Optimizer, first: int, last: int) -> None:
    for step in range(first, last):
        batch = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        ((net(batch) - batch[:, :2].sin()) ** 2).mean().backward()
        optimizer.step()


def weights(net: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach()


def library(code: str, parameters: list[nn.Parameter], lr: float, **options: object) -> torch.optim.Optimizer:
    made = {
        "Adam": torch.optim.Adam,
        "AdamW": torch.optim.AdamW,
        "SGD": torch.optim.SGD,
        "Prodigy": prodigyopt.Prodigy,
        "DAdapt": dadaptation.DAdaptAdam,
    }
    return made[code](parameters, lr=lr, **options)


@pytest.mark.parametrize(
    ("code", "ours", "theirs"),
    [
        ("Adam", {}, {}),
        ("Adam", {"beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1, "amsgrad": True},
         {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "amsgrad": True}),
        ("AdamW", {}, {}),
        ("AdamW", {"beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1, "amsgrad": True},
         {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "amsgrad": True}),
        ("SGD", {}, {"momentum": 0.9}),
        ("SGD", {"momentum": 0.5, "nesterov": True, "weight_decay": 0.1},
         {"momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
        ("Prodigy", {}, {}),
        ("Prodigy", {"d_coef": 2.0, "d0": 1e-3, "growth_rate": 1.1, "weight_decay": 0.1, "use_bias_correction": True,
                     "safeguard_warmup": True, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4},
         {"d_coef": 2.0, "d0": 1e-3, "growth_rate": 1.1, "weight_decay": 0.1, "use_bias_correction": True,
          "safeguard_warmup": True, "betas": (0.8, 0.99), "eps": 1e-4}),
        ("Prodigy", {"d0": 1e-3, "decouple": False, "weight_decay": 0.1},
         {"d0": 1e-3, "decouple": False, "weight_decay": 0.1}),
        ("DAdapt", {}, {}),
        ("DAdapt", {"d0": 1e-3, "growth_rate": 1.1, "weight_decay": 0.1, "decouple": True,
                    "use_bias_correction": True, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4},
         {"d0": 1e-3, "growth_rate": 1.1, "weight_decay": 0.1, "decouple": True,
          "use_bias_correction": True, "betas": (0.8, 0.99), "eps": 1e-4}),
        ("DAdapt", {"d0": 1e-3, "weight_decay": 0.1}, {"d0": 1e-3, "weight_decay": 0.1}),
    ],
)  # fmt: skip
def test_trains_as_the_library_does_with_the_same_options(code, ours, theirs):
    lr = 1.0 if catalog().optimizers.get(code).lr_free else 0.01
    our_net, their_net = network(), network()
    start = weights(our_net).clone()
    train(our_net, recipe(code, **ours).build(our_net.parameters(), lr), 0, 30)
    train(their_net, library(code, list(their_net.parameters()), lr, **theirs), 0, 30)
    assert not torch.equal(weights(our_net), start)
    assert torch.equal(weights(our_net), weights(their_net))


@pytest.mark.parametrize("code", CODES)
def test_training_goes_on_from_a_saved_state_as_if_never_interrupted(code):
    lr = 1.0 if catalog().optimizers.get(code).lr_free else 0.01
    net = network()
    optimizer = recipe(code).build(net.parameters(), lr)
    train(net, optimizer, 0, 10)
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(net, optimizer, 10, 30)

    saved = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    other = network()
    again = recipe(code).build(other.parameters(), lr)
    other.load_state_dict(saved["net"])
    again.load_state_dict(saved["optimizer"])
    train(other, again, 10, 30)
    assert torch.equal(weights(other), weights(net))
    assert recipe(code).effective_lr(again) == recipe(code).effective_lr(optimizer)


@pytest.mark.parametrize("code", CODES)
def test_settings_of_a_group_stay_plain_values(code):
    net = network()
    optimizer = recipe(code).build(net.parameters(), 1.0)
    train(net, optimizer, 0, 5)
    for key, value in optimizer.state_dict()["param_groups"][0].items():
        assert type(value) in (float, int, bool, tuple, list, type(None)), key


@pytest.mark.parametrize("kind", LR_FREE)
def test_effective_lr_is_the_rate_of_the_first_update(kind):
    """From zero moments Adam's first update, without bias correction, is rate·(1 - beta1)/√(1 - beta2) times the sign
    of the gradient."""
    weight = nn.Parameter(torch.tensor([2.0]))
    made = kind(d0=1e-2, eps=1e-12)
    optimizer = made.build([weight], 0.5)
    rate = made.effective_lr(optimizer)
    weight.grad = torch.tensor([3.0])
    optimizer.step()
    assert 2.0 - weight.item() == pytest.approx(rate * 0.1 / 0.001**0.5, rel=1e-4)


@pytest.mark.parametrize("kind", LR_FREE)
def test_effective_lr_follows_the_estimate(kind):
    net = network()
    made = kind()
    optimizer = made.build(net.parameters(), 1.0)
    assert made.effective_lr(optimizer) == pytest.approx(1e-6)
    train(net, optimizer, 0, 60)
    assert made.effective_lr(optimizer) > 1e-4


def test_effective_lr_of_the_others_is_the_rate_of_the_schedule():
    made = recipe("AdamW")
    optimizer = made.build(network().parameters(), 0.01)
    optimizer.param_groups[0]["lr"] = 0.002
    assert made.effective_lr(optimizer) == 0.002


@pytest.mark.parametrize("kind", LR_FREE)
def test_nothing_reaches_stdout(kind, capsys):
    net = network()
    train(net, kind(decouple=True, weight_decay=0.1).build(net.parameters(), 1.0), 0, 2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", LR_FREE)
def test_groups_of_different_rates_are_refused(kind):
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    groups = [{"params": first.parameters()}, {"params": second.parameters(), "lr": 0.1}]
    with pytest.raises(UsageError, match=r"lr = 0\.1: must be 1, the same for every group"):
        kind().build(groups, 1.0)


@pytest.mark.parametrize("kind", LR_FREE)
def test_groups_of_the_same_rate_are_taken(kind):
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    groups = [{"params": list(first.parameters())}, {"params": list(second.parameters()), "lr": 1.0}]
    net = nn.Sequential(nn.Linear(4, 2), first, second)
    before = copy.deepcopy(second.state_dict())
    train(net, kind(d0=1e-3).build(groups, 1.0), 0, 3)
    assert not torch.equal(before["weight"], second.weight)


@pytest.mark.parametrize("kind", LR_FREE)
@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_not_positive_is_refused(kind, lr):
    with pytest.raises(UsageError, match="must be > 0"):
        kind().build(network().parameters(), lr)


def test_nesterov_needs_momentum():
    (problem,) = SGD(momentum=0.0, nesterov=True).check()
    assert problem.key == "momentum"
    assert SGD(momentum=0.5, nesterov=True).check() == []
    assert SGD(momentum=0.0).check() == []

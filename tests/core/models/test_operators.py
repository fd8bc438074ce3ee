"""DeepONet and TFONet against the same mathematics written out for one sample and one point at a time."""

import math

import pytest
import torch
from torch.nn import functional

from core.component import DataShape
from core.models.deeponet import DeepONet
from core.models.tfonet import TFONet
from core.models.tfonet.network import sinusoids

INTEGRAL = DataShape(kind="function", inputs=(100,), outputs=(100,))
SMALL = [DeepONet(hidden_size=16, num_layers=3, num_branch=5), TFONet(d_model=8, dim_feedforward=12, num_layers=2)]


def grids(sensors: int, points: int) -> DataShape:
    return DataShape(kind="function", inputs=(sensors,), outputs=(points,))


@pytest.mark.parametrize(
    ("recipe", "shape", "expected"),
    [
        (DeepONet(), INTEGRAL, 8_604_773),
        (DeepONet(num_layers=1, num_branch=3), grids(7, 5), (7 + 1) * 3 + (1 + 1) * 3 + 1),
        (DeepONet(hidden_size=4, num_layers=2, num_branch=3), grids(7, 5), 8 * 4 + 5 * 3 + 2 * 4 + 5 * 3 + 1),
        (TFONet(), INTEGRAL, 1_852_033),
    ],
)
def test_number_of_parameters(recipe, shape, expected):
    assert sum(parameter.numel() for parameter in recipe.build(shape).parameters()) == expected


@pytest.mark.parametrize("recipe", SMALL)
@pytest.mark.parametrize(("sensors", "points"), [(100, 100), (7, 11), (11, 7), (1, 1)])
def test_any_two_grids(recipe, sensors, points):
    model = recipe.build(grids(sensors, points))
    assert model(torch.zeros(3, sensors)).shape == (3, points)


@pytest.mark.parametrize("recipe", SMALL)
def test_a_checkpoint_holds_the_parameters_alone(recipe):
    model = recipe.build(INTEGRAL)
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


def test_deeponet_is_the_naive_evaluation():
    """A pair of a function and a point at a time, answers and gradients."""
    torch.manual_seed(0)
    model = DeepONet(hidden_size=64, num_layers=4, num_branch=20).build(grids(30, 25))
    u, wanted = torch.randn(6, 30), torch.randn(6, 25)
    answers = model(u)

    def network(name: str, value: torch.Tensor) -> torch.Tensor:
        weights = dict(model.named_parameters())
        for layer in range(4):
            value = weights[f"{name}.{2 * layer}.weight"] @ value + weights[f"{name}.{2 * layer}.bias"]
            if layer < 3:
                value = 0.5 * value * (1 + torch.erf(value / math.sqrt(2)))
        return value

    rows = []
    for function in u:
        branch = network("branch", function)
        row = [torch.dot(branch, network("trunk", torch.tensor([point / 24]))) for point in range(25)]
        rows.append(torch.stack(row) + model.bias)
    naive = torch.stack(rows)
    torch.testing.assert_close(answers, naive, rtol=0, atol=1e-6)
    parameters = list(model.parameters())
    ours = torch.autograd.grad(functional.mse_loss(answers, wanted), parameters)
    theirs = torch.autograd.grad(functional.mse_loss(naive, wanted), parameters)
    for gradient, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)


def attention(weights, prefix, queries, memory, heads):
    """Softmax attention (arXiv:1706.03762, section 3.2) of one sample, head by head: [n, d], [m, d] → [n, d]."""
    width = queries.shape[1]
    inward, bias = weights[f"{prefix}.in_proj_weight"], weights[f"{prefix}.in_proj_bias"]
    q, k, v = (
        source @ inward[part * width : (part + 1) * width].T + bias[part * width : (part + 1) * width]
        for part, source in enumerate((queries, memory, memory))
    )
    size = width // heads
    found = []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        found.append(torch.softmax(q[:, own] @ k[:, own].T / math.sqrt(size), dim=1) @ v[:, own])
    return torch.cat(found, dim=1) @ weights[f"{prefix}.out_proj.weight"].T + weights[f"{prefix}.out_proj.bias"]


def normal(weights, prefix, value):
    centred = value - value.mean(dim=1, keepdim=True)
    spread = (centred**2).mean(dim=1, keepdim=True)
    return centred / torch.sqrt(spread + 1e-5) * weights[f"{prefix}.weight"] + weights[f"{prefix}.bias"]


def linear(weights, prefix, value):
    return value @ weights[f"{prefix}.weight"].T + weights[f"{prefix}.bias"]


def feed_forward(weights, prefix, value):
    return linear(weights, f"{prefix}.linear2", torch.relu(linear(weights, f"{prefix}.linear1", value)))


@pytest.mark.parametrize(("sensors", "points"), [(9, 6), (6, 9)])
def test_tfonet_is_the_transformer_written_out(sensors, points):
    torch.manual_seed(0)
    width, heads = 8, 2
    model = TFONet(d_model=width, nhead=heads, dim_feedforward=12, num_layers=2).build(grids(sensors, points))
    for parameter in model.parameters():  # biases and norms start at 0 and 1, which would hide what is left out
        torch.nn.init.normal_(parameter, std=0.5)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    u = torch.randn(4, sensors)
    rows = []
    for function in u:
        memory = linear(weights, "embed_value", function[:, None]) * math.sqrt(width) + sinusoids(sensors, width)
        for layer in ("encoder.layers.0", "encoder.layers.1"):
            memory = memory + attention(weights, f"{layer}.self_attn", memory, memory, heads)
            memory = normal(weights, f"{layer}.norm1", memory)
            memory = normal(weights, f"{layer}.norm2", memory + feed_forward(weights, layer, memory))
        y = torch.tensor([[point / (points - 1)] for point in range(points)])
        value = linear(weights, "embed_point", y) * math.sqrt(width) + sinusoids(points, width)
        for layer in ("decoder.layers.0", "decoder.layers.1"):
            value = value + attention(weights, f"{layer}.self_attn", value, value, heads)
            value = normal(weights, f"{layer}.norm1", value)
            value = value + attention(weights, f"{layer}.multihead_attn", value, memory, heads)
            value = normal(weights, f"{layer}.norm2", value)
            value = normal(weights, f"{layer}.norm3", value + feed_forward(weights, layer, value))
        rows.append(linear(weights, "head", value)[:, 0])
    torch.testing.assert_close(model(u).detach(), torch.stack(rows), rtol=1e-5, atol=2e-5)


def test_positions_are_the_papers():
    table = sinusoids(50, 6)
    expected = [
        [
            function(position / 10_000 ** (2 * pair / 6))
            for pair in range(3)
            for function in (math.sin, math.cos)
        ]
        for position in range(50)
    ]  # fmt: skip
    torch.testing.assert_close(table, torch.tensor(expected), rtol=0, atol=1e-5)


def test_dropout_acts_in_training_alone():
    torch.manual_seed(0)
    model = TFONet(d_model=8, dim_feedforward=12, num_layers=1, dropout=0.5).build(grids(6, 6))
    u = torch.randn(4, 6)
    assert not torch.equal(model(u), model(u))
    model.eval()
    assert torch.equal(model(u), model(u))


@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        (TFONet(d_model=8, nhead=4), []),
        (TFONet(d_model=8, nhead=3), ["nhead"]),
        (TFONet(d_model=9, nhead=3), ["d_model"]),
        (TFONet(d_model=9, nhead=2), ["d_model", "nhead"]),
    ],
)
def test_heads_and_sinusoids_must_divide_the_width(recipe, keys):
    assert [problem.key for problem in recipe.check()] == keys

"""The networks: sizes, shapes, and the decoder of LSTM_Seq2Seq written out by hand."""

import warnings

import pytest
import torch
from torch import nn

from core.component import DataShape
from core.errors import UsageError
from core.models.lstm_seq2seq import LSTMSeq2Seq
from core.models.mlp import MLP
from core.models.small_cnn import SmallCNN

DIGITS = DataShape(kind="image", inputs=(1, 8, 8), outputs=(10,))
OSC = DataShape(kind="sequence", inputs=(50, 1), outputs=(50, 1))


def size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("recipe", "shape", "expected"),
    [
        (MLP(), DIGITS, (64 + 1) * 128 + (128 + 1) * 128 + (128 + 1) * 10),
        (MLP(num_layers=0), DIGITS, (64 + 1) * 10),
        (MLP(hidden_size=5, num_layers=1), DIGITS, (64 + 1) * 5 + (5 + 1) * 10),
        (SmallCNN(), DIGITS, (9 + 1) * 32 + (9 * 32 + 1) * 64 + (64 * 4 + 1) * 64 + (64 + 1) * 10),
        (SmallCNN(channels=4, num_conv_layers=3, fc_units=8), DIGITS,
         (9 + 1) * 4 + (9 * 4 + 1) * 8 + (9 * 8 + 1) * 16 + (16 + 1) * 8 + (8 + 1) * 10),
        (LSTMSeq2Seq(), OSC, 662_657),
        # One layer has four gates on input and state, and torch keeps two biases for each.
        (LSTMSeq2Seq(hidden_size=8, num_layers=1), DataShape(kind="sequence", inputs=(5, 3), outputs=(7, 2)),
         4 * 8 * (3 + 8 + 2) + 4 * 8 * (2 + 8 + 2) + (8 + 1) * 2),
    ],
)  # fmt: skip
def test_number_of_parameters(recipe, shape, expected):
    assert size(recipe.build(shape)) == expected


@pytest.mark.parametrize("recipe", [MLP(), MLP(num_layers=0), SmallCNN(), SmallCNN(num_conv_layers=3)])
@pytest.mark.parametrize(("inputs", "classes"), [((1, 8, 8), 10), ((3, 11, 9), 7)])
def test_image_models_give_one_logit_per_class(recipe, inputs, classes):
    model = recipe.build(DataShape(kind="image", inputs=inputs, outputs=(classes,)))
    assert model(torch.zeros(5, *inputs)).shape == (5, classes)


@pytest.mark.parametrize(("features_in", "features_out"), [(1, 1), (3, 1), (3, 3)])
def test_sequence_model_gives_the_prediction(features_in, features_out):
    shape = DataShape(kind="sequence", inputs=(6, features_in), outputs=(4, features_out))
    model = LSTMSeq2Seq(hidden_size=8, num_layers=2).build(shape)
    assert model(torch.zeros(5, 6, features_in)).shape == (5, 4, features_out)


def test_decoder_is_fed_zeros_and_then_its_own_output():
    shape = DataShape(kind="sequence", inputs=(4, 3), outputs=(5, 2))
    torch.manual_seed(0)
    model = LSTMSeq2Seq(hidden_size=6, num_layers=2).build(shape)
    weights = model.state_dict()
    history = torch.randn(3, 4, 3)

    def advance(part, value, state):
        for layer, (h, c) in enumerate(state):
            gates = value @ weights[f"{part}.weight_ih_l{layer}"].T + weights[f"{part}.bias_ih_l{layer}"]
            gates = gates + h @ weights[f"{part}.weight_hh_l{layer}"].T + weights[f"{part}.bias_hh_l{layer}"]
            i, f, g, o = gates.split(6, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            value = torch.sigmoid(o) * torch.tanh(c)
            state[layer] = (value, c)
        return value

    state = [(torch.zeros(3, 6), torch.zeros(3, 6)) for _ in range(2)]
    for row in range(4):
        advance("encoder", history[:, row], state)
    token, expected = torch.zeros(3, 2), []
    for _ in range(5):
        token = advance("decoder", token, state) @ weights["head.weight"].T + weights["head.bias"]
        expected.append(token)
    with torch.no_grad():
        torch.testing.assert_close(model(history), torch.stack(expected, dim=1))


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [(MLP(dropout=0.5), DIGITS), (SmallCNN(dropout=0.5), DIGITS), (LSTMSeq2Seq(hidden_size=8, dropout=0.5), OSC)],
)
def test_dropout_acts_in_training_alone(recipe, shape):
    torch.manual_seed(0)
    model = recipe.build(shape)
    inputs = torch.randn(4, *shape.inputs)
    assert not torch.equal(model(inputs), model(inputs))
    model.eval()
    assert torch.equal(model(inputs), model(inputs))


def test_dropout_with_a_single_lstm_layer_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LSTMSeq2Seq(hidden_size=4, num_layers=1, dropout=0.5).build(OSC)


def test_too_many_poolings_are_refused_with_the_most_that_fit():
    with pytest.raises(UsageError, match=r"num_conv_layers = 4: must be <= 3 for 8x8 images"):
        SmallCNN(num_conv_layers=4).build(DIGITS)

"""SimpleCNN, ResNetCIFAR and SimpleViT: sizes against the original and torchvision, shapes, what they refuse."""

import warnings

import pytest
import torch
import torchvision
from torch import nn

from core.component import DataShape
from core.errors import UsageError
from core.models.resnet_cifar import ResNetCIFAR
from core.models.simple_cnn import SimpleCNN
from core.models.simple_vit import SimpleViT
from core.values import parse


def shape(*inputs: int, classes: int = 10) -> DataShape:
    return DataShape(kind="image", inputs=inputs, outputs=(classes,))


CIFAR = shape(3, 32, 32)


def size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (SimpleCNN(), 1_352_970),
        (SimpleCNN(num_conv_layers=2, num_fc_layers=1, conv_channels=4),
         (3 * 9 + 1) * 4 + (4 * 9 + 1) * 4 + (4 * 8 * 8 + 1) * 10),
        (SimpleCNN(num_conv_layers=5, num_fc_layers=3, conv_channels=4, fc_units=6),
         (3 * 9 + 1) * 4 + 4 * (4 * 9 + 1) * 4 + (4 + 1) * 6 + (6 + 1) * 6 + (6 + 1) * 10),
        (ResNetCIFAR(), 11_173_962),
        (SimpleViT(), 2_693_578),
        # Each layer: attention 4 d² + 4 d, linear layers 8 d² + 5 d, two norms 4 d.
        (SimpleViT(patch_size=8, embed_dim=16, depth=2, num_heads=4),
         (3 * 64 + 1) * 16 + 16 + 17 * 16 + 2 * (12 * 256 + 13 * 16) + 2 * 16 + (16 + 1) * 10),
    ],
)  # fmt: skip
def test_number_of_parameters(recipe, expected):
    assert size(recipe.build(CIFAR)) == expected


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_resnet_is_that_of_torchvision_but_for_the_first_layers(depth):
    with torch.device("meta"):  # sizes without numbers
        published = getattr(torchvision.models, f"resnet{depth}")(num_classes=10)
        model = ResNetCIFAR(depth=depth).build(CIFAR)
    assert size(model) == size(published) + 64 * 3 * (3 * 3 - 7 * 7)
    theirs = {name: weights.shape for name, weights in published.state_dict().items() if name != "conv1.weight"}
    assert theirs == {name: weights.shape for name, weights in model.state_dict().items() if name != "conv1.weight"}


def test_resnet_keeps_the_resolution_of_small_images_in_its_first_stage():
    model, seen = ResNetCIFAR().build(CIFAR), []
    for stage in (model.layer1, model.layer4):
        stage.register_forward_hook(lambda stage, inputs, output: seen.append(tuple(output.shape)))
    model(torch.zeros(1, 3, 32, 32))
    assert seen == [(1, 64, 32, 32), (1, 512, 4, 4)]


@pytest.mark.parametrize(
    "recipe",
    [SimpleCNN(conv_channels=4, fc_units=8), SimpleCNN(num_fc_layers=1), ResNetCIFAR(), SimpleViT(embed_dim=12)],
)
@pytest.mark.parametrize("data", [shape(1, 8, 8), shape(3, 32, 32, classes=100), shape(2, 12, 20, classes=7)])
def test_models_give_one_logit_per_class_and_every_parameter_learns(recipe, data):
    torch.manual_seed(0)
    model = recipe.build(data)
    logits = model(torch.randn(5, *data.inputs))
    assert logits.shape == (5, data.outputs[0])
    nn.functional.cross_entropy(logits, torch.arange(5)).backward()
    idle = [name for name, value in model.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]
    assert idle == []


def test_resnet_has_declared_depths_only():
    assert parse(ResNetCIFAR, {"depth": 18}) == (ResNetCIFAR(depth=18), [])
    assert ResNetCIFAR(depth=50).check() == []
    assert [str(problem) for problem in ResNetCIFAR(depth=20).check()] == ["depth = 20: must be one of 18, 34, 50"]


def test_poolings_that_leave_no_pixel_are_refused():
    assert SimpleCNN(num_conv_layers=5).build(CIFAR)(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    with pytest.raises(UsageError, match=r"num_conv_layers = 6: must be <= 5 for 32x32 images"):
        SimpleCNN(num_conv_layers=6).build(CIFAR)
    with pytest.raises(UsageError, match=r"must be <= 3 for 8x40 images"):
        SimpleCNN(num_conv_layers=4).build(shape(1, 8, 40))


def test_patches_that_do_not_divide_the_image_are_refused():
    with pytest.raises(UsageError, match=r"patch_size = 5: must be one of 1, 2, 4, 8, 16, 32 for 32x32 images"):
        SimpleViT(patch_size=5).build(CIFAR)
    with pytest.raises(UsageError, match=r"patch_size = 8: must be one of 1, 2, 4 for 12x8 images"):
        SimpleViT(patch_size=8).build(shape(1, 12, 8))


def test_heads_that_do_not_divide_the_width_are_a_problem():
    assert SimpleViT(embed_dim=192, num_heads=12).check() == []
    (problem,) = SimpleViT(num_heads=5).check()
    assert str(problem) == "num_heads = 5: must divide embed_dim = 192"


def test_vision_transformer_sees_where_a_patch_is_by_its_position_alone():
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch warns of options that exclude each other
        model = SimpleViT(embed_dim=12, depth=2).build(CIFAR)
    image = torch.randn(1, 3, 32, 32)
    moved = image.roll(4, dims=3)  # one patch to the right
    assert 0.01 < model.positions.std() < 0.03
    assert not torch.allclose(model(image), model(moved), atol=1e-4)
    with torch.no_grad():
        model.positions.zero_()
    torch.testing.assert_close(model(image), model(moved))

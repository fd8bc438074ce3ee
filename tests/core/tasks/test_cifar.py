"""CIFAR as a task: parts, augmentation against torchvision's, normalisation, loss."""

from itertools import combinations, product

import pytest
import torch
from scipy.stats import chi2_contingency, chisquare
from torchvision import transforms
from torchvision.transforms import functional as published

from core.component import DataSet, DataShape
from core.tasks.cifar10 import TASK as CIFAR10_TASK
from core.tasks.cifar10 import Cifar10
from core.tasks.cifar100 import TASK as CIFAR100_TASK
from core.tasks.cifar100 import Cifar100
from core.values import parse

SHAPE = DataShape(kind="image", inputs=(3, 32, 32), outputs=(10,))
NO_PIXELS = DataSet(inputs=torch.empty(60_000, 0), targets=torch.zeros(60_000), shape=SHAPE, checksum="")


def drawn(task, seed=0):
    return task.partition(NO_PIXELS, torch.Generator().manual_seed(seed))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def images(count, seed=0):
    return torch.randint(256, (count, 3, 32, 32), generator=seeded(seed), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("values", "train", "validation", "test"),
    [
        ({}, 45_000, 5_000, 10_000),
        ({"holdout": 1}, 49_999, 1, 10_000),
        ({"subset_ratio": 0.1}, 4_500, 500, 10_000),
        ({"subset_ratio": 0.29, "holdout": 100}, 14_471, 29, 10_000),
        ({"subset_ratio": 1e-6}, 1, 1, 10_000),
        # The original: all training images, validated on the test images.
        ({"validation": "test"}, 50_000, 10_000, 0),
        ({"validation": "test", "subset_ratio": 0.1}, 5_000, 1_000, 0),
    ],
)
def test_sizes_of_the_parts(values, train, validation, test):
    task = Cifar10(**values)
    split = drawn(task)
    assert [len(split.train), len(split.validation), len(split.test)] == [train, validation, test]
    assert task.train_size() == train, "known before anything is loaded"
    together = torch.cat([split.train, split.validation, split.test])
    assert len(together.unique()) == len(together), "no image serves twice"


@pytest.mark.parametrize("ratio", [1.0, 0.1])
def test_published_test_images_never_train(ratio):
    split = drawn(Cifar10(subset_ratio=ratio))
    assert split.test.tolist() == list(range(50_000, 60_000))
    assert max(split.train.max(), split.validation.max()) < 50_000
    selected_on = drawn(Cifar10(subset_ratio=ratio, validation="test"))
    assert selected_on.train.max() < 50_000 <= selected_on.validation.min()


def test_held_out_images_are_the_same_for_every_seed_and_nested():
    one, other = drawn(Cifar10(), 1), drawn(Cifar10(), 2)
    assert torch.equal(one.validation, other.validation)
    assert torch.equal(one.train, other.train)
    assert set(drawn(Cifar10(holdout=1000)).validation.tolist()) < set(one.validation.tolist())
    spread = torch.histc(one.validation.double(), 10, min=0, max=50_000)
    assert spread.min() > 400, "from everywhere, not the last file"


def test_a_subset_is_drawn_for_each_seed_from_the_same_parts():
    task, whole = Cifar10(subset_ratio=0.1), drawn(Cifar10())
    one, other, again = drawn(task, 1), drawn(task, 2), drawn(task, 1)
    assert torch.equal(one.train, again.train)
    for part in ("train", "validation"):
        assert not torch.equal(getattr(one, part), getattr(other, part))
        assert set(getattr(one, part).tolist()) < set(getattr(whole, part).tolist())


def outcomes(image):
    """Every result of RandomCrop(32, padding=4) and RandomHorizontalFlip on one image, by its bytes."""
    padded = published.pad(image, 4)
    found = {}
    for top, left, mirrored in product(range(9), range(9), (False, True)):
        crop = published.crop(padded, top, left, 32, 32)
        result = published.hflip(crop) if mirrored else crop
        found[result.contiguous().numpy().tobytes()] = (top, left, mirrored)
    assert len(found) == 162
    return found


@pytest.fixture(scope="module")
def draws():
    """For each image of many batches which outcome it was; a result that torchvision cannot give is a KeyError."""
    image = images(1)[0]
    found = outcomes(image)
    generator, task, batch = seeded(1), Cifar10(), image.expand(324, 3, 32, 32)
    results = [task.augment(batch, generator) for _ in range(30)]
    assert {result.dtype for result in results} == {torch.uint8}
    return [[found[one.contiguous().numpy().tobytes()] for one in result] for result in results]


def test_every_outcome_is_one_of_torchvision_and_all_are_equally_likely(draws):
    flat = [outcome for batch in draws for outcome in batch]
    counts = [flat.count(outcome) for outcome in product(range(9), range(9), (False, True))]
    assert sum(counts) == 9720
    assert chisquare(counts).pvalue > 0.01


def test_images_of_a_batch_are_drawn_independently(draws):
    """Neighbours, and the same place in successive batches: no part of an outcome says anything of another."""
    pairs = [(one, other) for batch in draws for one, other in zip(batch[::2], batch[1::2], strict=True)]
    later = [pair for one, other in zip(draws[::2], draws[1::2], strict=True) for pair in zip(one, other, strict=True)]
    within = [(outcome, outcome) for batch in draws for outcome in batch]
    cases = [(pairs, a, b) for a, b in product(range(3), repeat=2)]
    cases += [(later, a, a) for a in range(3)]
    cases += [(within, a, b) for a, b in combinations(range(3), 2)]
    for chosen, a, b in cases:
        sizes = (9, 9, 2)
        table = torch.zeros(sizes[a], sizes[b])
        for one, other in chosen:
            table[int(one[a]), int(other[b])] += 1
        assert chi2_contingency(table.numpy()).pvalue > 1e-3, (a, b)


def test_augmentation_keeps_each_image_in_its_place():
    batch = images(20)
    results = Cifar10().augment(batch, seeded(2))
    for image, result in zip(batch, results, strict=True):
        assert result.contiguous().numpy().tobytes() in outcomes(image)


def test_augmentation_is_a_function_of_the_generator_and_can_be_off():
    batch = images(20)
    before = batch.clone()
    assert torch.equal(Cifar10().augment(batch, seeded(3)), Cifar10().augment(batch, seeded(3)))
    assert not torch.equal(Cifar10().augment(batch, seeded(3)), Cifar10().augment(batch, seeded(4)))
    assert torch.equal(Cifar10(augmentation="none").augment(batch, seeded(3)), batch)
    assert torch.equal(batch, before), "the stored images stay as they are"


@pytest.mark.parametrize(
    ("task", "mean", "std"),
    [
        (Cifar10(), (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
        (Cifar100(), (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    ],
)
def test_prepared_images_are_those_of_torchvision(task, mean, std):
    batch = images(5)
    before = batch.clone()
    original = transforms.Compose([transforms.ToPILImage(), transforms.ToTensor(), transforms.Normalize(mean, std)])
    for _ in range(2):  # the constants are kept between calls
        assert torch.equal(task.prepare(batch), torch.stack([original(image) for image in batch]))
    assert torch.equal(batch, before)


@pytest.mark.parametrize(("task", "classes"), [(Cifar10(), 10), (Cifar100(), 100)])
def test_loss_smooths_and_accuracy_counts(task, classes):
    outputs = torch.zeros(2, classes)
    outputs[0, 0], outputs[1, 1] = 2.0, 2.0
    targets = torch.tensor([0, 0])
    total = torch.tensor(2.0).exp() + classes - 1
    expected = total.log() - 0.9 * (2 + 0) / 2 - 0.1 * 2 / classes
    torch.testing.assert_close(task.loss(outputs, targets), expected)
    assert task.metrics(outputs, targets)["accuracy"].item() == 0.5


@pytest.mark.parametrize("info", [CIFAR10_TASK, CIFAR100_TASK])
def test_defaults_are_those_of_the_original(info):
    assert (info.model, info.lr, info.batch_size) == ("ResNetCIFAR", 0.01, 128)
    assert -(-info.recipe().train_size() // 128) == 352


@pytest.mark.parametrize(
    ("key", "value"),
    [("subset_ratio", 0), ("subset_ratio", 1.1), ("holdout", 0), ("holdout", 25_001), ("label_smoothing", 1.0)],
)
def test_impossible_values_are_refused(key, value):
    assert [problem.key for problem in parse(Cifar10, {key: value})[1]] == [key]

"""digits: the data, and a split whose test part belongs to the task."""

import sys
from pathlib import Path

import numpy
import pytest
import torch
from sklearn import datasets as sklearn_datasets
from sklearn.datasets import load_digits

from core.errors import EnvironmentFailure
from core.tasks import digits
from core.tasks.digits import Digits


@pytest.fixture(scope="module")
def data():
    return Digits().load(Path("unused"))


def drawn(data, seed):
    return Digits().partition(data, torch.Generator().manual_seed(seed))


def test_images_are_those_of_scikit_learn_on_one_fixed_scale(data):
    images, labels = load_digits(return_X_y=True)
    assert data.inputs.shape == (1797, 1, 8, 8)
    assert data.inputs.dtype == torch.float32
    pixels = data.inputs.flatten(1).double() * 0.3760 + 0.3053
    torch.testing.assert_close(pixels * 16, torch.from_numpy(images), atol=1e-5, rtol=0)
    assert data.targets.tolist() == labels.tolist()
    assert data.inputs.mean().item() == pytest.approx(0, abs=1e-3)
    assert data.inputs.std().item() == pytest.approx(1, abs=1e-3)


@pytest.fixture
def another_scikit_learn(tmp_path, monkeypatch):
    """A package of that name which is found before the installed one."""
    package = tmp_path / "sklearn"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sklearn")
    return package


def test_other_data_under_the_same_name_are_refused(another_scikit_learn):
    images, labels = load_digits(return_X_y=True)
    images[17, 3] += 1
    folder = another_scikit_learn / "datasets" / "data"
    folder.mkdir(parents=True)
    numpy.savetxt(folder / "digits.csv.gz", numpy.column_stack([images, labels]), fmt="%d", delimiter=",")
    with pytest.raises(EnvironmentFailure, match="scikit-learn"):
        Digits().load(Path("unused"))


def test_where_scikit_learn_keeps_its_file_elsewhere_it_is_asked(another_scikit_learn, data, monkeypatch):
    found = Digits().load(Path("unused"))
    assert torch.equal(found.inputs, data.inputs)
    assert torch.equal(found.targets, data.targets)
    images, labels = load_digits(return_X_y=True)
    images[17, 3] += 1
    monkeypatch.setattr(sklearn_datasets, "load_digits", lambda return_X_y: (images, labels))
    with pytest.raises(EnvironmentFailure, match="scikit-learn"):
        Digits().load(Path("unused"))


def test_parts_are_disjoint_and_leave_nothing_out(data):
    split = drawn(data, 0)
    together = torch.cat([split.train, split.validation, split.test])
    assert sorted(together.tolist()) == list(range(1797))


def test_train_size_is_known_before_loading(data):
    assert Digits().train_size() == len(drawn(data, 0).train)
    assert len(drawn(data, 0).train) / 1797 == pytest.approx(0.6, abs=0.002)


@pytest.mark.parametrize(("part", "share"), [("train", 0.6), ("validation", 0.2), ("test", 0.2)])
def test_every_part_holds_its_share_of_each_digit(data, part, share):
    counts = torch.bincount(data.targets[getattr(drawn(data, 0), part)])
    everything = torch.bincount(data.targets)
    assert len(counts) == 10
    assert ((counts - share * everything).abs() <= 1).all()


def test_test_part_is_the_same_for_every_seed_and_the_rest_is_drawn(data):
    one, other = drawn(data, 1), drawn(data, 2)
    assert torch.equal(one.test, other.test)
    assert not torch.equal(one.validation, other.validation)
    assert not torch.equal(one.train, other.train)


def test_same_seed_same_split(data):
    assert torch.equal(drawn(data, 1).train, drawn(data, 1).train)


def test_loss_and_accuracy():
    outputs = torch.tensor([[2.0] + [0.0] * 9, [0.0] * 9 + [2.0]])
    targets = torch.tensor([0, 0])
    total = torch.tensor(2.0).exp() + 9
    expected = ((total.log() - 2) + total.log()) / 2
    torch.testing.assert_close(Digits().loss(outputs, targets), expected)
    # Smoothing by s takes s of the weight off the target and spreads it evenly over the ten classes.
    smoothed = 0.9 * expected + 0.1 * (total.log() - 2 / 10)
    torch.testing.assert_close(Digits(label_smoothing=0.1).loss(outputs, targets), smoothed)
    assert Digits().metrics(outputs, targets)["accuracy"].item() == 0.5


def test_the_class_counts_are_those_of_the_data(data):
    assert torch.bincount(data.targets).tolist() == list(digits.CLASS_COUNTS)

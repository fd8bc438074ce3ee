"""integral: fields against their covariance, integrals against scipy's spline, the scale against its formula."""

import statistics

import numpy
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from scipy.special import erf

from core.tasks.integral import Integral, amplitudes, antiderivative, gaussian_fields, pairs, waves
from core.tasks.stored import stored_files

X = numpy.linspace(0, 1, 1000)
Y = numpy.linspace(0, 1, 100)
ROOT = (numpy.pi / 50) ** 0.5 / 2

PINNED_INPUTS = [0.6062719, -0.3589915, 0.1490917, -0.8777258]
PINNED_TARGETS = [0.4840438, -0.1267925, -0.7124932]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


def kernel(x: numpy.ndarray, length: float) -> numpy.ndarray:
    """The squared-exponential covariance of the values at x."""
    return numpy.exp(-((x[:, None] - x) ** 2) / (2 * length**2))


def spline_integrals(field: numpy.ndarray) -> numpy.ndarray:
    """∫₀^y of scipy's cubic Hermite spline with slopes of parabolas."""
    h = 1 / 999
    slopes = numpy.empty(1000)
    slopes[1:-1] = (field[2:] - field[:-2]) / (2 * h)
    slopes[0] = (-3 * field[0] + 4 * field[1] - field[2]) / (2 * h)
    slopes[-1] = (3 * field[-1] - 4 * field[-2] + field[-3]) / (2 * h)
    return CubicHermiteSpline(X, field, slopes).antiderivative()(Y)


@pytest.mark.parametrize("length", [0.1, 0.17, 0.3, 0.4])
def test_covariance_of_the_series_is_the_kernel(length):
    terms = waves() * amplitudes(length)[:, None]
    numpy.testing.assert_allclose(terms.T @ terms, kernel(X, length), rtol=0, atol=1e-14)


def test_each_field_has_its_own_length_scale_and_mean_zero():
    number = 4000
    lengths = numpy.where(numpy.arange(2 * number) % 2 == 0, 0.1, 0.4)
    fields = gaussian_fields(lengths, numpy.random.RandomState(0))[:, ::111]
    for first, length in enumerate((0.1, 0.4)):
        sample, expected = fields[first::2], kernel(X[::111], length)
        # Standard errors: of a mean 1/√n, of a covariance √((1 + ρ²)/n). Five of them.
        assert abs(sample.mean(axis=0)).max() < 5 / number**0.5
        errors = abs(sample.T @ sample / number - expected)
        assert (errors < 5 * ((1 + expected**2) / number) ** 0.5).all()


def test_integrals_are_those_of_scipys_spline():
    fields = numpy.random.RandomState(1).standard_normal((3, 1000))  # rough, so that every slope counts
    expected = [spline_integrals(field) for field in fields]
    numpy.testing.assert_allclose(antiderivative(fields), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("function", "integral", "error"),
    [
        (lambda x: numpy.full_like(x, 3), lambda y: 3 * y, 1e-13),
        (lambda x: 1 - 2 * x + 3 * x**2, lambda y: y - y**2 + y**3, 1e-13),  # the slopes of a parabola are exact
        (lambda x: numpy.sin(20 * x), lambda y: (1 - numpy.cos(20 * y)) / 20, 1e-8),
        (
            lambda x: numpy.exp(-50 * (x - 0.4) ** 2),
            lambda y: ROOT * (erf((y - 0.4) * 50**0.5) + erf(0.4 * 50**0.5)),
            1e-9,
        ),
    ],
)
def test_known_integrals(function, integral, error):
    numpy.testing.assert_allclose(antiderivative(function(X)[None])[0], integral(Y), rtol=0, atol=error)


def test_scale_sensors_and_integrals_of_the_scaled_fields():
    number = 600  # more than are drawn at a time
    random = numpy.random.RandomState(240715200)
    fields = gaussian_fields(random.uniform(0.1, 0.4, number), random)
    highest, lowest = fields.max(axis=1).tolist(), fields.min(axis=1).tolist()
    top = statistics.mean(highest) + statistics.stdev(highest)
    bottom = statistics.mean(lowest) - statistics.stdev(lowest)
    scaled = (fields - bottom) / (top - bottom) * 2 - 1
    functions, integrals = pairs(number)
    numpy.testing.assert_allclose(functions, scaled[:, list(range(0, 1000, 10))], rtol=0, atol=2e-7)
    for row in (0, 249, 250, 599):
        numpy.testing.assert_allclose(integrals[row], spline_integrals(scaled[row]), rtol=0, atol=1e-7)


def test_data_set(data_dir):
    task = Integral()
    data = task.load(data_dir)
    assert data.inputs.shape == data.targets.shape == (10_000, 100)
    assert data.inputs.dtype == data.targets.dtype == torch.float32
    assert (data.shape.kind, data.shape.inputs, data.shape.outputs) == ("function", (100,), (100,))
    assert (data.targets[:, 0] == 0).all()
    # Results are compared across years: the functions of the task must stay what they are.
    numpy.testing.assert_allclose(data.inputs[[0, 0, 4321, 9999], [0, 99, 50, 99]], PINNED_INPUTS, rtol=0, atol=1e-6)
    numpy.testing.assert_allclose(data.targets[[0, 4321, 9999], [99, 50, 99]], PINNED_TARGETS, rtol=0, atol=1e-6)
    split = task.partition(data, torch.Generator().manual_seed(1))
    assert torch.equal(split.train, torch.arange(8000))
    assert torch.equal(split.validation, torch.arange(8000, 10_000))
    assert len(split.test) == 0
    assert task.train_size() == 8000


@pytest.mark.parametrize(("samples", "train"), [(10, 8), (11, 8), (14, 11)])
def test_sets_of_other_sizes_are_kept_beside_each_other(data_dir, samples, train):
    task = Integral(samples=samples)
    data = task.load(data_dir)
    assert len(data.inputs) == len(data.targets) == samples
    assert task.load(data_dir).checksum == data.checksum
    split = task.partition(data, torch.Generator())
    assert len(split.train) == task.train_size() == train
    assert torch.cat([split.train, split.validation]).tolist() == list(range(samples))
    kept = {file.path.relative_to(data_dir).as_posix(): file.intact for file in stored_files(data_dir)}
    assert kept[f"integral/gaussian-fields-{samples}.npy"]


def test_loss_and_error():
    outputs, targets = torch.tensor([[0.5, 3.0]]), torch.tensor([[0.0, 1.0]])
    assert Integral().loss(outputs, targets).item() == pytest.approx((0.25 + 4) / 2)
    assert Integral().metrics(outputs, targets)["mae"].item() == pytest.approx(1.25)

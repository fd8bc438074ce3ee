"""osc: the motion against its analytic solution, the windows against the trajectory, the two splits."""

import math
from fractions import Fraction

import numpy
import pytest
import torch

from core.tasks.osc import Oscillator, newmark, trajectory

CHECKSUM = "a92597b7005baa409f72a086ec4946b72f8e9a923d1cd4ea9c17fef667d66638"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


def analytic(damping_ratio: float, t: numpy.ndarray) -> numpy.ndarray:
    """x(t) of m·a + c·v + k·x = 0 from x = 0.1, v = 0, with m = 1, k = 200."""
    omega = math.sqrt(200)
    damped = omega * math.sqrt(1 - damping_ratio**2)
    swing = numpy.cos(damped * t) + damping_ratio * omega / damped * numpy.sin(damped * t)
    return 0.1 * numpy.exp(-damping_ratio * omega * t) * swing


def worst(damping_ratio: float, dt: float) -> float:
    x = numpy.array(newmark(damping_ratio, dt, round(10 / dt)))[:, 0]
    return float(abs(x - analytic(damping_ratio, numpy.arange(len(x)) * dt)).max())


@pytest.mark.parametrize("damping_ratio", [0.0, 0.01, 0.02])
def test_motion_follows_the_analytic_solution(damping_ratio):
    # The method lengthens the period by (ω·dt)²/12: after 10 s the phase is late by this much, in radians.
    late = math.sqrt(200) * 10 * (200 * 1e-6) / 12
    assert worst(damping_ratio, 1e-3) < 1.02 * 0.1 * late


def test_error_falls_with_the_square_of_the_step():
    assert worst(0.01, 4e-3) / worst(0.01, 2e-3) == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("damping_ratio", [0.0, 0.01, 0.02])
def test_motion_agrees_with_newmark_solved_for_the_displacement(damping_ratio):
    """The same method with x' as the unknown of an effective stiffness, as textbooks on structures have it."""
    dt, m, k = 1e-3, 1.0, 200.0
    c = 2 * damping_ratio * math.sqrt(k * m)
    x, v, a = 0.1, 0.0, -20.0
    expected = [(x, v, a)]
    stiffness = k + 2 * c / dt + 4 * m / dt**2
    for _ in range(10_000):
        force = m * (4 * x / dt**2 + 4 * v / dt + a) + c * (2 * x / dt + v)
        after = force / stiffness
        v_after = 2 * (after - x) / dt - v
        a = 4 * (after - x) / dt**2 - 4 * v / dt - a
        x, v = after, v_after
        expected.append((x, v, a))
    numpy.testing.assert_allclose(newmark(damping_ratio), expected, rtol=0, atol=5e-5)
    numpy.testing.assert_allclose(numpy.array(newmark(damping_ratio))[:, 0], numpy.array(expected)[:, 0], atol=1e-8)


def test_first_rows_are_exact():
    rows = newmark(0.0)
    assert rows[0] == (0.1, 0.0, -20.0)
    dt, x, a = Fraction(1, 1000), Fraction(1, 10), Fraction(-20)
    a_next = -(200 * x + Fraction(1, 4) * 200 * dt**2 * a) / (1 + Fraction(1, 4) * 200 * dt**2)
    after = (x + dt**2 / 4 * (a + a_next), dt / 2 * (a + a_next), a_next)
    assert rows[1] == pytest.approx([float(value) for value in after], rel=1e-15)


def test_undamped_motion_keeps_its_energy():
    rows = numpy.array(newmark(0.0))
    energy = 0.5 * rows[:, 1] ** 2 + 0.5 * 200 * rows[:, 0] ** 2
    numpy.testing.assert_allclose(energy, 1.0, rtol=1e-9)


def test_generated_data_are_the_same_everywhere(data_dir):
    assert Oscillator().load(data_dir).checksum == CHECKSUM


@pytest.mark.parametrize(
    ("mode", "columns_in", "columns_out"), [("S", [0], [0]), ("MS", [0, 1, 2], [0]), ("M", [0, 1, 2], [0, 1, 2])]
)
def test_windows_of_one_trajectory(data_dir, mode, columns_in, columns_out):
    data = Oscillator(mode=mode, hist=30, pred=20, split="windows").load(data_dir)
    rows = trajectory(data_dir, 0.0)
    scaled = (rows - rows.min(axis=0)) / (rows.max(axis=0) - rows.min(axis=0))
    assert data.inputs.shape == (10_001 - 49, 30, len(columns_in))
    assert data.targets.shape == (10_001 - 49, 20, len(columns_out))
    assert data.inputs.dtype == data.targets.dtype == torch.float32
    for window in (0, 1, 5000, 10_001 - 50):
        history = scaled[window : window + 30][:, columns_in]
        future = scaled[window + 30 : window + 50][:, columns_out]
        numpy.testing.assert_allclose(data.inputs[window], history, atol=1e-6)
        numpy.testing.assert_allclose(data.targets[window], future, atol=1e-6)
    assert data.shape.inputs == data.inputs.shape[1:]
    assert data.shape.outputs == data.targets.shape[1:]


def test_total_holds_the_three_trajectories_one_after_another(data_dir):
    data = Oscillator(dtype="total", mode="M").load(data_dir)
    assert len(data.inputs) == 3 * 9902
    starts = data.inputs[::9902, 0]
    assert torch.equal(starts, starts[:1].expand(3, 3)), "every trajectory starts from the same state"
    ends = [data.targets[(part + 1) * 9902 - 1, -1, 0].item() for part in range(3)]
    expected = [analytic(damping_ratio, numpy.array(10.0)) for damping_ratio in (0.0, 0.01, 0.02)]
    numpy.testing.assert_allclose(ends, (numpy.array(expected) + 0.1) / 0.2, atol=0.005)


@pytest.mark.parametrize(("dtype", "damping_ratio"), [("simple", 0.0), ("damped", 0.01)])
def test_data_sets_are_told_apart_by_their_damping(data_dir, dtype, damping_ratio):
    last = Oscillator(dtype=dtype, split="windows").load(data_dir).targets[-1, -1, 0].item()
    rows = trajectory(data_dir, damping_ratio)[:, 0]
    assert last == pytest.approx((rows[-1] - rows.min()) / (rows.max() - rows.min()), abs=1e-6)
    assert rows[-1] == pytest.approx(analytic(damping_ratio, numpy.array(10.0)), abs=3e-4)


@pytest.mark.parametrize(("split", "known"), [("time", 8000), ("windows", 10_001)])
def test_scale_comes_from_what_training_may_see(data_dir, split, known):
    rows = trajectory(data_dir, 0.0)
    seen = rows[:known]
    # The undamped velocity is lowest at row 8997, by one part in 10⁷: enough to tell the scales apart, bit by bit.
    assert rows[:, 1].argmin() == 8997
    expected = ((rows - seen.min(axis=0)) / (seen.max(axis=0) - seen.min(axis=0))).astype(numpy.float32)
    data = Oscillator(mode="M", split=split).load(data_dir)
    assert numpy.array_equal(data.inputs[:, 0], expected[:9902])


def covered(task: Oscillator, windows: torch.Tensor) -> torch.Tensor:
    """Which time steps, numbered through all trajectories, some of `windows` cover: bool [3 · 10001]."""
    length = task.hist + task.pred
    per_trajectory = 10_001 - length + 1
    starts = windows // per_trajectory * 10_001 + windows % per_trajectory
    steps = torch.zeros(3 * 10_001, dtype=torch.bool)
    for offset in range(length):
        steps[starts + offset] = True
    return steps


@pytest.mark.parametrize("dtype", ["simple", "total"])
@pytest.mark.parametrize(("hist", "pred"), [(50, 50), (7, 3), (1, 1), (1000, 1001)])
def test_split_time_shares_no_time_step(data_dir, dtype, hist, pred):
    task = Oscillator(dtype=dtype, hist=hist, pred=pred)
    assert task.check() == []
    # The windows themselves would take gigabytes at the largest size, and the split needs only their number.
    data = Oscillator(dtype=dtype).load(data_dir)
    split = task.partition(data, torch.Generator())
    train, validation = covered(task, split.train), covered(task, split.validation)
    trajectories = 3 if dtype == "total" else 1
    assert not (train & validation).any()
    assert train.sum() == trajectories * 8000
    assert validation.sum() == trajectories * 2001
    assert len(split.train) == task.train_size()
    assert len(split.test) == 0


@pytest.mark.parametrize(("dtype", "train", "validation"), [("simple", 7921, 1981), ("total", 23_764, 5942)])
def test_split_windows_is_the_originals(data_dir, dtype, train, validation):
    task = Oscillator(dtype=dtype, split="windows")
    data = task.load(data_dir)
    split = task.partition(data, torch.Generator().manual_seed(1))
    assert (len(split.train), len(split.validation), len(split.test)) == (train, validation, 0)
    assert task.train_size() == train
    assert sorted(torch.cat([split.train, split.validation]).tolist()) == list(range(len(data.inputs)))
    other = task.partition(data, torch.Generator().manual_seed(2))
    assert not torch.equal(split.train, other.train)
    assert torch.equal(split.train, task.partition(data, torch.Generator().manual_seed(1)).train)


@pytest.mark.parametrize(
    ("split", "hist", "pred", "key"),
    [("time", 1000, 1002, "pred"), ("time", 2001, 1, "hist"), ("windows", 5000, 5001, "pred")],
)
def test_windows_that_do_not_fit_are_a_problem(split, hist, pred, key):
    (problem,) = Oscillator(split=split, hist=hist, pred=pred).check()
    assert problem.key == key
    assert ("2001" if split == "time" else "10000") in str(problem)


@pytest.mark.parametrize(("split", "hist", "pred"), [("time", 2000, 1), ("windows", 5000, 5000)])
def test_longest_windows_that_fit_leave_something_for_both_parts(split, hist, pred):
    task = Oscillator(split=split, hist=hist, pred=pred)
    assert task.check() == []
    windows = 10_001 - hist - pred + 1
    assert 0 < task.train_size() < windows


def test_loss_and_error():
    outputs, targets = torch.tensor([[[0.5], [3.0]]]), torch.zeros(1, 2, 1)
    # Huber with δ = 1: quadratic up to 1, then linear.
    assert Oscillator().loss(outputs, targets).item() == pytest.approx((0.5 * 0.25 + (3 - 0.5)) / 2)
    assert Oscillator().metrics(outputs, targets)["mae"].item() == pytest.approx(1.75)

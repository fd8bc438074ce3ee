"""Every scheduler that torch has too, against torch's own, stepped through a whole run.

Differences are measured against the peak rate, since torch's recursions lose digits where the rate is far below it
(cosine and linear annealing divide by differences that cancel). Where a recursion only multiplies, every value must
agree to 1e-12 of itself.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from core.component import Trace
from core.params import Horizon
from core.schedulers.cosine import Cosine
from core.schedulers.cyclic import Cyclic
from core.schedulers.exponential import Exponential
from core.schedulers.linear import Linear
from core.schedulers.none import Constant
from core.schedulers.one_cycle import OneCycle
from core.schedulers.polynomial import Polynomial
from core.schedulers.step import Step
from core.schedulers.warmup_cosine import WarmupCosine

quick = settings(derandomize=True, deadline=None, max_examples=30)
rates = st.floats(1e-4, 1.0)
epochs = st.integers(1, 300)
infimum_shares = st.floats(0.0, 0.9)


def optimizer(lr, kind=torch.optim.SGD):
    weight = torch.nn.Parameter(torch.zeros(1))
    return torch.optim.Adam([weight], lr=lr) if kind is torch.optim.Adam else kind([weight], lr=lr, momentum=0.5)


def stepped(scheduler, steps):
    """Rate and momentum in force at ticks 0 … steps of torch's scheduler."""
    (group,) = scheduler.optimizer.param_groups
    values = []
    for tick in range(steps + 1):
        if tick:
            scheduler.optimizer.step()
            scheduler.step()
        values.append((group["lr"], group["betas"][0] if "betas" in group else group["momentum"]))
    return [lr for lr, _ in values], [momentum for _, momentum in values]


def rates_of(schedule, lr, total, steps=None):
    trace = Trace.of(schedule, Horizon(total, 1, lr))
    assert trace.schedule.check(trace.horizon) == []
    return [trace.lr(tick) for tick in range((total if steps is None else steps) + 1)]


def near(expected, lr):
    return pytest.approx(expected, rel=0, abs=1e-12 * lr)


@quick
@given(lr=rates, total=epochs)
def test_none(lr, total):
    expected, _ = stepped(lr_scheduler.ConstantLR(optimizer(lr), factor=1.0), total)
    assert rates_of(Constant(), lr, total) == expected


@quick
@given(lr=rates, total=epochs, power=st.floats(0.05, 5.0))
def test_polynomial(lr, total, power):
    expected, _ = stepped(lr_scheduler.PolynomialLR(optimizer(lr), total_iters=total, power=power), total)
    assert rates_of(Polynomial(power=power), lr, total) == pytest.approx(expected, rel=1e-12, abs=0)


@quick
@given(lr=rates, total=epochs, gamma=st.floats(0.5, 1.0))
def test_exponential(lr, total, gamma):
    expected, _ = stepped(lr_scheduler.ExponentialLR(optimizer(lr), gamma=gamma), total)
    assert rates_of(Exponential(gamma=gamma), lr, total) == pytest.approx(expected, rel=1e-12, abs=0)


@quick
@given(lr=rates, total=epochs, step_size=st.integers(3, 400), gamma=st.floats(0.05, 1.0))
def test_step(lr, total, step_size, gamma):
    expected, _ = stepped(lr_scheduler.StepLR(optimizer(lr), step_size=step_size, gamma=gamma), total)
    assert rates_of(Step(step_size=step_size, gamma=gamma), lr, total) == pytest.approx(expected, rel=1e-12, abs=0)


@quick
@given(lr=rates, total=epochs, end_factor=st.floats(1e-6, 1.0))
def test_linear(lr, total, end_factor):
    torch_linear = lr_scheduler.LinearLR(optimizer(lr), start_factor=1.0, end_factor=end_factor, total_iters=total)
    expected, _ = stepped(torch_linear, total)
    assert rates_of(Linear(infimum_lr=0.0, end_factor=end_factor), lr, total) == near(expected, lr)


@quick
@given(lr=rates, total=epochs, share=infimum_shares)
def test_cosine(lr, total, share):
    expected, _ = stepped(lr_scheduler.CosineAnnealingLR(optimizer(lr), T_max=total, eta_min=share * lr), total)
    assert rates_of(Cosine(infimum_lr=share * lr), lr, total) == near(expected, lr)


@quick
@given(lr=rates, total=st.integers(2, 300), share=infimum_shares, start=st.floats(1e-3, 1.0), data=st.data())
def test_warmup_cosine(lr, total, share, start, data):
    warmup = data.draw(st.integers(1, total - 1))
    held = optimizer(lr)
    parts = [
        lr_scheduler.LinearLR(held, start_factor=start, total_iters=warmup),
        lr_scheduler.CosineAnnealingLR(held, T_max=total - warmup, eta_min=share * lr),
    ]
    expected, _ = stepped(lr_scheduler.SequentialLR(held, parts, [warmup]), total)
    schedule = WarmupCosine(infimum_lr=share * lr, warmup_epochs=warmup, start_factor=start)
    assert rates_of(schedule, lr, total) == near(expected, lr)


momenta = st.tuples(st.floats(0.0, 0.99), st.floats(0.0, 0.99)).map(sorted)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@quick
@given(
    lr=rates,
    total=epochs,
    pct_start=st.floats(0.0, 1.0),
    div=st.floats(1.0, 100.0),
    final_div=st.floats(1.0, 1e6),
    momenta=momenta,
)
def test_one_cycle(kind, lr, total, pct_start, div, final_div, momenta):
    low, high = momenta
    schedule = OneCycle(
        pct_start=pct_start, div_factor=div, final_div_factor=final_div, base_momentum=low, max_momentum=high
    )
    if schedule.check(Horizon(total, 1, lr)):
        return
    torch_cycle = lr_scheduler.OneCycleLR(
        optimizer(lr, kind),
        max_lr=lr,
        total_steps=total,
        pct_start=pct_start,
        div_factor=div,
        final_div_factor=final_div,
        base_momentum=low,
        max_momentum=high,
    )
    expected, expected_momenta = stepped(torch_cycle, total - 1)
    assert rates_of(schedule, lr, total, total - 1) == near(expected, lr)
    trace = Trace.of(schedule, Horizon(total, 1, lr))
    assert [trace.momentum(tick) for tick in range(total)] == near(expected_momenta, 1)


@pytest.mark.parametrize(("pct_start", "total"), [(1.0, 1), (0.1, 10), (0.25, 4)])
def test_one_cycle_refuses_exactly_what_torch_cannot_divide(pct_start, total):
    with pytest.raises(ZeroDivisionError):
        lr_scheduler.OneCycleLR(optimizer(0.1), max_lr=0.1, total_steps=total, pct_start=pct_start)
    (problem,) = OneCycle(pct_start=pct_start).check(Horizon(total, 1, 0.1))
    assert problem.key == "pct_start"
    assert OneCycle(pct_start=pct_start).check(Horizon(total + 1, 1, 0.1)) == []


def test_one_cycle_holds_its_lowest_rate_after_the_last_step():
    trace = Trace.of(OneCycle(), Horizon(60, 6, 0.1))
    lowest = 0.1 / 25 / 1e4
    assert [trace.lr(tick) for tick in (59, 60, 61, 1000)] == pytest.approx([lowest] * 4, rel=1e-12)
    assert [trace.momentum(tick) for tick in (59, 60, 1000)] == pytest.approx([0.95] * 3, rel=1e-12)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@quick
@given(lr=rates, total=epochs, share=infimum_shares, up=st.integers(1, 200), momenta=momenta)
def test_cyclic(kind, lr, total, share, up, momenta):
    low, high = momenta
    torch_cycle = lr_scheduler.CyclicLR(
        optimizer(lr, kind),
        base_lr=share * lr,
        max_lr=lr,
        step_size_up=up,
        base_momentum=low,
        max_momentum=high,
    )
    expected, expected_momenta = stepped(torch_cycle, total)
    schedule = Cyclic(infimum_lr=share * lr, step_size_up=up, base_momentum=low, max_momentum=high)
    assert rates_of(schedule, lr, total) == near(expected, lr)
    trace = Trace.of(schedule, Horizon(total, 1, lr))
    assert [trace.momentum(tick) for tick in range(total + 1)] == near(expected_momenta, 1)


@pytest.mark.parametrize("schedule", [OneCycle(cycle_momentum=False), Cyclic(cycle_momentum=False)])
def test_momentum_is_left_alone_on_request(schedule):
    trace = Trace.of(schedule, Horizon(40, 4, 0.1))
    assert {trace.momentum(tick) for tick in range(41)} == {None}

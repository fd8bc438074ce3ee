"""H, EH, WH and WEH against the formulas of arXiv:2407.15200, evaluated here with 50 decimal digits."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.component import Trace
from core.params import Horizon
from core.schedulers.exp_hyperbolic import ExpHyperbolic
from core.schedulers.hyperbolic import Hyperbolic
from core.schedulers.warmup_exp_hyperbolic import WarmupExpHyperbolic
from core.schedulers.warmup_hyperbolic import WarmupHyperbolic

quick = settings(derandomize=True, deadline=None, max_examples=30)
rates = st.floats(1e-4, 1.0)
infima = st.floats(1e-9, 9e-5)
WARM = [WarmupHyperbolic, WarmupExpHyperbolic]
ALL = [Hyperbolic, ExpHyperbolic, *WARM]


def published(x, total, bound, lr, infimum, exponential):
    with localcontext() as context:
        context.prec = 50
        x, n, u, peak, low = Decimal(x), Decimal(total), Decimal(bound), Decimal(lr), Decimal(infimum)
        h = ((n - x) / u * (2 - (n + x) / u)).sqrt() - (n / u * (2 - n / u)).sqrt()
        return float(peak * ((peak / low).ln() * h).exp() if exponential else peak + (peak - low) * h)


def published_warm(x, warmup, total, bound, lr, infimum, exponential):
    if x <= warmup:
        return infimum + (lr - infimum) * x / warmup
    return published(x - warmup, total - warmup, bound, lr, infimum, exponential)


def rates_of(schedule, total, lr):
    trace = Trace.of(schedule, Horizon(total, 1, lr))
    assert trace.schedule.check(trace.horizon) == []
    return [trace.lr(tick) for tick in range(total + 1)]


@quick
@given(total=st.integers(1, 200), above=st.integers(0, 300), lr=rates, infimum=infima)
def test_without_warmup(total, above, lr, infimum):
    bound = total + above
    for schedule, exponential in ((Hyperbolic, False), (ExpHyperbolic, True)):
        ours = rates_of(schedule(upper_bound=bound, infimum_lr=infimum), total, lr)
        expected = [published(x, total, bound, lr, infimum, exponential) for x in range(total + 1)]
        # 1 + h cancels near the end, so the linear form is exact to the peak rate and the exponential one to itself.
        tolerance = {"rel": 1e-12, "abs": 0} if exponential else {"rel": 0, "abs": 1e-12 * lr}
        assert ours == pytest.approx(expected, **tolerance)


@quick
@given(total=st.integers(2, 200), above=st.integers(0, 300), lr=rates, infimum=infima, data=st.data())
def test_with_warmup(total, above, lr, infimum, data):
    warmup = data.draw(st.integers(1, total - 1))
    bound = total + above
    for schedule, exponential in ((WarmupHyperbolic, False), (WarmupExpHyperbolic, True)):
        ours = rates_of(schedule(upper_bound=bound, infimum_lr=infimum, warmup_epochs=warmup), total, lr)
        expected = [published_warm(x, warmup, total, bound, lr, infimum, exponential) for x in range(total + 1)]
        assert ours == pytest.approx(expected, rel=0, abs=1e-12 * lr)
        assert ours[0] == infimum


@pytest.mark.parametrize("schedule", ALL)
def test_the_ends_are_exact(schedule):
    ours = rates_of(schedule(upper_bound=100, infimum_lr=1e-6), 100, 0.01)
    peak = 10 if schedule in WARM else 0
    assert ours[peak] == 0.01
    if schedule not in WARM:
        assert ours[100] == 1e-6


def test_a_peak_rate_too_far_above_the_infimum_for_their_ratio_to_be_a_float():
    ours = rates_of(ExpHyperbolic(upper_bound=100, infimum_lr=1e-320), 100, 0.01)
    expected = [published(x, 100, 100, 0.01, 1e-320, True) for x in range(101)]
    assert ours == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("schedule", WARM)
def test_legacy_start_trains_only_the_first_epoch_at_the_peak_rate(schedule):
    ours = rates_of(schedule(upper_bound=50, legacy_start=True), 50, 0.01)
    assert ours[0] == 0.01
    assert ours[1:] == rates_of(schedule(upper_bound=50), 50, 0.01)[1:]


@pytest.mark.parametrize("schedule", ALL)
def test_the_last_rate_is_held_past_the_end(schedule):
    trace = Trace.of(schedule(upper_bound=120), Horizon(100, 1, 0.01))
    assert trace.lr(101) == trace.lr(5000) == trace.lr(100) < trace.lr(99)


@pytest.mark.parametrize("schedule", [Hyperbolic, ExpHyperbolic])
def test_the_initial_decay_hardly_depends_on_the_number_of_epochs(schedule):
    first, second = (rates_of(schedule(upper_bound=250), total, 0.01)[20] for total in (100, 200))
    assert first == pytest.approx(second, rel=0.2)

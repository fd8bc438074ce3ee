"""What the declarations say, against the table of the original system; what they allow, against every legal input."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import catalog
from core.component import Trace
from core.params import Choice, Derived, Flag, Horizon, Range, Real, Whole, params_of, resolve
from core.values import check_value

SCHEDULERS = catalog().schedulers
CODES = ["N", "P", "C", "E", "L", "S", "OC", "CY", "H", "EH", "WH", "WEH", "WC"]
INFIMUM = Range(1e-7, 1e-4, log=True)
HYPERBOLIC = ({"upper_bound": 250, "infimum_lr": 1e-6}, {"upper_bound": Range(200, 400, 50), "infimum_lr": INFIMUM})
WARM_HYPERBOLIC = ({**HYPERBOLIC[0], "warmup_epochs": 5, "legacy_start": False}, HYPERBOLIC[1])
CYCLES = {"cycle_momentum": True}
# Defaults and search ranges for 50 epochs of 7 steps at lr 0.01.
TABLE = {
    "N": ({}, {}),
    "P": ({"power": 0.5}, {"power": Range(0.5, 3.0)}),
    "C": ({"infimum_lr": 1e-6}, {"infimum_lr": INFIMUM}),
    "E": ({"gamma": 0.96}, {"gamma": Range(0.9, 0.99)}),
    "L": ({"infimum_lr": 1e-6, "end_factor": 1e-6 / 0.01}, {"end_factor": Range(1e-3, 0.1, log=True)}),
    "S": ({"step_size": 16, "gamma": 0.1}, {"step_size": Range(5, 25), "gamma": Range(0.05, 0.5)}),
    "OC": (
        {
            "pct_start": 0.3,
            "div_factor": 25.0,
            "final_div_factor": 1e4,
            "base_momentum": 0.85,
            "max_momentum": 0.95,
            **CYCLES,
        },
        {"pct_start": Range(0.1, 0.5)},
    ),
    "CY": (
        {"infimum_lr": 1e-6, "step_size_up": 87, "base_momentum": 0.8, "max_momentum": 0.9, **CYCLES},
        {"step_size_up": Range(7, 175)},
    ),
    "H": HYPERBOLIC,
    "EH": HYPERBOLIC,
    "WH": WARM_HYPERBOLIC,
    "WEH": WARM_HYPERBOLIC,
    "WC": ({"infimum_lr": 1e-6, "warmup_epochs": 5, "start_factor": 0.01}, {"infimum_lr": INFIMUM}),
}


def horizon(info, epochs=50, steps=7, lr=0.01):
    return Horizon.of(epochs=epochs, lr=lr, tick=info.tick, steps_per_epoch=steps)


def values_of(schedule):
    return {name: getattr(schedule, name) for name, _ in params_of(schedule)}


def searches_of(info, where):
    declared = {name: getattr(param, "search", None) for name, param in params_of(info.schedule)}
    schedule = resolve(info.schedule(), where)
    return {name: search.resolve(schedule, where) for name, search in declared.items() if search is not None}


def test_the_catalogue_starts_with_the_thirteen_in_the_order_of_the_table():
    assert SCHEDULERS.codes()[:13] == CODES
    assert [info.code for info in SCHEDULERS.all() if info.untuned_lr_factor != 1.0] == ["N"]
    assert SCHEDULERS.get("N").untuned_lr_factor == 0.1
    assert {info.code for info in SCHEDULERS.all()[:13] if info.tick == "step"} == {"OC", "CY"}


@pytest.mark.parametrize("code", CODES)
def test_defaults_and_search_ranges(code):
    info = SCHEDULERS.get(code)
    where = horizon(info)
    defaults, searches = TABLE[code]
    assert values_of(resolve(info.schedule(), where)) == defaults
    assert searches_of(info, where) == searches


@pytest.mark.parametrize(
    ("code", "epochs", "name", "default", "search"),
    [
        ("S", 1, "step_size", 1, Range(1, 2)),
        ("S", 200, "step_size", 66, Range(20, 100)),
        ("CY", 1, "step_size_up", 1, Range(7, 8)),
        ("CY", 200, "step_size_up", 350, Range(7, 700)),
        ("WH", 9, "warmup_epochs", 1, None),
        ("WEH", 200, "warmup_epochs", 20, None),
        ("WC", 150, "warmup_epochs", 15, None),
    ],
)
def test_values_that_follow_the_budget(code, epochs, name, default, search):
    info = SCHEDULERS.get(code)
    where = horizon(info, epochs)
    assert values_of(resolve(info.schedule(), where))[name] == default
    assert searches_of(info, where).get(name) == search


def test_only_counts_of_ticks_scale_with_the_budget():
    counted = {(info.code, name) for info in SCHEDULERS.all()[:13] for name, p in params_of(info.schedule) if counts(p)}
    assert counted == {
        ("S", "step_size"),
        ("CY", "step_size_up"),
        ("WH", "warmup_epochs"),
        ("WEH", "warmup_epochs"),
        ("WC", "warmup_epochs"),
    }


def counts(param):
    return isinstance(param, Whole) and param.in_ticks


@pytest.mark.parametrize("code", CODES)
def test_search_ranges_lie_inside_the_legal_bounds(code):
    info = SCHEDULERS.get(code)
    declared = dict(params_of(info.schedule))
    for epochs in (1, 2, 10, 400):
        for name, search in searches_of(info, horizon(info, epochs)).items():
            assert search.low < search.high
            assert [check_value(name, declared[name], bound)[1] for bound in (search.low, search.high)] == [None, None]


def legal_value(param):
    """Any value that the bounds of `param` allow, with the ends drawn often."""
    match param:
        case Whole():
            high = 10**400 if param.high is None else param.high
            drawn = st.sampled_from([param.low, high]) | st.integers(param.low, 50) | st.integers(param.low, high)
        case Real():
            low = param.above if param.low is None else param.low
            high = param.below if param.high is None else param.high
            drawn = st.floats(
                low,
                high,
                exclude_min=param.above is not None,
                exclude_max=param.below is not None,
                allow_nan=False,
                allow_infinity=False,
            )
            drawn |= st.floats(1e-9, 0.5) if low < 1 else st.floats(low, 100.0)
        case Flag():
            drawn = st.booleans()
        case Choice():
            drawn = st.sampled_from(param.options)
    return drawn | st.none() if isinstance(param.default, Derived) else drawn


@pytest.mark.parametrize("code", CODES)
@settings(derandomize=True, deadline=None, max_examples=150)
@given(data=st.data())
def test_whatever_is_legal_gives_rates_at_every_tick(code, data):
    info = SCHEDULERS.get(code)
    where = horizon(
        info,
        epochs=data.draw(st.integers(1, 12) | st.integers(1, 2000)),
        steps=data.draw(st.integers(1, 50)),
        lr=data.draw(st.floats(1e-6, 10.0) | st.floats(0.0, 1e300, exclude_min=True)),
    )
    declared = dict(params_of(info.schedule))
    given_values = {name: data.draw(legal_value(param), name) for name, param in declared.items()}
    trace = Trace.of(info.schedule(**given_values), where)
    problems = trace.schedule.check(where)
    if problems:
        assert {problem.key for problem in problems} <= set(declared)
        return
    for name, value in values_of(trace.schedule).items():
        assert check_value(name, declared[name], value)[1] is None
    ends = {0, 1, where.total - 1, where.total}
    for tick in sorted(ends | {data.draw(st.integers(0, where.total)), data.draw(st.floats(0, where.total))}):
        rate = trace.lr(tick)
        assert math.isfinite(rate)
        assert 0 <= rate <= where.lr * (1 + 1e-12)
        momentum = trace.momentum(tick)
        assert momentum is None or 0 <= momentum < 1


@pytest.mark.parametrize(
    ("code", "values", "epochs", "lr", "key", "legal"),
    [
        ("H", {"upper_bound": 99}, 100, 0.01, "upper_bound", "must be >= 100, the number of epochs"),
        ("EH", {"upper_bound": 99}, 100, 0.01, "upper_bound", "must be >= 100, the number of epochs"),
        # Its hyperbola spans 90 epochs only, but the bound is one on the length of the run.
        ("WH", {"upper_bound": 95}, 100, 0.01, "upper_bound", "must be >= 100, the number of epochs"),
        ("WEH", {"upper_bound": 95}, 100, 0.01, "upper_bound", "must be >= 100, the number of epochs"),
        ("H", {"infimum_lr": 0.01}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("EH", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("WH", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("WEH", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("C", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("L", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("CY", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("WC", {"infimum_lr": 0.5}, 100, 0.01, "infimum_lr", "must be < 0.01, the peak learning rate"),
        ("WH", {"warmup_epochs": 100}, 100, 0.01, "warmup_epochs", "must be < 100, the number of epochs"),
        ("WEH", {"warmup_epochs": 101}, 100, 0.01, "warmup_epochs", "must be < 100, the number of epochs"),
        ("WC", {"warmup_epochs": 100}, 100, 0.01, "warmup_epochs", "must be < 100, the number of epochs"),
        ("WH", {}, 1, 0.01, "warmup_epochs", "at least 2 epochs"),
        ("WEH", {}, 1, 0.01, "warmup_epochs", "at least 2 epochs"),
        ("WC", {}, 1, 0.01, "warmup_epochs", "at least 2 epochs"),
        ("OC", {"base_momentum": 0.96}, 100, 0.01, "base_momentum", "must be <= 0.95, the max_momentum"),
        ("CY", {"max_momentum": 0.5}, 100, 0.01, "base_momentum", "must be <= 0.5, the max_momentum"),
        ("OC", {"pct_start": 0.5}, 2, 0.01, "pct_start", "must not be 1 / 2 steps"),
    ],
)
def test_impossible_combinations(code, values, epochs, lr, key, legal):
    info = SCHEDULERS.get(code)
    where = horizon(info, epochs, 1, lr)
    (problem,) = resolve(info.schedule(**values), where).check(where)
    assert problem.key == key
    assert legal in problem.legal


@pytest.mark.parametrize("code", CODES)
def test_the_smallest_run_with_defaults_is_possible(code):
    info = SCHEDULERS.get(code)
    where = horizon(info, 2 if code in ("WH", "WEH", "WC") else 1)
    assert resolve(info.schedule(), where).check(where) == []

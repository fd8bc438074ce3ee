import doctest
import json
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import core.lr_scheduler
from core.catalog import UnknownName, catalog
from core.component import Schedule
from core.errors import SpecError
from core.lr_scheduler import ScheduleLR
from core.params import real
from core.schedulers.exp_hyperbolic import ExpHyperbolic
from core.schedulers.hyperbolic import Hyperbolic
from core.schedulers.linear import Linear
from core.schedulers.one_cycle import OneCycle
from core.schedulers.polynomial import Polynomial

CODES = [info.code for info in catalog().schedulers.all()[:13]]
EPOCHS, STEPS = 12, 4
KINDS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.5),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.1),
}


def optimizer(kind="sgd", lrs=(0.1, 0.02)):
    return KINDS[kind]([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in lrs])


def momentum_of(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


def in_force(opt):
    return [(float(group["lr"]), float(momentum_of(group))) for group in opt.param_groups]


def advance(scheduler, ticks):
    """The rates and momenta in force after each of `ticks` steps."""
    seen = []
    for _ in range(ticks):
        scheduler.optimizer.step()
        scheduler.step()
        seen.append(in_force(scheduler.optimizer))
    return seen


def ticks_of(code):
    return EPOCHS * STEPS if catalog().schedulers.get(code).tick == "step" else EPOCHS


def make(opt, schedule, **others):
    return ScheduleLR(opt, schedule, epochs=EPOCHS, steps_per_epoch=STEPS, **others)


def test_the_example_of_the_docstring_runs():
    result = doctest.testmod(core.lr_scheduler)
    assert result.attempted > 5
    assert result.failed == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", CODES)
def test_each_group_follows_its_own_peak_rate(code, kind):
    both, first, second = optimizer(kind), optimizer(kind, [0.1]), optimizer(kind, [0.02])
    runs = [make(opt, code) for opt in (both, first, second)]
    assert in_force(both) == in_force(first) + in_force(second)
    seen, seen_first, seen_second = (advance(run, ticks_of(code) + 3) for run in runs)
    assert seen == [a + b for a, b in zip(seen_first, seen_second, strict=True)]
    assert max(lr for lr, _ in (groups[1] for groups in seen)) <= 0.02
    assert seen[-4:] == [seen[-4]] * 4, "the last value is held past the end"
    assert runs[0].get_last_lr() == [group["lr"] for group in both.param_groups]


def torch_one_cycle(opt):
    return torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=[0.1, 0.02], total_steps=EPOCHS * STEPS)


def torch_cyclic(opt):
    return torch.optim.lr_scheduler.CyclicLR(opt, base_lr=1e-6, max_lr=[0.1, 0.02], step_size_up=EPOCHS * STEPS // 4)


def torch_cosine(opt):
    return torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS, eta_min=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("code", "twin"), [("OC", torch_one_cycle), ("CY", torch_cyclic), ("C", torch_cosine)])
def test_an_optimizer_is_driven_as_by_torch(code, twin, kind):
    ours, theirs = optimizer(kind), optimizer(kind)
    scheduler, reference = make(ours, code), twin(theirs)
    for tick in range(ticks_of(code)):
        if tick:
            advance(scheduler, 1), advance(reference, 1)
        for mine, other in zip(in_force(ours), in_force(theirs), strict=True):
            assert mine == pytest.approx(other, rel=1e-9)
        for group in ours.param_groups:
            assert len(group.get("betas", (0, 0))) == 2


def test_names_and_instances_are_the_same_schedule():
    by_code, by_name, by_instance = optimizer(), optimizer(), optimizer()
    runs = [
        make(by_code, "EH"),
        make(by_name, "exp_hyperbolic"),
        make(by_instance, ExpHyperbolic(upper_bound=250, infimum_lr=1e-6)),
    ]
    first, second, third = (advance(run, EPOCHS) for run in runs)
    assert first == second == third
    assert first != advance(make(optimizer(), ExpHyperbolic(upper_bound=300)), EPOCHS)


def test_a_default_that_depends_on_the_rate_is_worked_out_for_each_group():
    opt = optimizer()
    advance(make(opt, Linear(infimum_lr=1e-3)), EPOCHS)
    assert [group["lr"] for group in opt.param_groups] == pytest.approx([1e-3, 1e-3], rel=1e-12)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(code=st.sampled_from(CODES), kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_a_state_continues_where_it_was_taken(code, kind, data):
    stop = data.draw(st.integers(0, ticks_of(code) + 2))
    whole_opt, resumed_opt = optimizer(kind), optimizer(kind, (0.7, 0.3))
    whole = make(whole_opt, code)
    advance(whole, stop)
    saved = json.loads(json.dumps(whole.state_dict()))
    resumed = ScheduleLR(resumed_opt, code, epochs=3 * EPOCHS, steps_per_epoch=STEPS)
    resumed.load_state_dict(saved)
    assert in_force(resumed_opt) == in_force(whole_opt)
    assert resumed.get_last_lr() == whole.get_last_lr()
    assert resumed.state_dict() == whole.state_dict()
    assert advance(resumed, 4) == advance(whole, 4)


def test_a_state_carries_the_parameters_it_was_made_with():
    whole, resumed = make(optimizer(), Polynomial(power=2.5)), make(optimizer(), "P")
    advance(whole, 3)
    resumed.load_state_dict(whole.state_dict())
    assert advance(resumed, 3) == advance(whole, 3)


def test_a_state_of_something_else_is_refused_and_changes_nothing():
    opt = optimizer()
    scheduler = make(opt, "P")
    before = in_force(opt)
    with pytest.raises(SpecError, match=r'schedule = "Cosine": must be Polynomial'):
        scheduler.load_state_dict(make(optimizer(), "C").state_dict())
    with pytest.raises(SpecError, match="must be 2 rates"):
        scheduler.load_state_dict(make(optimizer(lrs=[0.1]), "P").state_dict())
    with pytest.raises(SpecError, match="schedule: must be Polynomial"):
        scheduler.load_state_dict(torch_cosine(optimizer()).state_dict())
    assert in_force(opt) == before


def test_last_epoch_resumes_as_in_torch():
    whole_opt = optimizer()
    whole = make(whole_opt, "C")
    advance(whole, 5)
    resumed_opt = optimizer()
    resumed_opt.load_state_dict(whole_opt.state_dict())
    resumed = make(resumed_opt, "C", last_epoch=4)
    assert in_force(resumed_opt) == in_force(whole_opt)
    assert advance(resumed, 3) == advance(whole, 3)


def test_a_tensor_rate_is_written_in_place_and_never_handed_out():
    rate = torch.tensor(0.1, dtype=torch.float64)
    opt = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=rate, foreach=False, capturable=False)
    (group,) = opt.param_groups
    held = group["lr"]
    scheduler = make(opt, "C")
    advance(scheduler, 3)
    assert group["lr"] is held
    assert held.item() == pytest.approx(1e-6 + (0.1 - 1e-6) * (1 + 2**-0.5) / 2, rel=1e-12)
    scheduler.get_last_lr()[0].zero_()
    assert held.item() > 0
    assert json.loads(json.dumps(scheduler.state_dict()))["base_lrs"] == [0.1]


def test_it_follows_a_warm_up_inside_torchs_sequence():
    opt = optimizer(lrs=[0.1])
    parts = [torch.optim.lr_scheduler.ConstantLR(opt, factor=0.5, total_iters=2), make(opt, "OC")]
    advance(torch.optim.lr_scheduler.SequentialLR(opt, parts, [2]), 2)
    assert in_force(opt) == [pytest.approx((0.1 / 25, 0.95), rel=1e-12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halving(Schedule):
    floor: float = real(0.0, low=0.0, help="lowest rate")

    def lr(self, tick, horizon):
        return max(self.floor, horizon.lr * 0.5**tick)


def test_a_schedule_of_ones_own_says_how_it_ticks():
    opt = optimizer()
    assert [[lr for lr, _ in groups] for groups in advance(make(opt, Halving(), tick="step"), 2)] == [
        [0.05, 0.01],
        [0.025, 0.005],
    ]
    with pytest.raises(SpecError, match=r'tick: must be "epoch" or "step" \(Halving is not in the catalogue\)'):
        make(optimizer(), Halving())
    with pytest.raises(SpecError, match='tick = "week": must be "epoch" or "step"'):
        make(optimizer(), Halving(), tick="week")
    with pytest.raises(SpecError, match='tick = "week": must be "epoch", the tick of Cosine'):
        make(optimizer(), "C", tick="week")


@pytest.mark.parametrize(
    ("schedule", "arguments", "message"),
    [
        ("H", {"epochs": 300}, "ScheduleLR: upper_bound = 250: must be >= 300"),
        ("WC", {"epochs": 1}, "at least 2 epochs"),
        (Hyperbolic(infimum_lr=0.05), {"epochs": 10}, "infimum_lr = 0.05: must be < 0.02"),
        (Hyperbolic(upper_bound=0), {"epochs": 10}, "upper_bound = 0: must be >= 1"),
        (Hyperbolic(upper_bound=[1]), {"epochs": 10}, "must be a whole number"),
        (Polynomial(power="2"), {"epochs": 10}, "must be a finite number"),
        ("OC", {"epochs": 10}, "steps_per_epoch: must be a whole number >= 1, since this schedule advances by step"),
        ("OC", {"epochs": 10, "steps_per_epoch": 0}, "steps_per_epoch = 0: must be a whole number >= 1"),
        ("EH", {"epochs": 0}, "epochs = 0: must be a whole number >= 1"),
        ("EH", {"epochs": 10, "tick": "step"}, 'tick = "step": must be "epoch"'),
    ],
)
def test_what_is_impossible_is_refused_with_what_is_legal(schedule, arguments, message):
    with pytest.raises(SpecError) as caught:
        ScheduleLR(optimizer(), schedule, **arguments)
    assert message in str(caught.value)
    assert caught.value.source == "ScheduleLR"
    assert len(set(map(str, caught.value.problems))) == len(caught.value.problems)


def test_a_group_without_a_rate_is_refused():
    with pytest.raises(SpecError, match=r"lr = 0\.0: must be a finite number > 0"):
        make(optimizer(lrs=[0.1, 0.0]), "L")


def test_an_unknown_name_hints_at_the_nearest():
    with pytest.raises(UnknownName, match="must be one of N, P, C"):
        make(optimizer(), "ZZ")


def test_momentum_needs_an_optimizer_that_has_it():
    def adagrad():
        return torch.optim.Adagrad([torch.nn.Parameter(torch.zeros(1))], lr=0.1)

    with pytest.raises(SpecError, match='optimizer = "Adagrad": must have momentum or betas'):
        make(adagrad(), "OC")
    scheduler = make(adagrad(), OneCycle(cycle_momentum=False))
    assert scheduler.get_last_lr() == pytest.approx([0.1 / 25])


def test_something_that_is_no_optimizer():
    with pytest.raises(TypeError, match="list is not an Optimizer"):
        make([], "C")

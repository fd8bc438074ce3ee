"""Schedules over whole runs, computed before any training: the data behind every preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.catalog import UnknownName, catalog
from core.component import Schedule, SchedulerInfo, Trace
from core.errors import Problem, SpecError, UsageError, did_you_mean
from core.params import Horizon, params_of
from core.values import parse

MOST_VALUES = 10_000_000
"""Beyond this many values memory and patience run out long before a picture gains from them."""

ALL = "all"
INFIMUM = "infimum_lr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One scheduler over one budget.

    Attributes:
        info: the record of the scheduler.
        schedule: its parameters, resolved.
        horizon: the ticks of the run.
        lr: learning rate in force at tick i, i = 0 … horizon.total.
        momentum: likewise, None where the schedule leaves it alone.
    """

    info: SchedulerInfo
    schedule: Schedule
    horizon: Horizon
    lr: Sequence[float]
    momentum: Sequence[float | None] | None

    @property
    def epochs(self) -> list[float]:
        """The position of each tick in epochs."""
        return [tick / self.horizon.per_epoch for tick in range(self.horizon.total + 1)]

    def document(self) -> dict[str, object]:
        """The curve as `preview --json` shows it."""
        return {
            "code": self.info.code,
            "name": self.info.name,
            "tick": self.info.tick,
            "epochs": self.horizon.epochs,
            "params": {name: getattr(self.schedule, name) for name, _ in params_of(self.schedule)},
            "lr": self.lr,
            "momentum": self.momentum,
        }


def choose_schedulers(words: Sequence[str]) -> list[SchedulerInfo]:
    """The schedulers that `words` name by code or name, each once; "all" names every one.

    Raises:
        SpecError: a word names none.
    """
    shelf = catalog().schedulers
    chosen: dict[str, SchedulerInfo] = {}
    problems: list[Problem] = []
    for word in words:
        try:
            found = shelf.all() if word == ALL else [shelf.get(word)]
        except UnknownName as error:
            hint = error.hint or did_you_mean(word, [info.name for info in shelf.all()])
            problems.append(Problem("CODE", word, f"{error.legal}, {ALL}", hint))
            continue
        chosen |= {info.name: info for info in found}
    if problems:
        raise SpecError("preview", problems)
    return list(chosen.values())


def compute_curves(
    infos: Sequence[SchedulerInfo],
    given: Mapping[str, Mapping[str, object]],
    *,
    budgets: Sequence[int],
    lr: float,
    infimum_lr: float,
    steps_per_epoch: int,
) -> list[Curve]:
    """One curve per scheduler and budget, scheduler by scheduler.

    Args:
        infos: the schedulers.
        given: by scheduler name, the parameters that the user wrote.
        budgets: epochs of each run.
        lr: peak rate.
        infimum_lr: for every scheduler that has such a parameter, unless it is given.
        steps_per_epoch: for schedulers that advance by step.

    Raises:
        SpecError: parameters that are illegal, or impossible on a horizon; every problem, keyed ``H.upper_bound``.
        UsageError: more values than one can look at, or a formula without a value.
    """
    problems: dict[str, Problem] = {}
    traces: list[tuple[SchedulerInfo, Trace]] = []
    for info in infos:
        names = dict(params_of(info.schedule))
        values = ({INFIMUM: infimum_lr} if INFIMUM in names else {}) | dict(given.get(info.name, {}))
        schedule, found = parse(info.schedule, values)
        for epochs in budgets if schedule is not None else ():
            horizon = Horizon.of(epochs=epochs, lr=lr, tick=info.tick, steps_per_epoch=steps_per_epoch)
            assert schedule is not None
            trace = Trace.of(schedule, horizon)
            traces.append((info, trace))
            found = found + trace.schedule.check(horizon)
        problems |= {str(problem): problem for problem in (one.under(info.code) for one in found)}
    if problems:
        raise SpecError("preview", list(problems.values()))
    count = sum(trace.horizon.total + 1 for _, trace in traces)
    if count > MOST_VALUES:
        raise UsageError(
            f"preview: {count:,} values asked for: must be at most {MOST_VALUES:,} (fewer epochs, steps or schedulers)"
        )
    return [_curve(info, trace) for info, trace in traces]


def _curve(info: SchedulerInfo, trace: Trace) -> Curve:
    ticks = range(trace.horizon.total + 1)
    try:
        lr = [trace.lr(tick) for tick in ticks]
        momentum = None if trace.momentum(0) is None else [trace.momentum(tick) for tick in ticks]
    except (ArithmeticError, ValueError) as error:  # a formula that `check` should have refused, of a plug-in say
        raise UsageError(f"preview: {info.code} has no value on {trace.horizon}: {error}") from error
    return Curve(info=info, schedule=trace.schedule, horizon=trace.horizon, lr=lr, momentum=momentum)

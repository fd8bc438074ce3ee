"""What lies on the bench of the schedule lab: schedulers, their parameters, and the run they are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.component import SchedulerInfo
from core.errors import Problem
from core.params import Horizon, Param, Real, Whole, Wholes, params_of
from core.values import check_value
from hlr_tui.curves import INFIMUM
from hlr_tui.lab.lines import Line, line_of
from hlr_tui.lab.scale import Scale, scale_of, turned
from hlr_tui.tables import value_text

LONGEST = 10_000
"""Most epochs of a budget here: beyond it a picture of 200 columns shows nothing more."""

RUN: dict[str, Param] = {
    "lr": Real(default=0.01, above=0.0, help="peak learning rate"),
    "infimum_lr": Real(default=1e-6, above=0.0, help="lowest rate, of every scheduler that has one and no own here"),
    "budgets": Wholes(default=(50, 200), low=1, high=LONGEST, help="lengths of the runs, in epochs; all are drawn"),
    "steps_per_epoch": Whole(default=100, low=1, high=10_000, help="for schedulers that advance by step"),
}
"""The dials of the run itself."""

SCALES = {
    "lr": Scale(1e-5, 1.0, log=True),
    "infimum_lr": Scale(1e-9, 1e-2, log=True),
    "steps_per_epoch": Scale(1, 10_000, log=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One value that can be moved.

    Attributes:
        name: of the parameter.
        param: its declaration.
        text: the value as it holds; one for each budget where they differ.
        changed: the user moved it.
        share: where it stands on its scale, 0 … 1; None for what is no number.
        problems: what forbids the value, in the engine's words.
    """

    name: str
    param: Param
    text: str
    changed: bool
    share: float | None
    problems: tuple[str, ...]


@dataclass(slots=True)
class Bench:
    """The state of the lab.

    Attributes:
        slots: scheduler name → its colour and letter, for those that are drawn.
        given: scheduler name → the parameters that the user moved.
        run: name → value, for each of `RUN`.
    """

    slots: dict[str, int] = field(default_factory=dict)
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    run: dict[str, Any] = field(
        default_factory=lambda: {name: getattr(param, "default") for name, param in RUN.items()}
    )

    @property
    def budgets(self) -> tuple[int, ...]:
        return tuple(sorted(self.run["budgets"]))

    def toggle(self, info: SchedulerInfo) -> None:
        """Draw a scheduler, or no longer; it takes the first colour that is free."""
        if self.slots.pop(info.name, None) is None:
            self.slots[info.name] = next(slot for slot in range(len(self.slots) + 1) if slot not in self.slots.values())

    def horizon(self, info: SchedulerInfo, epochs: int) -> Horizon:
        return Horizon.of(epochs=epochs, lr=self.run["lr"], tick=info.tick, steps_per_epoch=self.run["steps_per_epoch"])

    def values(self, info: SchedulerInfo) -> dict[str, Any]:
        """What holds for a scheduler besides its defaults."""
        own = INFIMUM in dict(params_of(info.schedule))
        return ({INFIMUM: self.run[INFIMUM]} if own else {}) | self.given.get(info.name, {})

    def lines(self, info: SchedulerInfo) -> list[Line]:
        """One line for each budget, the shortest first."""
        values = tuple(sorted(self.values(info).items()))
        return [line_of(info, values, self.horizon(info, epochs)) for epochs in self.budgets]

    def run_dials(self) -> list[Dial]:
        """The dials of the run."""
        dials = []
        for name, param in RUN.items():
            value = self.run[name]
            text = ", ".join(map(str, self.budgets)) if isinstance(param, Wholes) else value_text(value)
            share = SCALES[name].share(value) if name in SCALES else None
            changed = value != getattr(param, "default")
            dials.append(Dial(name=name, param=param, text=text, changed=changed, share=share, problems=()))
        return dials

    def dials(self, info: SchedulerInfo) -> list[Dial]:
        """The dials of a scheduler, in the order of its declaration."""
        given = self.given.get(info.name, {})
        lines = self.lines(info)
        found = []
        for name, param in params_of(info.schedule):
            held = [getattr(line.schedule, name) for line in lines if line.schedule is not None]
            texts = dict.fromkeys(map(value_text, held))
            value = given.get(name, held[-1] if held else None)
            scale = self._scale(info, param)
            # By what it says, not by where: two budgets with the same problem say it once.
            said = dict.fromkeys(p.legal + (f" ({p.hint})" if p.hint else "") for p in _problems(lines, name))
            found.append(
                Dial(
                    name=name,
                    param=param,
                    text=" / ".join(texts) if texts else "-",
                    changed=name in given,
                    share=None if scale is None or value is None else scale.share(value),
                    problems=tuple(said),
                )
            )
        return found

    def other_problems(self, info: SchedulerInfo) -> list[str]:
        """What is wrong with a scheduler that none of its dials says."""
        known = dict(params_of(info.schedule))
        lines = self.lines(info)
        return list(dict.fromkeys(str(p) for line in lines for p in line.problems if p.key not in known))

    def turn(self, info: SchedulerInfo | None, name: str, steps: int, *, large: bool = False) -> bool:
        """Move a dial by a step; the run's own where `info` is None. False where it stays."""
        if info is None:
            param, before, scale = RUN[name], self.run[name], SCALES.get(name)
        else:
            param = dict(params_of(info.schedule))[name]
            line = self.lines(info)[-1]
            before = getattr(line.schedule, name, None)
            scale = self._scale(info, param)
        after = turned(param, before, steps, scale, large=large)
        if after == before:
            return False
        self._put(info, name, after)
        return True

    def write(self, info: SchedulerInfo | None, name: str, value: object) -> Problem | None:
        """Set a dial to what the user typed, or say what is wrong with it."""
        param = RUN[name] if info is None else dict(params_of(info.schedule))[name]
        checked, problem = check_value(name, param, value)
        if problem is None:
            self._put(info, name, checked)
        return problem

    def reset(self, info: SchedulerInfo | None, name: str) -> None:
        """The default again."""
        if info is None:
            self.run[name] = getattr(RUN[name], "default")
        else:
            self.given.get(info.name, {}).pop(name, None)

    def _put(self, info: SchedulerInfo | None, name: str, value: Any) -> None:
        if info is None:
            self.run[name] = value
            return
        self.given.setdefault(info.name, {})[name] = value

    def _scale(self, info: SchedulerInfo, param: Param) -> Scale | None:
        if not isinstance(param, (Whole, Real)):
            return None
        line = self.lines(info)[-1]
        return scale_of(param, line.schedule, line.horizon)


def _problems(lines: Sequence[Line], name: str) -> list[Problem]:
    return [problem for line in lines for problem in line.problems if problem.key == name]

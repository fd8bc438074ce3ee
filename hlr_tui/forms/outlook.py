"""What an experiment amounts to: its stages by budget, and how long they will take, as far as that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.analysis.pace import Pace, Paces, Work
from core.execution.devices import spread_devices, wanted_workers
from core.plan.configuration import configuration
from core.spec.experiment import COMPARE_MODES, SEARCH_MODES, ExperimentSpec

UNKNOWN = "time unknown"
TOGETHER = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The runs of one stage at one budget.

    Attributes:
        stage: search, compare, run.
        trials: 0 outside a search.
        seconds: estimated, None where it is not known.
    """

    stage: str
    budget: int
    trials: int = 0
    runs: int
    epochs: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An experiment before it begins.

    Attributes:
        workers: how many share the runs.
        pace: mean over the methods of what an epoch takes, None where it is not known.
    """

    rows: tuple[Row, ...]
    workers: int
    pace: Pace | None

    @property
    def seconds(self) -> float | None:
        """Estimated time of the whole, None where it is not known."""
        known = [row.seconds for row in self.rows if row.seconds is not None]
        return sum(known) if self.pace is not None else None

    def time_text(self) -> str:
        """``≈ 12 min with 2 workers, from 65 earlier runs``"""
        if self.seconds is None or self.pace is None:
            return UNKNOWN
        runs = self.pace.runs
        source = f"from {number(runs, 'earlier run')}" if runs else "from a step of each method"
        return f"≈ {about(self.seconds)} with {number(self.workers, 'worker')}, {source}"


def outlook(spec: ExperimentSpec, paces: Sequence[Paces], gpus: int) -> Outlook:
    """Lay out an experiment and estimate its time, without what has been trained of it already.

    Runs of a stage keep the workers busy to its end, and do not slow each other down more than they did when they were
    measured.

    Args:
        paces: where to look for the pace, the most trustworthy first.
        gpus: of this machine.
    """
    workers = wanted_workers(spec, gpus)
    pace = next((found for each in paces if (found := pace_of(spec, each, gpus)) is not None), None)
    rows = stages(spec)
    if pace is not None:
        side_by_side = {stage: sum(row.runs for row in rows if row.stage == stage) for stage in STAGES}
        rows = [
            replace(row, seconds=row.epochs * pace.epoch_seconds / max(1, min(workers, side_by_side[row.stage])))
            for row in rows
        ]
    return Outlook(rows=tuple(rows), workers=workers, pace=pace)


STAGES = ("search", "compare", "run")


def stages(spec: ExperimentSpec) -> list[Row]:
    """Stages and budgets in the order in which they are trained."""
    mode, methods, epochs = spec.experiment.mode, len(spec.methods), spec.training.epochs
    rows = []
    if mode in SEARCH_MODES:
        trials = methods * spec.optimize.trials
        runs = trials * len(spec.optimize.seeds)
        rows.append(Row(stage="search", budget=epochs, trials=trials, runs=runs, epochs=runs * epochs))
    stage, budgets, seeds = (
        ("compare", spec.compare.budgets, spec.compare.seeds)
        if mode in COMPARE_MODES
        else ("run", (epochs,) if mode == "run" else (), spec.training.seeds)
    )
    runs = methods * len(seeds)
    return rows + [Row(stage=stage, budget=budget, runs=runs, epochs=runs * budget) for budget in budgets]


def works_of(spec: ExperimentSpec, gpus: int) -> list[Work]:
    """What an epoch of the experiment is, on each kind of device that "auto" may mean here."""
    config = configuration(spec, spec.methods[0], spec.training.epochs, None)
    device = spread_devices(spec, gpus)[0]
    return [Work.of(config, kind) for kind in (("cpu", "mps") if device == "auto" else (device,))]


def pace_of(spec: ExperimentSpec, paces: Paces, gpus: int) -> Pace | None:
    """What an epoch takes, the mean over the methods; those with an optimizer that was not seen count as the others.

    None where nothing like it has been trained.
    """
    for work in works_of(spec, gpus):
        known = paces.get(work, {})
        own = [known[method.optimizer.code] for method in spec.methods if method.optimizer.code in known]
        used = own or list(known.values())
        if used:
            mean = sum(pace.epoch_seconds for pace in used) / len(used)
            distinct = [known[code] for code in {method.optimizer.code for method in spec.methods} if code in known]
            rests_on = distinct or used
            epochs = sum(pace.epochs for pace in rests_on)
            return Pace(mean * epochs, epochs, sum(pace.runs for pace in rests_on))
    return None


def about(seconds: float) -> str:
    """A time as one says it: ``40 s``, ``12 min``, ``3 h 20 min``, ``2 d 5 h``."""
    minute, hour, day = 60, 3600, 86400
    if seconds < 1:
        return "1 s"
    if seconds < 1.5 * minute:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * hour:
        return f"{seconds / minute:.0f} min"
    if seconds < 1.5 * day:
        hours, minutes = divmod(round(seconds / minute / 10) * 10, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / hour), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def table(view: Outlook) -> list[list[str]]:
    """The stages as cells: a heading, a line for each, and their sum where there are several; no empty columns."""
    heading = ["stage", "budget", "trials", "runs", "epochs", "time"]
    lines = [_cells(row.stage, f"{row.budget:,}", row) for row in view.rows]
    if len(view.rows) > 1:
        whole = Row(
            stage="",
            budget=0,
            trials=sum(row.trials for row in view.rows),
            runs=sum(row.runs for row in view.rows),
            epochs=sum(row.epochs for row in view.rows),
            seconds=view.seconds,
        )
        lines.append(_cells(TOGETHER, "", whole))
    shown = [column for column in range(len(heading)) if any(line[column] for line in lines)]
    return [[line[column] for column in shown] for line in [heading, *lines]]


def _cells(stage: str, budget: str, row: Row) -> list[str]:
    time = "" if row.seconds is None else f"≈ {about(row.seconds)}"
    return [stage, budget, f"{row.trials:,}" if row.trials else "", f"{row.runs:,}", f"{row.epochs:,}", time]

"""What stands in one row of the monitor's table and is one curve in its charts: a method, or a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hlr_tui.monitor.roster import RunRow
from hlr_tui.plot import MARKERS

LETTERS = MARKERS + MARKERS.lower()
MOST_CURVES = 32
"""Curves in one chart; what is beyond is listed only."""

MOST_LINES = 200
"""Rows of the table; the filter finds the rest."""

STATES = {
    "running": "● running",
    "queued": "○ queued",
    "complete": "✓ complete",
    "failed": "✗ failed",
    "diverged": "↯ diverged",
    "pruned": "⊘ pruned",
}
"""State → its word, behind a sign."""

Label = Callable[[str, str], str]
"""Optimizer and scheduler → how tables call the method."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The runs of one stage at one budget: what can be compared."""

    stage: str
    budget: int

    def __str__(self) -> str:
        return f"{self.stage} · {self.budget} epochs"


@dataclass(frozen=True, slots=True)
class Line:
    """One row and one curve.

    Attributes:
        key: stays the same as long as the line means the same.
        method: the key of its method.
        runs: the runs whose mean is drawn, at least one, ordered by seed.
        number: picks colour and letter; None where it is not drawn.
        single: it stands for one run, not for a method.
    """

    key: str
    label: str
    method: str
    runs: tuple[RunRow, ...]
    number: int | None
    single: bool

    @property
    def letter(self) -> str:
        return "" if self.number is None else LETTERS[self.number % len(LETTERS)]

    @property
    def trial(self) -> int | None:
        return self.runs[0].trial if self.runs[0].stage == "search" else None

    @property
    def budget(self) -> int:
        return self.runs[0].budget

    @property
    def state(self) -> str:
        """The state of its runs: running while one trains, waiting while one is to come, else the worst end."""
        states = {run.state for run in self.runs}
        order = ("running", "queued", "failed", "diverged", "pruned", "complete")
        return next(state for state in order if state in states)

    @property
    def ended(self) -> int:
        return sum(run.ended for run in self.runs)

    @property
    def lost(self) -> int:
        """Runs without a result: failed or diverged."""
        return sum(run.state in ("failed", "diverged") for run in self.runs)

    @property
    def epoch(self) -> int:
        """How far the run in training has come, or else the furthest of all."""
        running = [run.epoch for run in self.runs if run.state == "running"]
        return max(running or [run.epoch for run in self.runs])

    def seconds_left(self, now: float) -> float | None:
        """Until the runs in training end, at their pace so far; None where none trains or it cannot be told yet."""
        left = [
            (run.budget - run.epoch) * (now - run.started_at) / run.epoch
            for run in self.runs
            if run.state == "running" and run.epoch and run.started_at
        ]
        return max(0.0, *left) if left else None

    def holds(self, text: str) -> bool:
        """Every word of `text` occurs in its name, state, seed, trial, worker or device."""
        first = self.runs[0]
        parts = [self.label, self.state, *(f"{run.worker_id or ''} {run.device or ''}" for run in self.runs)]
        if self.trial is not None:
            parts.append(f"t{self.trial}")
        if self.single:
            parts.append(f"seed {first.seed} s{first.seed} {first.id}")
        there = " ".join(parts).casefold()
        return all(word in there for word in text.casefold().split())


def slices(rows: Iterable[RunRow]) -> list[Slice]:
    """Every stage and budget there is, in the order in which they train."""
    stages = {"search": 0, "compare": 1, "run": 2, "import": 3}
    return sorted({Slice(row.stage, row.budget) for row in rows}, key=lambda one: (stages[one.stage], one.budget))


def natural_slice(rows: Sequence[RunRow]) -> Slice | None:
    """The largest budget in training, of the latest stage; where nothing trains, of what has begun; else of all."""
    for chosen in (
        [row for row in rows if row.state == "running"],
        [row for row in rows if row.state != "queued"],
        rows,
    ):
        if chosen:
            return slices(chosen)[-1]
    return None


def method_key(row: RunRow) -> str:
    return f"{row.optimizer}|{row.scheduler}"


def method_numbers(rows: Iterable[RunRow]) -> dict[str, int]:
    """Method → its place in the order of the queue, the same in every stage: its colour and letter."""
    first: dict[str, int] = {}
    for row in rows:
        key = method_key(row)
        first[key] = min(first.get(key, row.position), row.position)
    return {key: number for number, key in enumerate(sorted(first, key=lambda key: (first[key], key)))}


def method_lines(rows: Sequence[RunRow], numbers: dict[str, int], label: Label) -> list[Line]:
    """One line for each method of a slice, over its seeds.

    In a search a method has many trials, whose mean would mean nothing: the newest one in training stands for it, or
    else the one with the lowest objective.
    """
    by_method: dict[str, list[RunRow]] = {}
    for row in rows:
        by_method.setdefault(method_key(row), []).append(row)
    lines = []
    for key in sorted(by_method, key=numbers.__getitem__):
        own = by_method[key]
        if own[0].stage == "search":
            trial = _standing_for(own)
            own = [row for row in own if row.trial == trial]
        own.sort(key=lambda row: row.seed)
        number = numbers[key] if numbers[key] < MOST_CURVES else None
        lines.append(Line(key, label(own[0].optimizer, own[0].scheduler), key, tuple(own), number, single=False))
    return lines


def _standing_for(rows: Sequence[RunRow]) -> int | None:
    running = [row.trial for row in rows if row.state == "running" and row.trial is not None]
    if running:
        return max(running)
    valued = [row for row in rows if row.value is not None and row.state == "complete"]
    if valued:
        return min(valued, key=lambda row: row.value if row.value is not None else 0.0).trial
    return min(rows, key=lambda row: (row.state == "queued", row.position)).trial


def run_lines(rows: Iterable[RunRow], numbers: dict[str, int], label: Label) -> list[Line]:
    """One line for each run: those in training, then those that ended, the newest first, then those that wait.

    Args:
        numbers: run → the number of its curve, of those that are drawn.
    """
    lines = []
    for row in sorted(rows, key=_run_order):
        name = label(row.optimizer, row.scheduler)
        lines.append(Line(row.id, name, method_key(row), (row,), numbers.get(row.id), single=True))
    return lines


def _run_order(row: RunRow) -> tuple[int, float, int]:
    group = 0 if row.state == "running" else 2 if row.state == "queued" else 1
    return group, -(row.finished_at or 0.0) if group == 1 else 0.0, row.position


def renumber(numbers: dict[str, int], keys: Sequence[str]) -> dict[str, int]:
    """Numbers for `keys`: those that have one keep it, the others get the smallest ones that are free."""
    kept = {key: numbers[key] for key in keys if key in numbers}
    free = iter(sorted(set(range(len(keys))) - set(kept.values())))
    return {key: kept[key] if key in kept else next(free) for key in keys}

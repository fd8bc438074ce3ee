"""What the engine says of the form's document: problems by field, or what the experiment amounts to."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import Problem, SpecError, UsageError
from core.plan import Plan, make_plan
from core.plan.feasibility import problems_of
from core.plan.space import search_space
from core.spec.experiment import Document, ExperimentSpec
from core.spec.files import TABLES, absolute_files
from core.spec.reader import build_spec
from core.user_code import Untrusted

SOURCE = "form"

MANY_RUNS = 20_000
"""Beyond this many runs laying out every one of them takes longer than a person waits between two keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found.

    Attributes:
        problems: everything that is wrong.
        said: what is wrong beyond single keys: a plug-in that does not load.
        untrusted: a file that the document names and whose code nobody has allowed to run.
        spec: the spec, None where it cannot be read.
        totals: numbers of trials, runs and epochs; see `core.plan.Plan.totals`.
    """

    problems: tuple[Problem, ...] = ()
    said: str = ""
    untrusted: Path | None = None
    spec: ExperimentSpec | None = None
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        return self.spec is not None and not self.problems


def judge(document: Document) -> Verdict:
    """Check a document as the engine will; relative files lie in the current folder."""
    document = copy.deepcopy(document)
    nameless = [f"{section}.file" for section in TABLES if document.get(section, {}).get("file") == ""]
    if nameless:  # made absolute it would be the current folder
        return Verdict(problems=tuple(Problem(key, "", "must be the path of a Python file") for key in nameless))
    absolute_files(document, Path.cwd())
    try:
        spec = build_spec(document, SOURCE)
    except SpecError as error:
        return Verdict(problems=error.problems)
    except Untrusted as error:
        return Verdict(untrusted=error.path, said=f"{error.path}: nobody has allowed its code to run")
    except UsageError as error:
        return Verdict(said=str(error))
    totals = Plan(spec, (), ()).totals()
    try:
        _check_plan(spec, totals)
    except SpecError as error:
        return Verdict(problems=error.problems, spec=spec, totals=totals)
    return Verdict(spec=spec, totals=totals)


def _check_plan(spec: ExperimentSpec, totals: dict[str, int]) -> None:
    if totals["compare_runs"] <= MANY_RUNS or spec.tuned:
        make_plan(spec)
        return
    problems = [
        problem
        for method in spec.methods
        for problem in problems_of(spec, method, search_space(spec, method) if spec.tuned else {})
    ]
    if problems:
        raise SpecError(spec.source, problems)


def by_field(problems: Sequence[Problem], keys: Collection[str]) -> tuple[dict[str, list[Problem]], list[Problem]]:
    """Problems by the key of the field that shows them, and those without a field.

    A problem belongs to the field whose key is the longest that its own begins with: one with the low end of a range
    to that of the range.
    """
    placed: dict[str, list[Problem]] = {}
    rest: list[Problem] = []
    for problem in problems:
        names = problem.key.split(".")
        tries = [".".join(names[:count]) for count in range(len(names), 1, -1)]
        key = next((one for one in tries if one in keys), None)
        if key is None:
            rest.append(problem)
        else:
            placed.setdefault(key, []).append(problem)
    return placed, rest

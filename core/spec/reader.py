"""From a parsed spec.toml to an `ExperimentSpec`, or to every problem in it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from core.catalog import Shelf, UnknownName, catalog
from core.component import ModelInfo, ModelRecipe, TaskInfo, TaskRecipe, parameters_class
from core.errors import MISSING, Problem, SpecError, did_you_mean
from core.spec.experiment import Document, ExperimentSpec
from core.spec.files import named_document
from core.spec.methods import read_methods
from core.spec.ranges import read_overrides
from core.spec.sections import (
    SECTIONS,
    CompareSection,
    ExecutionSection,
    ExperimentSection,
    MethodsSection,
    OptimizeSection,
    TrackingSection,
    TrainingSection,
    compare_defaults,
)
from core.values import parse

T = TypeVar("T")

SUBTABLES = {"methods": "params", "optimize": "search"}
"""Tables inside a section whose keys are names of parts and parameters."""


def build_spec(document: Document, source: str) -> ExperimentSpec:
    """Check a parsed document.

    Raises:
        SpecError: with every problem found.
        Untrusted: it names a file whose code nobody has allowed to run.
    """
    reader = _Reader(document)
    if reader.problems:  # without its files nothing can be said of what they define
        raise SpecError(source, reader.problems)
    spec = reader.read(source)
    if spec is None:
        raise SpecError(source, reader.problems)
    return spec


class _Reader:
    """Collects every problem of a document on the way to a spec."""

    def __init__(self, document: Document) -> None:
        self.problems: list[Problem] = []
        self.written = document
        self.document, self.files = named_document(document, self.problems)

    def read(self, source: str) -> ExperimentSpec | None:
        self.check_sections()
        experiment = self.section("experiment", ExperimentSection)
        task_info, task = self.component("task", catalog().tasks, TaskRecipe)
        model_info, model = self.model(task_info)
        training = self.section("training", TrainingSection)
        section = self.section("methods", MethodsSection)
        infimum_lr = training.infimum_lr if training else None
        read = read_methods(section, self.table("methods").get("params", {}), infimum_lr, self.problems)
        optimize = self.section("optimize", OptimizeSection)
        search = read_overrides(self.table("optimize").get("search", {}), read.parts, TrainingSection, self.problems)
        compare = self.section("compare", CompareSection)
        execution = self.section("execution", ExecutionSection)
        tracking = self.section("tracking", TrackingSection)
        if experiment is not None and not experiment.name:
            self.problems.append(Problem("experiment.name", MISSING, "is missing; it names the experiment"))
        if self.problems or task is None or model_info is None or model is None:
            return None
        if experiment is None or training is None or optimize is None or compare is None:
            return None
        if execution is None or tracking is None:
            return None
        return ExperimentSpec(
            source=source,
            document=self.written,
            files=self.files,
            experiment=experiment,
            task_info=task_info,
            task=task,
            model_info=model_info,
            model=model,
            training=training,
            methods=read.methods,
            given=read.given,
            optimize=optimize,
            search=search,
            compare=compare_defaults(compare, experiment.mode, training),
            execution=execution,
            tracking=tracking,
        )

    def check_sections(self) -> None:
        known = [*SECTIONS, "task", "model"]
        for name, table in self.document.items():
            if name not in known:
                value = MISSING if isinstance(table, dict) else table
                owner = next((section for section, cls in SECTIONS.items() if hasattr(cls, name)), None)
                hint = did_you_mean(name, known) or (f"{name} is a key of [{owner}]" if owner else "")
                self.problems.append(Problem(name, value, "unknown section; must be one of " + ", ".join(known), hint))
            elif not isinstance(table, dict):
                self.problems.append(Problem(name, table, f"must be a table, written [{name}]"))

    def table(self, name: str) -> Document:
        table = self.document.get(name, {})
        return table if isinstance(table, dict) else {}

    def section(self, name: str, cls: type[T]) -> T | None:
        values = {key: value for key, value in self.table(name).items() if key != SUBTABLES.get(name)}
        return self.parse(name, cls, values)

    def parse(self, name: str, cls: type[T], values: Mapping[str, Any]) -> T | None:
        part, problems = parse(cls, values)
        self.problems += [problem.under(name) for problem in problems]
        return part

    def component(
        self, section: str, shelf: Shelf[Any], base: type[T], default: str | None = None
    ) -> tuple[Any, T | None]:
        """The record of the component that a section names, and the component with the section's other keys."""
        values = dict(self.table(section))
        word = values.pop("name", MISSING if default is None else default)
        if not isinstance(word, str):
            legal = f"must be one of {', '.join(shelf.codes())}"
            legal = f"is missing; {legal}" if word is MISSING else legal
            self.problems.append(Problem(f"{section}.name", word, legal))
            return None, None
        try:
            info = shelf.get(word)
        except UnknownName as error:
            self.problems.append(Problem(f"{section}.name", word, error.legal, error.hint))
            return None, None
        part = self.parse(section, parameters_class(info), values)
        if part is None:
            return info, None
        assert isinstance(part, base)
        self.problems += [problem.under(section) for problem in part.check()]
        return info, part

    def model(self, task: TaskInfo | None) -> tuple[ModelInfo | None, ModelRecipe | None]:
        if task is None and "name" not in self.table("model"):
            return None, None  # which model is meant depends on the task
        info, model = self.component("model", catalog().models, ModelRecipe, default=task.model if task else None)
        if info is not None and task is not None and info.kind != task.kind:
            fitting = [fit.code for fit in catalog().models.all() if fit.kind == task.kind]
            legal = f"does not fit the {task.kind} data of task {task.name}; must be one of {', '.join(fitting)}"
            self.problems.append(Problem("model.name", info.name, legal))
        return info, model

"""spec.toml to a frozen, checked `ExperimentSpec`; every message names file, key, value and what is legal."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.catalog import UnknownName, catalog
from core.component import (
    Info,
    ModelInfo,
    ModelRecipe,
    OptimizerInfo,
    OptimizerRecipe,
    Schedule,
    SchedulerInfo,
    TaskInfo,
    TaskRecipe,
    parameters_class,
)
from core.errors import MISSING, Problem, SpecError, did_you_mean
from core.params import params_of, parse
from core.search_ranges import Override, read_overrides
from core.sections import (
    SECTIONS,
    CompareSection,
    ExecutionSection,
    ExperimentSection,
    MethodsSection,
    OptimizeSection,
    TrackingSection,
    TrainingSection,
)

Document = dict[str, Any]
"""A spec as TOML gives it: tables of tables of plain values."""

NO_SCHEDULE = "N"
SEARCH_MODES = ("optimize", "all")
COMPARE_MODES = ("compare", "optimize-compare", "all")
BUDGETS_AFTER_SEARCH = (50, 100, 150, 200)
SEEDS_AFTER_SEARCH = (1, 2, 3, 4, 5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Method:
    """An optimizer with a scheduler, or an LR-free optimizer alone (its schedule is constant)."""

    optimizer: OptimizerInfo
    recipe: OptimizerRecipe
    scheduler: SchedulerInfo
    schedule: Schedule

    @property
    def label(self) -> str:
        """How tables call it: ``AdamW + EH``, ``Prodigy``."""
        if self.optimizer.lr_free:
            return self.optimizer.code
        return f"{self.optimizer.code} + {self.scheduler.code}"


@dataclass(frozen=True, slots=True)
class ExperimentSpec:
    """Everything one experiment says, checked key by key; `core.plan` checks what only whole runs can show."""

    source: str
    document: Document
    experiment: ExperimentSection
    task_info: TaskInfo
    task: TaskRecipe
    model_info: ModelInfo
    model: ModelRecipe
    training: TrainingSection
    methods: tuple[Method, ...]
    given: Mapping[str, frozenset[str]]
    """Code of a method's part → the parameters that [methods.params] fixes, which a search leaves alone."""
    optimize: OptimizeSection
    search: tuple[Override, ...]
    compare: CompareSection
    execution: ExecutionSection
    tracking: TrackingSection

    @property
    def lr(self) -> float:
        return self.training.lr if self.training.lr is not None else self.task_info.lr

    @property
    def batch_size(self) -> int:
        return self.training.batch_size or self.task_info.batch_size

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.task.train_size() // self.batch_size)

    def study_name(self, method: Method) -> str:
        return f"{self.experiment.name}-{method.optimizer.code}-{method.scheduler.code}"


def build_spec(document: Document, source: str) -> ExperimentSpec:
    """Check a parsed document.

    Raises:
        SpecError: with every problem found.
    """
    reader = _Reader(document, source)
    spec = reader.read()
    if spec is None:
        raise SpecError(source, reader.problems)
    return spec


class _Reader:
    """Collects every problem of a document on the way to a spec."""

    def __init__(self, document: Document, source: str) -> None:
        self.document = document
        self.source = source
        self.problems: list[Problem] = []

    def read(self) -> ExperimentSpec | None:
        known = [*SECTIONS, "task", "model"]
        for name, table in self.document.items():
            if name not in known:
                legal = "unknown section; must be one of " + ", ".join(known)
                self.problems.append(Problem(name, MISSING, legal, did_you_mean(name, known)))
            elif not isinstance(table, dict):
                self.problems.append(Problem(name, table, f"must be a table, written [{name}]"))
        methods_table = self.table("methods")
        optimize_table = self.table("optimize")
        experiment = self.section("experiment", ExperimentSection)
        training = self.section("training", TrainingSection)
        sections = self.section("methods", MethodsSection, {k: v for k, v in methods_table.items() if k != "params"})
        optimize = self.section("optimize", OptimizeSection, {k: v for k, v in optimize_table.items() if k != "search"})
        compare = self.section("compare", CompareSection)
        execution = self.section("execution", ExecutionSection)
        tracking = self.section("tracking", TrackingSection)
        if experiment is not None and experiment.name is None:
            self.problems.append(Problem("experiment.name", MISSING, "is missing"))
        task = self.component("task", catalog().tasks.get, TaskRecipe)
        model = self.model(task[0]) if task else None
        infimum_lr = training.infimum_lr if training else None
        methods, given = self.methods(sections, methods_table.get("params", {}), infimum_lr)
        search = read_overrides(optimize_table.get("search", {}), methods, TrainingSection, self.problems)
        if not self.problems and not methods:
            legal = "no method is left: name optimizers with schedulers, or lr_free optimizers"
            self.problems.append(Problem("methods", MISSING, legal))
        if self.problems or task is None or model is None:
            return None
        if experiment is None or training is None or optimize is None or compare is None:
            return None
        if execution is None or tracking is None:
            return None
        return ExperimentSpec(
            source=self.source,
            document=self.document,
            experiment=experiment,
            task_info=task[0],
            task=task[1],
            model_info=model[0],
            model=model[1],
            training=training,
            methods=tuple(methods),
            given=given,
            optimize=optimize,
            search=search,
            compare=_compare_defaults(compare, experiment.mode, training),
            execution=execution,
            tracking=tracking,
        )

    def table(self, name: str) -> Document:
        table = self.document.get(name, {})
        return table if isinstance(table, dict) else {}

    def section(self, name: str, cls: type[T], values: Mapping[str, Any] | None = None) -> T | None:
        section, problems = parse(cls, self.table(name) if values is None else values)
        self.problems += [problem.under(name) for problem in problems]
        return section

    def component(
        self, section: str, find: Callable[[str], Any], base: type[T], default: str | None = None
    ) -> tuple[Any, T] | None:
        """The component that a section names, built with the section's other keys."""
        values = dict(self.table(section))
        name = values.pop("name", default)
        if not isinstance(name, str):
            self.problems.append(
                Problem(f"{section}.name", MISSING if name is None else name, "must name a " + section)
            )
            return None
        try:
            info = find(name)
        except UnknownName as error:
            self.problems.append(Problem(f"{section}.name", name, error.legal, error.hint))
            return None
        recipe, problems = parse(parameters_class(info), values)
        if recipe is not None:
            problems = recipe.check()
        self.problems += [problem.under(section) for problem in problems]
        assert recipe is None or isinstance(recipe, base)
        return None if recipe is None else (info, recipe)

    def model(self, task: TaskInfo) -> tuple[ModelInfo, ModelRecipe] | None:
        found = self.component("model", catalog().models.get, ModelRecipe, default=task.model)
        if found is not None and found[0].kind != task.kind:
            fitting = ", ".join(info.code for info in catalog().models.all() if info.kind == task.kind)
            legal = f"does not fit the {task.kind} data of task {task.name}; must be one of {fitting}"
            self.problems.append(Problem("model.name", found[0].name, legal))
        return found

    def methods(
        self, section: MethodsSection | None, params: object, infimum_lr: float | None
    ) -> tuple[list[Method], dict[str, frozenset[str]]]:
        if section is None:
            return [], {}
        optimizers = self.names("optimizers", section.optimizers, catalog().optimizers, lambda info: not info.lr_free)
        schedulers = self.names("schedulers", section.schedulers, catalog().schedulers, lambda info: True)
        lr_free = self.names("lr_free", section.lr_free, catalog().optimizers, lambda info: info.lr_free)
        fixed = self.fixed_values(params)
        methods = []
        for optimizer in optimizers:
            recipe = self.build(optimizer, fixed, {})
            for scheduler in schedulers:
                default = {"infimum_lr": infimum_lr} if infimum_lr is not None else {}
                schedule = self.build(scheduler, fixed, default)
                if recipe is not None and schedule is not None:
                    methods.append(Method(optimizer, recipe, scheduler, schedule))
        for optimizer in lr_free:
            constant = catalog().schedulers.get(NO_SCHEDULE)
            recipe = self.build(optimizer, fixed, {})
            if recipe is not None:
                methods.append(Method(optimizer, recipe, constant, constant.schedule()))
        used = {info.code for method in methods for info in (method.optimizer, method.scheduler)}
        for code in fixed:
            if methods and code not in used:
                legal = "no method of this spec uses it; the methods use " + ", ".join(sorted(used))
                self.problems.append(Problem(f"methods.params.{code}", MISSING, legal))
        self.problems = list(dict.fromkeys(self.problems))  # a part shared by several methods is checked for each
        return methods, {code: frozenset(values) for code, values in fixed.items()}

    def names(self, key: str, words: Sequence[str], shelf: Any, fits: Callable[[Any], bool]) -> list[Any]:
        fitting = [info for info in shelf.all() if fits(info)]
        if tuple(words) == ("all",):
            return fitting
        found = []
        for word in words:
            legal = "must be one of " + ", ".join(info.code for info in fitting)
            try:
                info = shelf.get(word)
            except UnknownName:
                hint = did_you_mean(word, [info.code for info in fitting] + [info.name for info in fitting])
                self.problems.append(Problem(f"methods.{key}", word, legal, hint))
                continue
            if info not in fitting:
                where = "lr_free" if key == "optimizers" else "optimizers"
                self.problems.append(Problem(f"methods.{key}", word, legal, f"{info.code} belongs to methods.{where}"))
            elif info in found:
                self.problems.append(Problem(f"methods.{key}", word, f"names {info.code} twice"))
            else:
                found.append(info)
        return found

    def fixed_values(self, params: object) -> dict[str, Document]:
        """[methods.params.CODE], keyed by the component's code."""
        if not isinstance(params, dict):
            self.problems.append(Problem("methods.params", params, "must be tables, written [methods.params.CODE]"))
            return {}
        fixed: dict[str, Document] = {}
        shelves = (catalog().schedulers, catalog().optimizers)
        for word, values in params.items():
            codes = [info.code for shelf in shelves for info in shelf.all() if word in (info.code, info.name)]
            if not codes:
                known = [code for shelf in shelves for code in shelf.codes()]
                legal = "must be the code of a scheduler or an optimizer: " + ", ".join(known)
                self.problems.append(Problem(f"methods.params.{word}", MISSING, legal, did_you_mean(word, known)))
            elif not isinstance(values, dict):
                self.problems.append(Problem(f"methods.params.{word}", values, "must be a table of parameters"))
            else:
                fixed[codes[0]] = values
        return fixed

    def build(self, info: Info, fixed: Mapping[str, Document], default: Document) -> Any:
        cls = parameters_class(info)
        declared = dict(params_of(cls))
        values = {key: value for key, value in default.items() if key in declared} | fixed.get(info.code, {})
        part, problems = parse(cls, values)
        if isinstance(part, OptimizerRecipe):
            problems = part.check()
        self.problems += [problem.under(f"methods.params.{info.code}") for problem in problems]
        return part if not problems else None


def _compare_defaults(section: CompareSection, mode: str, training: TrainingSection) -> CompareSection:
    alone = mode == "compare"
    budgets = section.budgets or ((training.epochs,) if alone else BUDGETS_AFTER_SEARCH)
    seeds = section.seeds or (training.seeds if alone else SEEDS_AFTER_SEARCH)
    return dataclasses.replace(section, budgets=tuple(sorted(budgets)), seeds=seeds)

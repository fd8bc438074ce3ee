"""What an experiment is: a spec that has been checked key by key. `core.spec.reader` makes one from a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.component import (
    ModelInfo,
    ModelRecipe,
    OptimizerInfo,
    OptimizerRecipe,
    Schedule,
    SchedulerInfo,
    TaskInfo,
    TaskRecipe,
)
from core.spec.ranges import Override
from core.spec.sections import (
    CompareSection,
    ExecutionSection,
    ExperimentSection,
    OptimizeSection,
    TrackingSection,
    TrainingSection,
)

Document = dict[str, Any]
"""A spec as TOML gives it: tables of tables of plain values."""

SEARCH_MODES = ("optimize", "all")
COMPARE_MODES = ("compare", "optimize-compare", "all")
TUNED_MODES = ("optimize", "optimize-compare", "all")
"""The modes whose runs take their parameters from trials, so that [optimize.search] has a say in them."""


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
    files: Mapping[str, str]
    """Path → SHA-256 of every file of the user's own that it names."""
    experiment: ExperimentSection
    task_info: TaskInfo
    task: TaskRecipe
    model_info: ModelInfo
    model: ModelRecipe
    training: TrainingSection
    methods: tuple[Method, ...]
    given: Mapping[str, frozenset[str]]
    """Code of a method's part → the parameters that [methods.params] gives, which a search leaves alone."""
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

    @property
    def tuned(self) -> bool:
        """Its runs take their parameters from trials."""
        return self.experiment.mode in TUNED_MODES

    def study_name(self, method: Method) -> str:
        return f"{self.experiment.name}-{method.optimizer.code}-{method.scheduler.code}"

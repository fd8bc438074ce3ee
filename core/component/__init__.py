"""What a scheduler, an optimizer, a model and a task are: the public interface for parts of one's own.

Each part is one record in a file: ``SCHEDULER``, ``OPTIMIZER``, ``MODEL`` or ``TASK``. Importing such a file should be
cheap: torch and numpy are imported inside the methods that need them.
"""

from core.component.metric import MetricInfo
from core.component.model import DataKind, DataShape, ModelInfo, ModelRecipe
from core.component.optimizer import OptimizerInfo, OptimizerRecipe
from core.component.schedule import Schedule, SchedulerInfo, Trace
from core.component.task import DataSet, Loaders, LoaderTask, Split, TaskInfo, TaskRecipe

Info = SchedulerInfo | OptimizerInfo | ModelInfo | TaskInfo


def parameters_class(info: Info) -> type:
    """The dataclass that carries the parameters of a component."""
    return info.schedule if isinstance(info, SchedulerInfo) else info.recipe


__all__ = [
    "DataKind",
    "DataSet",
    "DataShape",
    "Info",
    "LoaderTask",
    "Loaders",
    "MetricInfo",
    "ModelInfo",
    "ModelRecipe",
    "OptimizerInfo",
    "OptimizerRecipe",
    "Schedule",
    "SchedulerInfo",
    "Split",
    "TaskInfo",
    "TaskRecipe",
    "Trace",
    "parameters_class",
]

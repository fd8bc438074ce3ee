"""spec.toml, from text to a frozen and checked `ExperimentSpec`."""

from core.spec.experiment import (
    COMPARE_MODES,
    SEARCH_MODES,
    Document,
    ExperimentSpec,
    Method,
)

__all__ = ["COMPARE_MODES", "SEARCH_MODES", "Document", "ExperimentSpec", "Method"]

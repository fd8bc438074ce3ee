"""The record of a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """A metric that runs record: its name and the direction in which it gets better ("none" for a mere reading)."""

    name: str
    code: str
    summary: str
    direction: Literal["minimize", "maximize", "none"]
    reference: str = ""

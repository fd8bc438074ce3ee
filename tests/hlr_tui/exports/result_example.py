"""A result document with everything that a table may meet."""

from __future__ import annotations

import math
from typing import Any

NAME = "osc_1.x"


def _row(method: str, budget: int, values: list[float], mean: float | None, std: float | None, **other: Any) -> Any:
    optimizer, _, scheduler = method.partition(" + ")
    return {
        "optimizer": optimizer,
        "scheduler": scheduler,
        "method": method,
        "budget": budget,
        "seeds": len(values),
        "metric": "val_loss",
        "mean": mean,
        "std": std,
        "values": values,
        "trial": None,
        "planned": 3,
        "diverged": 0,
        "failed": 0,
        "reason": None,
        "metrics": {},
    } | other


DOCUMENT: dict[str, Any] = {
    "experiment": NAME,
    "mode": "all",
    "state": "complete",
    "runs": {"complete": 11, "failed": 1, "diverged": 3, "pruned": 0},
    "studies": [
        {"name": "osc_1.x-AdamW-C", "optimizer": "AdamW", "scheduler": "C", "trials": 2, "best": None},
        {
            "name": "osc_1.x-AdamW-EH",
            "optimizer": "AdamW",
            "scheduler": "EH",
            "trials": 25,
            "best": {"trial": 7, "value": 1.2345e-7, "params": {"lr": 0.004, "infimum_lr": 1e-6, "upper_bound": 300}},
        },
    ],
    "comparison": [
        _row(
            *("AdamW + EH", 50, [0.08, 0.09], 0.0812345, 0.0041),
            metrics={"val_accuracy": {"mean": 0.91234, "std": 0.0045}},
        ),
        _row("Prodigy", 50, [0.1], 0.1, None, diverged=1, failed=1),
        _row("AdamW + EH", 200, [1.4e-7, 1.6e-7, 1.5e-7], 1.5e-7, 1e-8),
        _row("My_Own & <Co>| + 100%_x", 200, [math.inf, 1.0], math.inf, math.nan),
        _row("AdamW + C", 200, [], None, None, diverged=3, reason="no run came to its end: 3 runs diverged"),
    ],
    "failures": [],
}

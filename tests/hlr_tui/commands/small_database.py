"""A workspace with one experiment of three runs: complete, failed with an odd message, and still in training."""

from __future__ import annotations

import json
import math
from pathlib import Path

from core.execution.queue import enqueue
from core.plan import make_plan
from core.spec.file import spec_from_json
from core.storage.engine import Database, open_database
from core.storage.experiments import create_experiment
from core.storage.points import PointWriter
from core.storage.runs import claim

NAME = "small"
DOCUMENT = {
    "experiment": {"name": NAME, "mode": "run"},
    "task": {"name": "digits"},
    "training": {"epochs": 4, "seeds": [7, 8, 9]},
    "methods": {"optimizers": ["AdamW"], "schedulers": ["EH"], "lr_free": []},
}
CURVES = {7: [0.5, 0.25, 0.125, 0.1], 8: [0.5, math.nan, math.inf, -math.inf], 9: [1e-30]}
ERROR = "ValueError: \x1b[31mred\x1b[0m, [bold]é"


def make(workspace: Path) -> Database:
    db = open_database(str(workspace / "hlr.db"))
    text = json.dumps(DOCUMENT)
    experiment = create_experiment(db, NAME, "run", text)
    enqueue(db, experiment.id, make_plan(spec_from_json(text, "test")).fixed_runs)
    for _ in CURVES:
        run = claim(db, "w", "cpu", log="/logs/w.log")
        assert run is not None
        writer = PointWriter(db, run.id, run.attempt)
        for epoch, loss in enumerate(CURVES[run.seed], start=1):
            writer.add("val_loss", epoch, loss)
            writer.add("lr", epoch, 0.01 / 3)
        if run.seed == 7:
            writer.finish("complete", 0.1, {"val_loss": 0.1, "val_accuracy": 0.9, "val_odd": math.nan}, epoch=4)
        elif run.seed == 8:
            writer.finish("failed", None, {}, ERROR, epoch=4)
        else:
            writer.flush(1)
    return db

"""What tests queue, and what the other processes of a test do: each call starts when all of them are there."""

from __future__ import annotations

import math
from multiprocessing.synchronize import Barrier

from core.storage import runs
from core.storage.engine import open_database, optuna_storage
from core.storage.experiments import Experiment, take_conductor
from core.storage.points import PointWriter
from core.storage.processes import is_alive, me
from core.storage.runs import Fenced, NewRun

SIZE = 8

_barrier: Barrier


def new_run(experiment: Experiment, run_id: str, position: int = 0, **changes: object) -> NewRun:
    values: dict[str, object] = {
        "id": run_id,
        "experiment_id": experiment.id,
        "stage": "search",
        "study": "osc-lstm-AdamW-EH",
        "optimizer": "AdamW",
        "scheduler": "EH",
        "seed": 89,
        "budget": 50,
        "config": {"lr": 0.01},
        "position": position,
    }
    return NewRun(**(values | changes))  # type: ignore[arg-type]  # a table of mixed types


def start(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def open_and_count(url: str) -> int:
    _barrier.wait()
    db = open_database(url)
    with db.read() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM hlr_meta").scalar_one()
    db.close()
    return found


def ask_and_tell(url: str) -> None:
    import optuna

    db = open_database(url)
    _barrier.wait()
    study = optuna.create_study(study_name="s", storage=optuna_storage(db), load_if_exists=True)
    trial = study.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)})
    trial.report(0.5, 1)
    trial.set_user_attr("host", "here")
    study.tell(trial, 0.5)
    db.close()


def claim_all(url: str, worker: str) -> list[str]:
    db = open_database(url)
    _barrier.wait()
    claimed = []
    while (run := runs.claim(db, worker, "cpu")) is not None:
        claimed.append(run.id)
    db.close()
    return claimed


def write_curve(url: str, steps: int) -> str:
    """Claims one run and writes its curves, one value in ten a NaN, flushing all the time."""
    db = open_database(url)
    _barrier.wait()
    run = runs.claim(db, "w", "cpu")
    assert run is not None
    writer = PointWriter(db, run.id, run.attempt, steps_per_epoch=1)
    for step in range(1, steps + 1):
        writer.add("val_loss", step, math.nan if step % 10 == 0 else run.seed + 1 / step)
        writer.add("lr", step, 0.1 * step, unit="step")
        if step % 7 == 0:
            writer.flush(step)
    writer.finish("complete", 1.0, {})
    db.close()
    return run.id


def take_chair(url: str, experiment_id: int) -> bool:
    db = open_database(url)
    _barrier.wait()
    taken = take_conductor(db, experiment_id, *me(), is_alive)
    _barrier.wait()  # nobody is gone before everybody has tried
    db.close()
    return taken


def finish_same(url: str, run_id: str, attempt: int, value: float) -> bool:
    """Ends the run, if no other process has done so."""
    db = open_database(url)
    _barrier.wait()
    try:
        runs.finish(db, run_id, attempt, "complete", value, {})
    except Fenced:
        return False
    finally:
        db.close()
    return True

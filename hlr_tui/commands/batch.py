"""`hlr-tui --batch SPEC.toml`: an experiment without the terminal UI."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import EnvironmentFailure, Problem, SpecError
from core.plan import Plan, make_plan
from core.spec.file import load_spec
from core.spec.setting import RULES
from hlr_tui.output import open_console, print_json
from hlr_tui.settings import Settings

HELP = "Run the experiment of a spec file; again, to go on with it: finished runs are not trained again."

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help=f"override one key; may repeat. {RULES}"
    )
    parser.add_argument("--workers", metavar="N", help="worker processes, or auto")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and train nothing")
    parser.add_argument("--check", action="store_true", help="train one step of every method, and nothing more")
    parser.add_argument(
        "--no-check", action="store_true", help="begin without that step, which every new experiment starts with"
    )
    parser.add_argument("--detach", action="store_true", help="start it and return")
    parser.add_argument("--json", action="store_true", help="print the result document")


def run(args: argparse.Namespace, settings: Settings) -> int:
    overrides = list(args.set)
    if args.workers is not None:
        if args.workers != "auto" and not (args.workers.isdecimal() and int(args.workers) >= 1):
            problem = Problem("--workers", args.workers, "must be a whole number >= 1, or auto")
            raise SpecError("command line", [problem])
        overrides.append(f"execution.workers={args.workers}")
    plan = make_plan(load_spec(Path(args.batch), overrides))
    if args.dry_run:
        return _print_plan(plan, args.json)

    from core.execution.launch import Place
    from core.execution.submit import submit
    from core.storage.engine import open_database
    from hlr_tui.checking import check, run_check, tell_check

    place = Place(settings.storage, settings.workspace, settings.data_dir)
    if args.check:
        return check(plan, place, as_json=args.json)
    if not args.no_check and not _has_trained(plan, place):
        tell_check(run_check(plan, place))
    db = open_database(settings.storage)
    experiment = submit(db, plan, place)
    return start(db, experiment, place, detach=args.detach, as_json=args.json)


def _has_trained(plan: Plan, place: Any) -> bool:
    """Whether the spec is known to train; asked without making a database, so that a spec that cannot be trained leaves
    nothing behind."""
    from core.execution.submit import has_trained
    from core.storage.engine import StorageError, open_database

    try:
        db = open_database(place.storage, create=False)
    except StorageError:  # there is none yet; whatever else it is, opening it to write will say so
        return False
    return has_trained(db, plan)


def start(db: Any, experiment: Any, place: Any, *, detach: bool, as_json: bool) -> int:
    """Start the conductor unless one is at work, follow it to the end, and print what was found."""
    from core.execution.launch import launch_conductor
    from core.execution.seat import conducted
    from hlr_tui.follow import follow

    conductor: subprocess.Popen[bytes] | None = None
    if not conducted(db, experiment):
        conductor = launch_conductor(place, experiment.name)
    else:
        print(f"{experiment.name} is running already; this follows it", file=sys.stderr)
    if detach:
        if as_json:
            print_json({"experiment": experiment.name, "mode": experiment.mode, "state": "running"})
        else:
            name = experiment.name
            print(f"{name} runs in the background: hlr-tui status {name} --watch · hlr-tui stop {name}")
        return 0
    ended = follow(db, experiment, place, conductor)
    return conclude(db, ended, place, as_json=as_json)


def conclude(db: Any, experiment: Any, place: Any, *, as_json: bool) -> int:
    """Print the results of an experiment that has ended and return the exit code."""
    from core.analysis.results import result_document
    from core.tracking.state import Ledger
    from hlr_tui.report import print_results

    document = result_document(db, experiment)
    if as_json:
        print_json(document)
    else:
        print_results(open_console(), document)
    name = experiment.name
    for line in Ledger(place.workspace, name).lines(experiment.created_at):
        print(line, file=sys.stderr)
    if experiment.state == "failed":
        raise EnvironmentFailure(f"{name} failed: {experiment.error}\nits log: {place.log(name, 'conductor')}")
    if experiment.state != "complete":
        print(f"{name} is stopped; `hlr-tui resume {name}` or the same command goes on", file=sys.stderr)
        return INTERRUPTED
    return 1 if document["runs"]["failed"] else 0


def _print_plan(plan: Plan, as_json: bool) -> int:
    spec, totals = plan.spec, plan.totals()
    document = {
        "experiment": spec.experiment.name,
        "mode": spec.experiment.mode,
        "methods": [method.label for method in spec.methods],
        "studies": [
            {
                "name": study.name,
                "optimizer": study.method.optimizer.code,
                "scheduler": study.method.scheduler.code,
                "search": {
                    name: {
                        "low": dimension.span.low,
                        "high": dimension.span.high,
                        "step": dimension.span.step,
                        "log": dimension.span.log,
                    }
                    for name, dimension in study.space.items()
                },
            }
            for study in plan.studies
        ],
        "budgets": list(spec.compare.budgets),
        "steps_per_epoch": spec.steps_per_epoch,
        **totals,
    }
    if as_json:
        print_json(document)
        return 0
    print(f"{spec.experiment.name}: {spec.experiment.mode} on {spec.task_info.name} with {spec.model_info.name}")
    print(f"{len(spec.methods)} methods: {', '.join(method.label for method in spec.methods)}")
    for study in plan.studies if plan.searches else ():
        ranges = ", ".join(
            f"{name} {dim.span.low:g} … {dim.span.high:g}{' log' if dim.span.log else ''}"
            for name, dim in study.space.items()
        )
        print(f"  {study.name}: {ranges or 'nothing to search'}")
    if plan.searches:
        print(f"search: {totals['trials']} trials, {totals['search_runs']} runs of {spec.training.epochs} epochs")
    if totals["compare_runs"]:
        mode = spec.experiment.mode
        budgets = [spec.training.epochs] if mode == "run" else list(spec.compare.budgets)
        seeds = spec.training.seeds if mode == "run" else spec.compare.seeds
        shown = ", ".join(map(str, budgets))
        print(f"compare: {totals['compare_runs']} runs over budgets {shown} with {len(seeds)} seeds")
    print(f"in all {totals['epochs']} epochs of {spec.steps_per_epoch} steps; nothing was trained{os.linesep}", end="")
    return 0

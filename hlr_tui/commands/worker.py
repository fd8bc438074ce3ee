"""`hlr-tui worker`: one worker by hand, on any machine that reaches the storage."""

from __future__ import annotations

import argparse
import os

from core.errors import Problem, SpecError
from hlr_tui.settings import Settings

HELP = "Train queued runs of every experiment of a storage until interrupted."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--max-runs", metavar="N", help="end after so many runs")
    parser.add_argument("--idle", metavar="SECONDS", help="end after so long without work; by default it waits on")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from core.execution.launch import STORAGE_ENV, Place, python_module
    from core.storage.engine import open_database

    limits = []
    if args.max_runs is not None:
        if not (args.max_runs.isdecimal() and int(args.max_runs) >= 1):
            raise _refused("--max-runs", args.max_runs, "must be a whole number >= 1")
        limits += ["--max-runs", args.max_runs]
    if args.idle is not None:
        try:
            seconds = float(args.idle)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            raise _refused("--idle", args.idle, "must be a number of seconds >= 0")
        limits += ["--idle", args.idle]
    open_database(settings.storage, create=False).close()  # says in one line what is wrong, before torch loads
    place = Place(settings.storage, settings.workspace, settings.data_dir)
    argv = [*python_module("core.trainer.worker"), *place.arguments(), "--device", args.device, *limits]
    os.execve(argv[0], argv, os.environ | {STORAGE_ENV: settings.storage})


def _refused(option: str, value: str, legal: str) -> SpecError:
    return SpecError("command line", [Problem(option, value, legal)])

"""`hlr-tui init`: an annotated spec to start from."""

from __future__ import annotations

import argparse

from core.catalog import UnknownName, catalog
from core.errors import Problem, SpecError
from core.params import params_of
from core.spec.sections import ExperimentSection
from core.values import check_value
from hlr_tui.settings import Settings

HELP = "Print a spec with every key, its default and what is legal; redirect it into a file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="what is learned: hlr-tui list tasks")
    parser.add_argument("mode", metavar="MODE", nargs="?", default="all", help="all by default")


def run(args: argparse.Namespace, settings: Settings) -> int:
    try:
        task = catalog().tasks.get(args.task)
    except UnknownName as error:
        raise SpecError("init", [Problem("TASK", args.task, error.legal, error.hint)]) from error
    _, problem = check_value("MODE", dict(params_of(ExperimentSection))["mode"], args.mode)
    if problem is not None:
        raise SpecError("init", [problem])
    from hlr_tui.template import template

    print(template(task, args.mode), end="")
    return 0

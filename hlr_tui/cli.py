"""The command line: which command an argument list means, and its parser.

A command is a module with ``HELP`` (what its own ``--help`` says), ``add_arguments(parser)`` and
``run(args, settings) -> int``; only the module of the command in use is imported.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, cast

from core.errors import UsageError, did_you_mean, show
from hlr_tui.confirm import with_confirmation
from hlr_tui.settings import GLOBAL_OPTIONS, Settings, add_global_options, resolve_settings


class CommandModule(Protocol):
    """What a module under `hlr_tui.commands` offers."""

    HELP: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Settings], int]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the module that carries it and its line in the help; a command without a line is not listed."""

    module: str
    summary: str = ""


COMMANDS = {
    "list": Command("listing", "schedulers, optimizers, models, tasks, metrics or executors"),
    "preview": Command("preview", "learning rate over the epochs, before training"),
    "init": Command("init", "write an annotated spec with every key and its default"),
    "status": Command("status", "experiments, their progress, workers alive"),
    "show": Command("show", "results of an experiment, with statistics"),
    "export": Command("export", "points or tables of an experiment"),
    "import": Command("import_curves", "learning curves from CSV files, for analysis beside our own"),
    "stop": Command("stop", "stop an experiment; every run keeps its checkpoint"),
    "resume": Command("resume", "go on with a stopped experiment"),
    "delete": Command("delete", "remove an experiment with its runs and studies"),
    "sync": Command("sync", "upload to W&B what has been tracked offline"),
    "data": Command("data", "data sets: what is here, download or generate, checksums"),
    "worker": Command("worker", "one worker by hand"),
    "dashboard": Command("dashboard", "optuna-dashboard on this storage"),
    "serve": Command("serve", "the terminal UI in a browser on this machine"),
    "doctor": Command("doctor", "what works on this machine, and what to do where it does not"),
    "completion": Command("completion", "a script that lets TAB complete in bash, zsh or fish"),
    "reference": Command("reference"),
}

BATCH = Command("batch")

NEXT_STEPS = """\
Three things to try:
  hlr-tui list schedulers                                what there is to choose from
  hlr-tui preview EH C --epochs 50,200                   what a schedule does, before training
  hlr-tui init digits compare > spec.toml                a small experiment, then
  hlr-tui --batch spec.toml                              run it
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `UsageError` with the nearest legal word."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")

    def read(self, argv: list[str]) -> argparse.Namespace:
        """Parse `argv`; options and positional arguments may be mixed.

        Raises:
            UsageError: an unknown option, a missing or superfluous argument.
        """
        known = self._option_string_actions  # argparse offers no public list, and complains of missing options first
        for word in argv:
            if word == "--":
                break
            name = word.split("=", 1)[0] if word.startswith("--") else word[:2]
            # argparse, too, takes a negative number and a word with a space for a value.
            value = not word.startswith("-") or word == "-" or " " in word or re.fullmatch(r"-\.?\d.*", word)
            if not value and name not in known:
                hint = did_you_mean(name, [option for option in known if option.startswith("--")])
                raise UsageError(
                    f"unknown option {show(name)}; see {self.prog} --help" + (f" ({hint})" if hint else "")
                )
        return self.parse_intermixed_args(argv)


def run_command(argv: list[str]) -> int:
    """Run what `argv` asks for and return the exit code.

    Raises:
        UsageError: `argv` cannot be understood.
        SystemExit: a help text has been printed.
    """
    name, rest = route(argv)
    if name is None:
        return _run_without_command(rest)
    module = command_module(name)
    parser = command_parser(name)
    args = parser.read(rest)
    if name == "--batch" and args.batch is None:  # optional for argparse alone, so that `--batch --help` is a help
        parser.error("argument --batch: expected one argument")
    settings = _settings(args)
    return with_confirmation(lambda: module.run(args, settings))


def _settings(args: argparse.Namespace) -> Settings:
    """The places of this invocation, told to all that it starts, and what it allows to run."""
    settings = resolve_settings(args, os.environ)
    publish_plugins(settings)
    for word in args.trust or ():
        from core.user_code import trust

        trust(Path(word))
    return settings


def command_module(name: str) -> CommandModule:
    """The module of a command, or of ``--batch``."""
    command = BATCH if name == "--batch" else COMMANDS[name]
    return cast(CommandModule, importlib.import_module(f"hlr_tui.commands.{command.module}"))


def command_parser(name: str | None) -> Parser:
    """The parser of a command, of ``--batch``, or of a command line without either."""
    if name is None:
        return _bare_parser()
    module = command_module(name)
    parser = Parser(
        prog="hlr-tui" if name == "--batch" else f"hlr-tui {name}",
        description=module.HELP,
        allow_abbrev=False,
    )
    if name == "--batch":
        parser.add_argument("--batch", metavar="SPEC.toml", nargs="?", help="the experiment to run, or to go on with")
    module.add_arguments(parser)
    add_global_options(parser)
    return parser


def route(argv: list[str]) -> tuple[str | None, list[str]]:
    """The command that `argv` names and the arguments without that word; ``--batch`` counts wherever it stands.

    Raises:
        UsageError: the first word that is no option names no command.
    """
    options = argv[: argv.index("--")] if "--" in argv else argv
    if any(word == "--batch" or word.startswith("--batch=") for word in options):
        return "--batch", argv
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        name = argv[at].split("=", 1)[0]
        if name not in (*GLOBAL_OPTIONS, "-h", "--help"):
            return None, argv  # its parser knows --version and complains of the rest
        at += 2 if argv[at] in GLOBAL_OPTIONS else 1
    if at >= len(argv):
        return None, argv
    if argv[at] not in COMMANDS:
        listed = [name for name, command in COMMANDS.items() if command.summary]
        hint = did_you_mean(argv[at], listed)
        raise UsageError(
            f"unknown command {show(argv[at])}: must be one of {', '.join(listed)}" + (f" ({hint})" if hint else "")
        )
    return argv[at], argv[:at] + argv[at + 1 :]


def _bare_parser() -> Parser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items() if command.summary]
    parser = Parser(
        prog="hlr-tui",
        usage="hlr-tui | hlr-tui COMMAND … | hlr-tui --batch SPEC.toml …",
        description="A terminal workbench for choosing learning-rate schedules and LR-free optimizers. Alone on a "
        "terminal it starts its terminal UI.",
        epilog="commands (hlr-tui COMMAND --help says more):\n" + "\n".join(lines) + "\n\n" + NEXT_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--batch", metavar="SPEC.toml", help="run an experiment, or go on with it")
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    add_global_options(parser)
    return parser


def _run_without_command(argv: list[str]) -> int:
    args = _bare_parser().read(argv)
    if args.version:
        from importlib.metadata import version

        print(f"hlr-tui {version('hlr-tui')}")
        return 0
    from hlr_tui.commands.ui import run_ui

    return run_ui(_settings(args))


def publish_plugins(settings: Settings) -> None:
    """Tell the catalogue of this process, and of every process it starts, where the plug-ins are."""
    if not settings.plugins:
        return
    from core.catalog import PLUGINS_ENV, catalog

    folders = os.pathsep.join(map(str, settings.plugins))
    if os.environ.get(PLUGINS_ENV) != folders:
        os.environ[PLUGINS_ENV] = folders
        catalog.cache_clear()

"""How a shell asks: argcomplete reads the line from the environment, quotes the answer and writes it."""

from __future__ import annotations

import argparse
import os

from argcomplete.finders import CompletionFinder
from argcomplete.lexers import split_line

from hlr_tui.completion.line import candidates


class Finder(CompletionFinder):
    """argcomplete's finder with our candidates: its own knows no options between the arguments, and no commands whose
    modules are not imported."""

    def collect_completions(
        self, active_parsers: list[argparse.ArgumentParser], parsed_args: argparse.Namespace, cword_prefix: str
    ) -> list[str]:
        words = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))[3]
        found = candidates(words[1:], cword_prefix)
        self.get_display_completions().update(found)
        return list(found)


def answer() -> None:
    """Answer the shell and end this process."""
    Finder()(argparse.ArgumentParser(add_help=False))

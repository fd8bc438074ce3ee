"""The words before the cursor, read with the parser of their command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import UsageError
from hlr_tui.cli import COMMANDS, command_parser, route
from hlr_tui.completion.values import Given, values_of

MANY = ("+", "*")


def candidates(words: Sequence[str], prefix: str) -> dict[str, str]:
    """What the word under the cursor may become, with a line of help for each; nothing where a word before it is wrong.

    Args:
        words: the words before it, without the program's name.
        prefix: its letters up to the cursor; every candidate begins with them.
    """
    try:
        name, rest = route(list(words))
    except UsageError:
        return {}
    parser = command_parser(name)
    place = _place(parser, rest)
    option, equals, _ = prefix.partition("=")
    if place.option is None and prefix.startswith("-") and not place.options_ended:
        action = _options(parser).get(option)
        if not equals:
            found = _option_names(parser, place.given)
        elif action is not None and option.startswith("--") and action.nargs != 0:
            values = values_of(action, place.given, prefix[len(option) + 1 :])
            found = {f"{option}={value}": about for value, about in values.items()}
        else:
            found = {}
    elif place.option is not None or place.positional is not None:
        wanted = place.option or place.positional
        assert wanted is not None
        found = values_of(wanted, place.given, prefix)
    elif name is None:
        found = {command: about.summary for command, about in COMMANDS.items() if about.summary}
    else:
        found = _option_names(parser, place.given)
    return {word: about for word, about in found.items() if word.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cursor is.

    Attributes:
        option: the option whose value is due.
        positional: the argument that a word without a dash belongs to.
        options_ended: ``--`` stands before it.
        given: the words so far.
    """

    option: argparse.Action | None
    positional: argparse.Action | None
    options_ended: bool
    given: Given


def _place(parser: argparse.ArgumentParser, words: Sequence[str]) -> _Place:
    known = _options(parser)
    positionals = [action for action in parser._actions if not action.option_strings]  # argparse has no public list
    given: dict[str, list[str]] = {}
    due: argparse.Action | None = None
    ended = False

    def next_positional() -> argparse.Action | None:
        return next((one for one in positionals if one.dest not in given or one.nargs in MANY), None)

    for word in words:
        if due is not None:
            given.setdefault(due.dest, []).append(word)
            due = None
        elif word == "--" and not ended:
            ended = True
        elif word.startswith("-") and word != "-" and not ended:
            name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
            action = known.get(name)
            if action is not None and (equals or action.nargs == 0):
                given.setdefault(action.dest, []).append(value)
            else:
                due = action
        else:
            action = next_positional()
            if action is not None:
                given.setdefault(action.dest, []).append(word)
    return _Place(due, next_positional(), ended, given)


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return parser._option_string_actions  # argparse has no public list


def _option_names(parser: argparse.ArgumentParser, given: Given) -> dict[str, str]:
    """Every option that may still be given, in its long form where it has one."""
    found = {}
    for action in parser._actions:
        repeats = isinstance(action, argparse._AppendAction)
        if not action.option_strings or action.help == argparse.SUPPRESS or (action.dest in given and not repeats):
            continue
        found[max(action.option_strings, key=len)] = (action.help or "").replace("%%", "%")
    return found

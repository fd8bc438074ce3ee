"""The errors a user can meet: one base class, one exit code each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class HlrError(Exception):
    """Base of every error that is shown as a message and never as a traceback."""

    exit_code: int = 1


class UsageError(HlrError):
    """The user's mistake: a spec, an option or a file. Nothing has been changed."""

    exit_code = 2


class EnvironmentFailure(HlrError):
    """The machine's fault: storage out of reach, disk full, data missing."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        key: dotted name of the offending key (``training.epochs``).
        value: what the user wrote; ``MISSING`` where nothing was written.
        legal: what would be legal, worded to follow the value ("must be …").
        hint: the nearest legal word or the next step, "" where there is none.
    """

    key: str
    value: object
    legal: str
    hint: str = ""

    def __str__(self) -> str:
        key = printable(self.key)
        shown = key if self.value is MISSING else f"{key} = {show(self.value)}"
        tail = f" ({self.hint})" if self.hint else ""
        return f"{shown}: {self.legal}{tail}"

    def under(self, prefix: str) -> Problem:
        """The same problem with its key inside the table `prefix`."""
        return Problem(f"{prefix}.{self.key}", self.value, self.legal, self.hint)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class SpecError(UsageError):
    """What is wrong with a spec or with values given on the command line.

    Attributes:
        source: the file, or the option, that the values came from.
        problems: every problem found, in the order of the input; the message says each of them once.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        assert problems, "a SpecError without a problem"
        self.source = source
        self.problems = tuple(problems)
        lines = dict.fromkeys(str(problem) for problem in self.problems)  # values may be lists, so texts are compared
        super().__init__("\n".join(f"{printable(source)}: {line}" for line in lines))


def show(value: object) -> str:
    """`value` as the user would write it in TOML, shortened to one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + printable(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(show(item) for item in value) + "]"
    elif isinstance(value, dict):
        text = "{ " + ", ".join(f"{printable(str(key))} = {show(item)}" for key, item in value.items()) + " }"
    elif isinstance(value, int) and value.bit_length() > 256:
        text = hex(value)  # Python refuses to write very long integers in decimal
    else:
        text = str(value)
    return text if len(text) <= 120 else text[:117] + "…"


def printable(text: str) -> str:
    """`text` on one line, with everything that could drive a terminal written as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode() for letter in text
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean "epochs"?``, or "" where nothing known is near `word`."""
    candidates = list(known)
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.5)
    return f'did you mean "{by_folded[near[0]]}"?' if near else ""

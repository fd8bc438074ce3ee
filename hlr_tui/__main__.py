"""The program: the one place that owns stderr and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from core.errors import EnvironmentFailure, HlrError
from hlr_tui.cli import run_command

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's own arguments) names and return the exit code.

    Codes: 0 done, 1 some runs failed, 2 the user's mistake, 3 the environment, 130 interrupted.
    """
    if argv is None and "_ARGCOMPLETE" in os.environ:  # a shell asks what TAB may offer
        from hlr_tui.completion.protocol import answer

        answer()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a dash that a terminal cannot show is not worth a crash
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except HlrError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader (head, less) has seen enough
        _silence_stdout()
        return 0
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            _silence_stdout()
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}", EnvironmentFailure.exit_code)
    return code


def _run(argv: list[str]) -> int:
    try:
        return run_command(argv)
    except SystemExit as leaving:  # argparse, after it has printed a help text
        return leaving.code if isinstance(leaving.code, int) else 0


def _silence_stdout() -> None:
    """Let what stdout still holds go nowhere: the interpreter flushes it at exit, which would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    for line in message.splitlines():
        # A name taken from a file or an argument must not drive the terminal.
        shown = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode()
            for letter in line
        )
        print(f"hlr-tui: {shown}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

"""`hlr-tui completion`: what makes TAB complete commands, options and names."""

from __future__ import annotations

import argparse

from hlr_tui.settings import Settings

HELP = """Print a script that lets TAB complete commands, options, names and keys. For bash and zsh, put
eval "$(hlr-tui completion bash)" into ~/.bashrc (zsh: ~/.zshrc); for fish, hlr-tui completion fish | source
into ~/.config/fish/config.fish."""

ZSH_START = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
"""A .zshrc without a framework has not started zsh's completion."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from argcomplete.shell_integration import shellcode

    # Without "-o default": where there is nothing to offer, file names would be wrong.
    script = shellcode(["hlr-tui"], shell=args.shell, complete_arguments=["-o", "nospace"])
    print((ZSH_START if args.shell == "zsh" else "") + script, end="")
    return 0

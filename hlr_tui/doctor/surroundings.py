"""The terminal, and Weights & Biases."""

from __future__ import annotations

import importlib.metadata
import netrc
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from hlr_tui.doctor.finding import Finding
from hlr_tui.settings import Settings

SMALLEST = 80, 24
WANDB_SERVER = "https://api.wandb.ai"


def check_terminal(settings: Settings) -> Iterator[Finding]:
    """Whether the terminal is large enough and shows colours and the letters that plots are drawn with."""
    stream = next((each for each in (sys.stdout, sys.stderr, sys.stdin) if each.isatty()), None)
    if stream is None:
        yield Finding("ok", "terminal", "none: output goes to a file or a pipe")
        return
    from rich.console import Console

    size = os.get_terminal_size(stream.fileno())
    colours = Console(file=sys.stdout, force_terminal=True).color_system
    yield terminal(os.environ, (size.columns, size.lines), sys.stdout.encoding, colours)


def terminal(environ: Mapping[str, str], size: tuple[int, int], encoding: str, colours: str | None) -> Finding:
    """Judge a terminal.

    Args:
        size: columns and lines, 0 where they are unknown.
        encoding: of stdout.
        colours: rich's name for what can be shown; None for none.
    """
    shown = f"{size[0]}x{size[1]}" if all(size) else "unknown size"
    text = f"{shown}, {environ.get('TERM') or 'TERM is not set'}, colours: {colours or 'none'}, {encoding}"
    text += ", tmux" if environ.get("TMUX") else ""
    text += ", over SSH (experiments outlive the connection)" if environ.get("SSH_CONNECTION") else ""
    todo = []
    if encoding.lower().replace("-", "") != "utf8":
        todo.append("export LANG=C.UTF-8 for curves and tables")
    if colours is None:
        todo.append("unset NO_COLOR or export TERM=xterm-256color for colours")
    if all(size) and (size[0] < SMALLEST[0] or size[1] < SMALLEST[1]):
        todo.append(f"enlarge it to {SMALLEST[0]}x{SMALLEST[1]} or more")
    return Finding("warning" if todo else "ok", "terminal", text, "; ".join(todo))


def check_wandb(settings: Settings) -> Iterator[Finding]:
    """Whether runs can be tracked; asks nothing of the network and reads no more of the key than that it is there."""
    try:
        version = importlib.metadata.version("wandb")
    except importlib.metadata.PackageNotFoundError:
        yield Finding("warning", "wandb", "not installed", f"{sys.executable} -m pip install wandb")
        return
    server = os.environ.get("WANDB_BASE_URL") or WANDB_SERVER
    source = _key_source(urlsplit(server).hostname or server)
    if source is None:
        todo = 'only for tracking.wandb = "online": wandb login'
        yield Finding("ok", "wandb", f"wandb {version}, server {server}, no API key", todo)
    else:
        yield Finding("ok", "wandb", f"wandb {version}, server {server}, API key from {source}")


def _key_source(host: str) -> str | None:
    """Where the API key for a server comes from."""
    if os.environ.get("WANDB_API_KEY"):
        return "WANDB_API_KEY"
    files = [Path(os.environ["NETRC"])] if os.environ.get("NETRC") else [Path("~/.netrc"), Path("~/_netrc")]
    for path in (each.expanduser() for each in files):
        try:
            if netrc.netrc(path).authenticators(host) is not None:
                return str(path)
        except (OSError, netrc.NetrcParseError):
            continue
    return None

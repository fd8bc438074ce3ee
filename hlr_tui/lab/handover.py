"""What leaves the lab: a spec to start from, and the command line that draws the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from core.component import SchedulerInfo
from core.params import params_of
from hlr_tui.lab.bench import RUN, Bench
from hlr_tui.output import number_text

Document = dict[str, Any]


def spec_document(bench: Bench, infos: Sequence[SchedulerInfo]) -> Document:
    """A spec of mode compare over the budgets of the bench; what is at its default stays out.

    Args:
        infos: the schedulers that are compared.
    """
    document: Document = {
        "experiment": {"mode": "compare"},
        "training": {"lr": bench.run["lr"]},
        "methods": {"schedulers": [info.code for info in infos]},
        "compare": {"budgets": list(bench.budgets)},
    }
    if bench.run["infimum_lr"] != getattr(RUN["infimum_lr"], "default"):
        document["training"]["infimum_lr"] = bench.run["infimum_lr"]
    params = {info.code: dict(own) for info in infos if (own := bench.given.get(info.name))}
    if params:
        document["methods"]["params"] = params
    return document


def preview_command(bench: Bench, infos: Sequence[SchedulerInfo]) -> str:
    """The command line that draws what the lab shows: ``hlr-tui preview EH --epochs 50,200 --lr 0.01 …``."""
    words = ["hlr-tui", "preview", *(info.code for info in infos)]
    words += ["--epochs", ",".join(map(str, bench.budgets)), "--lr", repr_text(bench.run["lr"])]
    for name in ("infimum_lr", "steps_per_epoch"):
        if bench.run[name] != getattr(RUN[name], "default"):
            words += [f"--{name.replace('_', '-')}", repr_text(bench.run[name])]
    for info in infos:
        own = bench.given.get(info.name, {})
        words += [
            word
            for name, _ in params_of(info.schedule)
            if name in own
            for word in ("-p", f"{info.code}.{name}={repr_text(own[name])}")
        ]
    return shlex.join(words)


def repr_text(value: object) -> str:
    """`value` to the last digit, short where it is round; a flag as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = number_text(value)
        return short if float(short) == value else repr(value)
    return str(value)

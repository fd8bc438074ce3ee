"""Schedules as a figure for a paper: PNG, SVG or PDF."""

from __future__ import annotations

import errno
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import EnvironmentFailure, UsageError
from hlr_tui.plot import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hlr_tui.curves import Curve

FORMATS = (".png", ".svg", ".pdf")
LINES = ("solid", "dashed", "dashdot", "dotted")
ON_WHITE = tuple(colour for colour in (COLOURS[6], *COLOURS[1:5], COLOURS[0], "#000000"))
"""The palette without its yellow, which vanishes on paper; with four line styles it repeats after 28 curves."""


def save_figure(curves: Sequence[tuple[str, Curve]], path: Path, *, log_y: bool) -> None:
    """Draw labelled curves, and their momentum below where a schedule moves it, into `path`.

    Raises:
        UsageError: the file cannot be written.
        EnvironmentFailure: the disk is full.
    """
    import matplotlib
    from matplotlib.figure import Figure

    moving = [index for index, (_, curve) in enumerate(curves) if curve.momentum is not None]
    figure = Figure(figsize=(7.0, 5.6 if moving else 4.0), layout="constrained", dpi=200)
    panels = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1)) if moving else [figure.subplots()]
    for index, (label, curve) in enumerate(curves):
        _line(panels[0], index, label, curve.epochs, curve.lr)
    panels[0].set_ylabel("learning rate")
    if log_y:
        panels[0].set_yscale("log")
    for index in moving:
        _line(panels[1], index, curves[index][0], curves[index][1].epochs, curves[index][1].momentum or ())
    if moving:
        panels[1].set_ylabel("momentum")
    panels[-1].set_xlabel("epoch")
    for panel in panels:
        panel.grid(visible=True, color="#dddddd", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0.01)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=7, frameon=False, fontsize=9
    )
    drawn = io.BytesIO()
    # The same curves give the same bytes: no date, and ids that do not come from a random source.
    with matplotlib.rc_context({"svg.hashsalt": "hlr-tui"}):
        stamp = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix.lower()]
        figure.savefig(drawn, format=path.suffix.lower()[1:], metadata=stamp)
    try:
        path.write_bytes(drawn.getvalue())
    except OSError as error:
        failure = EnvironmentFailure if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) else UsageError
        raise failure(f"--out {path}: cannot be written: {error.strerror}") from error


def _line(panel: Axes, index: int, label: str, xs: Sequence[float], ys: Sequence[float | None]) -> None:
    panel.plot(
        xs,
        [float("nan") if y is None else y for y in ys],
        label=label,
        color=ON_WHITE[index % len(ON_WHITE)],
        linestyle=LINES[index % len(LINES)],
        linewidth=1.5,
    )

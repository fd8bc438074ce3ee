"""`hlr-tui preview`: the learning rate over the epochs, before training."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.component import SchedulerInfo
from core.errors import MISSING, Problem, SpecError, did_you_mean
from core.params import Real, Whole, Wholes
from core.values import check_value
from hlr_tui.curves import ALL, Curve, choose_schedulers, compute_curves
from hlr_tui.output import number_text, open_console, print_json
from hlr_tui.plot import Series, draw
from hlr_tui.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

HELP = "Show the learning rate of schedulers over the epochs, before training."

EPOCHS = Wholes(default=(), low=1, help="lengths of the runs, in epochs, separated by commas")
NUMBERS: Mapping[str, Real | Whole] = {
    "--lr": Real(default=0.01, above=0.0, help="peak learning rate"),
    "--infimum-lr": Real(default=1e-6, above=0.0, help="infimum_lr of every scheduler that has one"),
    "--steps-per-epoch": Whole(default=100, low=1, help="steps in an epoch, for schedulers that advance by step"),
}

OVERLAID = 6
"""Up to so many curves share one plot; more get a panel per scheduler."""
PANEL_WIDTH, PANEL_HEIGHT = 25, 9
GAP = 2
MIN_PLOT_HEIGHT, MAX_PLOT_HEIGHT = 10, 40
EXAMPLE = "EH.upper_bound=300"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", metavar="CODE", nargs="+", help=f'scheduler by code or name; "{ALL}" for every one')
    parser.add_argument("--epochs", metavar="N[,N…]", help=EPOCHS.help)
    for option, param in NUMBERS.items():
        assert isinstance(param.default, (int, float))
        parser.add_argument(
            option, metavar="X", help=f"{param.help} ({number_text(param.default)})", default=param.default
        )
    parser.add_argument(
        "-p",
        "--param",
        dest="params",
        metavar="CODE.param=value",
        action="append",
        default=[],
        help=f"a parameter of one scheduler, such as {EXAMPLE}; may repeat",
    )
    parser.add_argument("--log", action="store_true", help="logarithmic learning-rate axis")
    parser.add_argument("--ascii", action="store_true", help="plot with ASCII characters alone")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document: the rate at every tick")
    form.add_argument("--out", metavar="FILE", help="a figure instead: .png, .svg or .pdf")


def run(args: argparse.Namespace, settings: Settings) -> int:
    problems: list[Problem] = []
    budgets = read_budgets(args.epochs, problems)
    lr, infimum_lr, steps_per_epoch = (
        _check(option, read_value(getattr(args, option[2:].replace("-", "_"))), problems) for option in NUMBERS
    )
    out = _figure_file(args.out, problems)
    infos = choose_schedulers(args.codes)
    given = read_params(args.params, infos, problems)
    if problems:
        raise SpecError("preview", problems)
    curves = compute_curves(
        infos, given, budgets=budgets, lr=lr, infimum_lr=infimum_lr, steps_per_epoch=steps_per_epoch
    )
    by_step = [info.code for info in infos if info.tick == "step"]
    if by_step and args.steps_per_epoch is NUMBERS["--steps-per-epoch"].default:
        print(f"{', '.join(by_step)}: {steps_per_epoch} steps per epoch assumed (--steps-per-epoch)", file=sys.stderr)
    labelled = [(_label(curve, len(budgets) > 1), curve) for curve in curves]
    if args.json:
        print_json({"schedules": [curve.document() for curve in curves]})
    elif out is not None:
        from hlr_tui.figure import save_figure

        save_figure(labelled, out, log_y=args.log)
        print(f"wrote {out}", file=sys.stderr)
    else:
        _plot(labelled, open_console(), log_y=args.log, ascii=args.ascii or not _can_show_braille())
    return 0


def read_params(
    texts: Sequence[str], infos: Sequence[SchedulerInfo], problems: list[Problem]
) -> dict[str, dict[str, object]]:
    """The parameters that ``-p CODE.param=value`` gives, by scheduler name; problems are appended to `problems`."""
    given: dict[str, dict[str, object]] = {}
    for text in texts:
        left, equals, value = text.partition("=")
        word, dot, name = left.strip().partition(".")
        if not (equals and dot and word and name):
            problems.append(Problem("-p", text, "must be CODE.param=value", EXAMPLE))
            continue
        named = [info for info in infos if word.casefold() in (info.code.casefold(), info.name.casefold())]
        exact = [info for info in named if word in (info.code, info.name)]
        if not named:
            codes = [info.code for info in infos]
            legal = f"must begin with a scheduler of this preview: {', '.join(codes)}"
            problems.append(Problem("-p", text, legal, did_you_mean(word, codes)))
            continue
        given.setdefault((exact or named)[0].name, {})[name] = read_value(value.strip())
    return given


def read_value(text: str | float) -> object:
    """A number, true, false, or the text itself, as a spec file would hold it."""
    if not isinstance(text, str) or text in ("true", "false"):
        return text == "true" if isinstance(text, str) else text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text.strip('"')


def read_budgets(text: str | None, problems: list[Problem]) -> tuple[int, ...]:
    """The numbers of epochs that ``--epochs`` gives; problems are appended to `problems`."""
    values = [] if text is None else [read_value(part.strip()) for part in text.split(",")]
    budgets, problem = check_value("--epochs", EPOCHS, values)
    if problem is None:
        return tuple(budgets)
    legal = "must be distinct whole numbers >= 1, separated by commas"
    problems.append(Problem("--epochs", MISSING if text is None else text, legal, "such as 50,200"))
    return ()


def _check(option: str, value: object, problems: list[Problem]) -> Any:
    checked, problem = check_value(option, NUMBERS[option], value)
    if problem is not None:
        problems.append(problem)
    return checked


def _figure_file(text: str | None, problems: list[Problem]) -> Path | None:
    from hlr_tui.figure import FORMATS

    if text is None:
        return None
    path = Path(text)
    if path.suffix.lower() not in FORMATS:
        hint = did_you_mean(path.suffix, FORMATS)
        problems.append(Problem("--out", text, f"must end in {', '.join(FORMATS)}", hint))
    elif not path.parent.is_dir():
        problems.append(Problem("--out", text, "must lie in an existing folder"))
    return path


def _label(curve: Curve, several_budgets: bool) -> str:
    return f"{curve.info.code} {curve.horizon.epochs}" if several_budgets else curve.info.code


def _can_show_braille() -> bool:
    try:
        "⣿┤┬…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plot(labelled: Sequence[tuple[str, Curve]], console: Console, *, log_y: bool, ascii: bool) -> None:
    series = [Series(label, curve.epochs, curve.lr) for label, curve in labelled]
    if len(series) <= OVERLAID:
        height = min(max(console.height - 2, MIN_PLOT_HEIGHT), MAX_PLOT_HEIGHT)
        title = "learning rate by epoch"
        console.print(draw(series, width=console.width, height=height, log_y=log_y, ascii=ascii, title=title))
    else:
        console.print(panels(labelled, series, width=console.width, log_y=log_y, ascii=ascii))


def panels(
    labelled: Sequence[tuple[str, Curve]], series: Sequence[Series], *, width: int, log_y: bool, ascii: bool
) -> Table:
    """One small plot per scheduler, with its budgets in it; all share their axes."""
    from rich.table import Table

    by_code: dict[str, list[int]] = {}
    for index, (_, curve) in enumerate(labelled):
        by_code.setdefault(curve.info.code, []).append(index)
    in_row = max(1, min(len(by_code), (width + GAP) // (PANEL_WIDTH + GAP)))
    each = (width + GAP) // in_row - GAP
    shown = [y for one in series for y in one.ys if math.isfinite(y) and (y > 0 or not log_y)]
    lowest = min(shown, default=0.0)
    cells = []
    for indices in by_code.values():
        info = labelled[indices[0]][1].info
        several = len(indices) > 1
        own = [
            Series(str(labelled[index][1].horizon.epochs) if several else "", series[index].xs, series[index].ys)
            for index in indices
        ]
        plot = draw(
            own,
            width=each,
            height=PANEL_HEIGHT + 2 * several,
            log_y=log_y,
            ascii=ascii,
            title=f"{info.code} {info.name}",
            x_range=(0, max(one.xs[-1] for one in series)),
            y_range=(lowest if log_y else min(lowest, 0.0), max(shown, default=1.0)),
        )
        cells.append(plot)
    grid = Table.grid(padding=(0, GAP, 1, 0), pad_edge=False)
    for start in range(0, len(cells), in_row):
        grid.add_row(*cells[start : start + in_row])
    return grid

"""Results and progress as rich tables: what `--batch`, `show` and `status` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hlr_tui.output import number_text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

Row = Mapping[str, Any]


def printable(text: str) -> str:
    """`text` with everything but letters, blanks and line ends written out: names and errors come from files, databases
    and users' code, and must not drive the terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )


def spread_text(mean: float | None, std: float | None) -> str:
    """``0.0812 ± 0.0041``: mean and sample standard deviation."""
    if mean is None:
        return "-"
    return f"{mean:.3g}" if std is None else f"{_padded(mean, 3)} ± {_padded(std, 2)}"


def _padded(value: float, digits: int) -> str:
    """`value` in significant digits, with the zeros that belong to them."""
    return f"{value:#.{digits}g}".removesuffix(".")


def percent_text(mean: float | None, std: float | None) -> str:
    """The same for a share, in percent."""
    if mean is None:
        return "-"
    return f"{100 * mean:.1f} %" if std is None else f"{100 * mean:.1f} ± {100 * std:.1f} %"


def ranking(document: Mapping[str, Any], width: int = 80) -> Group | None:
    """Methods in the order of their mean objective at the largest budget; None where nothing was compared."""
    rows: Sequence[Row] = document["comparison"]
    if not rows:
        return None
    budgets = sorted({row["budget"] for row in rows})
    by_method: dict[str, dict[int, Row]] = {}
    for row in rows:
        by_method.setdefault(row["method"], {})[row["budget"]] = row
    last = budgets[-1]

    def order(method: str) -> tuple[bool, float, str]:
        mean = by_method[method].get(last, {}).get("mean")
        return mean is None, mean or 0.0, method

    accuracy = next(
        (name for name in ("test_accuracy", "val_accuracy") if any(name in row["metrics"] for row in rows)), None
    )
    seeds = max(row["seeds"] for row in rows)
    lost = any(row["diverged"] or row["failed"] for row in rows)
    header = ["#", "method", *(f"{budget} epochs" for budget in budgets)]
    header += [accuracy.replace("_", " ")] if accuracy is not None else []
    header += ["lost"] if lost else []
    body = []
    for rank, method in enumerate(sorted(by_method, key=order), start=1):
        own = by_method[method]
        ranked = own.get(last, {}).get("mean") is not None
        cells = [str(rank) if ranked else "-", method]
        cells += [_cell(own[budget], seeds) if budget in own else "-" for budget in budgets]
        if accuracy is not None:
            found = own.get(last, {}).get("metrics", {}).get(accuracy, {"mean": None, "std": None})
            cells.append(percent_text(found["mean"], found["std"]))
        if lost:
            number = sum(row["diverged"] + row["failed"] for row in own.values())
            cells.append(f"{number} of {sum(row['planned'] for row in own.values())}" if number else "")
        body.append(cells)
    needed = sum(max(map(len, column)) + 1 for column in zip(header, *body, strict=True))
    gap = " " if needed <= width else "\n"  # a second line is better than numbers that are cut off
    table = _table()
    for name in header:
        if name == "method":
            table.add_column(name, overflow="fold", min_width=min(24, max(map(len, by_method))))
        else:
            broken = name.replace(" ", gap) if name.endswith("accuracy") else name
            table.add_column(broken, justify="right", no_wrap=True)
    for cells in body:
        _add(table, [cell.replace(" ± ", f"{gap}± ") for cell in cells])
    over = f"over {seeds} seed{'' if seeds == 1 else 's'}"
    spread = "mean over seeds" if document.get("mode") == "import" else f"mean ± std {over}"
    return _titled(f"{rows[0]['metric']} after the last epoch: {spread}, ranked at {last} epochs", table)


def _cell(row: Row, seeds: int) -> str:
    """Mean and spread of a row, with its number of seeds where that is smaller than in other rows."""
    few = f" (n={row['seeds']})" if 0 < row["seeds"] < seeds else ""
    return spread_text(row["mean"], row["std"]) + few


def unranked(document: Mapping[str, Any]) -> list[str]:
    """Why methods have no mean at a budget, one line for each method and reason."""
    budgets: dict[tuple[str, str], list[str]] = {}
    for row in document["comparison"]:
        if row["reason"]:
            budgets.setdefault((row["method"], row["reason"]), []).append(str(row["budget"]))
    return [f"{method} at {', '.join(own)} epochs: {reason}" for (method, reason), own in budgets.items()]


def _table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def _titled(title: str, table: Table) -> Group:
    """A line above a table. Not the table's own title, which is broken where the table is narrow."""
    from rich.console import Group
    from rich.text import Text

    return Group(Text(title, style="italic"), Text(), table)


def _add(table: Table, cells: Sequence[str]) -> None:
    """A row of plain texts: what looks like markup, or drives a terminal, is shown as it is written."""
    from rich.text import Text

    table.add_row(*(Text(printable(cell)) for cell in cells))


def best_trials(document: Mapping[str, Any]) -> Group | None:
    """The best trial of every study, lowest objective first; None without a search."""
    studies: Sequence[Row] = document["studies"]
    if not studies:
        return None
    table = _table()
    table.add_column("study", overflow="fold")
    table.add_column("trials", justify="right")
    table.add_column("objective", justify="right", no_wrap=True)
    table.add_column("parameters", overflow="fold")
    ordered = sorted(studies, key=lambda study: (study["best"] is None, study["best"] and study["best"]["value"]))
    for study in ordered:
        best = study["best"]
        if best is None:
            _add(table, [study["name"], str(study["trials"]), "-", "no trial has a finite objective yet"])
            continue
        params = ", ".join(f"{name} {value_text(value)}" for name, value in best["params"].items())
        _add(table, [study["name"], str(study["trials"]), f"{best['value']:.3g}", params])
    return _titled("best trial of each search", table)


def value_text(value: object) -> str:
    """A parameter in a table."""
    return number_text(value, 3) if isinstance(value, float) else str(value).lower()


def duration_text(seconds: float | None) -> str:
    """``0:20``, ``1:02:03``; "?" where it is unknown."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

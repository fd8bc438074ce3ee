"""What the form amounts to: the schedules, the stages with their budgets, and the text of the spec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from hlr_tui.forms.outlook import TOGETHER, table
from hlr_tui.forms.preview import Curve
from hlr_tui.plot import COLOURS, MARKERS
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart

if TYPE_CHECKING:
    from hlr_tui.forms.prospect import View


BESIDE, FEW = 70, 4
"""Columns from which the chart has its legend beside it, and how many curves it can name below itself otherwise."""


class SpecPreview(Vertical):
    """A chart of the learning rates, above the plan and the spec."""

    DEFAULT_CSS = """
    SpecPreview > Chart { height: 1fr; min-height: 8; }
    SpecPreview > .about { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    SpecPreview > .names { height: auto; max-height: 3; padding: 0 1; background: $surface; }
    SpecPreview > VerticalScroll { scrollbar-size-vertical: 1; height: 1fr; padding: 0 1; background: $surface; }
    SpecPreview > VerticalScroll:focus { background: $panel; }
    SpecPreview Static { width: 1fr; }
    SpecPreview #plan { margin: 0 0 1 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chart = Chart("learning rate", x_label="epoch", id="schedules")
        self._about = Static(classes="about", markup=False)
        self._about.display = False
        self._names = Static(classes="names", markup=False)
        self._names.display = False
        self._curves: tuple[int, Sequence[Curve]] = (1, ())
        self._plan = Static(id="plan", markup=False)
        self._text = Static(id="spec", markup=False)

    def compose(self) -> ComposeResult:
        yield self._about
        yield self._chart
        yield self._names
        with VerticalScroll():
            yield self._plan
            yield self._text

    def show_curves(self, budget: int, curves: Sequence[Curve], note: str = "") -> None:
        """Draw the schedules of a run of `budget` epochs; `note` says what is left out."""
        self._curves = (budget, curves)
        self._draw_curves()
        self._about.update(note)
        self._about.display = bool(note)

    def _draw_curves(self) -> None:
        budget, curves = self._curves
        self._chart.legend = legend = self._has_room(len(curves))
        self._chart.clear()
        self._chart.x_range = (0, budget)
        names: list[tuple[str, str] | str] = []
        for index, curve in enumerate(curves):
            marker = MARKERS[index % len(MARKERS)]
            self._chart.put(curve.code, label=curve.code, xs=curve.epochs, ys=curve.lr, colour=index, marker=marker)
            # A blank that does not break keeps a letter and its name on one line.
            names += [(marker, f"bold {COLOURS[index % len(COLOURS)]}"), f"\N{NO-BREAK SPACE}{printable(curve.code)}  "]
        self._names.update(Content.assemble(*names))
        self._names.display = bool(curves) and not legend

    def _has_room(self, curves: int) -> bool:
        """The chart's own legend, which says values, too, can show every curve."""
        most = self.size.height // 2 - 4 if self.size.width >= BESIDE else FEW
        return curves <= most

    def on_resize(self) -> None:
        if self._has_room(len(self._curves[1])) != self._chart.legend:
            self._draw_curves()

    def show_spec(self, text: str) -> None:
        """Show the text of the spec, its tables in bold."""
        lines = [Content.styled(line, "bold") if line.startswith("[") else Content(line) for line in text.splitlines()]
        self._text.update(Content("\n").join(lines))

    def show_plan(self, view: View | None) -> None:
        """Show the stages with their budgets, and what a check of the methods showed; None hides them."""
        self._plan.display = view is not None
        if view is None:
            return
        lines = _aligned(table(view.outlook))
        found = view.checked.lines() if view.checked is not None else []
        lines += [Content.styled(printable(one), "$text-error" if one.startswith("✗") else "") for one in found]
        self._plan.update(Content("\n").join(lines))

    def toggle_log(self) -> None:
        self._chart.log_y = not self._chart.log_y


def _aligned(cells: Sequence[Sequence[str]]) -> list[Content]:
    """Lines of a table: the heading muted, the sum in bold, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for number, (first, *rest) in enumerate(cells):
        padded = [first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        style = "$foreground-muted" if number == 0 else "bold" if first == TOGETHER else ""
        lines.append(Content.styled("  ".join(padded).rstrip(), style))
    return lines

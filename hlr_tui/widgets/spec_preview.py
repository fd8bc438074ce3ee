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
from hlr_tui.plot import MARKERS
from hlr_tui.tables import printable
from hlr_tui.widgets.chart import Chart

if TYPE_CHECKING:
    from hlr_tui.forms.prospect import View


class SpecPreview(Vertical):
    """A chart of the learning rates, above the plan and the spec."""

    DEFAULT_CSS = """
    SpecPreview > Chart { height: 1fr; min-height: 8; }
    SpecPreview > .about { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
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
        self._plan = Static(id="plan", markup=False)
        self._text = Static(id="spec", markup=False)

    def compose(self) -> ComposeResult:
        yield self._about
        yield self._chart
        with VerticalScroll():
            yield self._plan
            yield self._text

    def show_curves(self, budget: int, curves: Sequence[Curve], note: str = "") -> None:
        """Draw the schedules of a run of `budget` epochs; `note` says what is left out."""
        self._chart.clear()
        self._chart.x_range = (0, budget)
        for index, curve in enumerate(curves):
            marker = MARKERS[index % len(MARKERS)]
            self._chart.put(curve.code, label=curve.code, xs=curve.epochs, ys=curve.lr, colour=index, marker=marker)
        self._about.update(note)
        self._about.display = bool(note)

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

"""What the form amounts to: the schedules, and the text of the spec."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from hlr_tui.forms.preview import Curve
from hlr_tui.plot import MARKERS
from hlr_tui.widgets.chart import Chart


class SpecPreview(Vertical):
    """A chart of the learning rates, above the spec."""

    DEFAULT_CSS = """
    SpecPreview > Chart { height: 1fr; min-height: 8; }
    SpecPreview > .about { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    SpecPreview > VerticalScroll { scrollbar-size-vertical: 1; height: 1fr; padding: 0 1; background: $surface; }
    SpecPreview > VerticalScroll:focus { background: $panel; }
    SpecPreview Static { width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chart = Chart("learning rate", x_label="epoch", id="schedules")
        self._about = Static(classes="about", markup=False)
        self._about.display = False
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield self._about
        yield self._chart
        with VerticalScroll():
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

    def toggle_log(self) -> None:
        self._chart.log_y = not self._chart.log_y

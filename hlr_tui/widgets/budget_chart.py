"""The chart of a ranking: mean against budget, with the intervals of two methods."""

from __future__ import annotations

from textual.events import Resize

from hlr_tui.results_view.budget_series import MOST, Curve, bars, budget_axis, budget_curves, side_by_side, value_axis
from hlr_tui.results_view.ranking import Ranking
from hlr_tui.widgets.chart import Chart

BESIDE = 40
"""Columns that axis and legend take, about."""


class BudgetChart(Chart):
    """A curve for each of the best methods and the chosen one; where there is but one budget, all of them in a row.

    Attributes:
        wanted_log: the value axis is to be logarithmic; None leaves it to the values.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("mean by budget, bars: std", x_label="epochs", id=id)
        self.wanted_log: bool | None = None
        self._ranking: tuple[Ranking, str] | None = None
        self._drawn: dict[str, tuple[Curve, float]] = {}

    def rank(self, found: Ranking, chosen: str) -> None:
        """Draw a ranking with one method on top; what has not changed is left alone."""
        self._ranking = found, chosen
        if len(found.budgets) == 1:
            curves = {curve.method: curve for curve in side_by_side(found)}
            ticks = [(curve.xs[0], curve.marker) for curve in curves.values()]
            low, high = -0.5, len(found.methods) - 0.5
            self.title, self.x_label = f"mean after {found.budgets[0]} epochs, bars: std", "method"
        else:
            most = max(3, min(MOST, self.size.height // 2))  # more curves than that hide each other
            curves = {curve.method: curve for curve in budget_curves(found, chosen, most)}
            ticks = [(float(budget), str(budget)) for budget in found.budgets]
            low, high = budget_axis(found.budgets)
            self.title, self.x_label = "mean by budget, bars: std", "epochs"
        self.y_limits, self.log_y = value_axis(list(curves.values()), self.wanted_log)
        if ticks != self.x_ticks:
            self.x_ticks = ticks
        self.x_range = low, high
        cell = (high - low) / max(20, self.size.width - BESIDE)
        for gone in self._drawn.keys() - curves.keys():
            self.drop(gone)
            self.drop(f"{gone} bars")
        for method, curve in curves.items():
            if self._drawn.get(method) != (curve, cell):
                self._put(method, curve, cell)
        self._drawn = {method: (curve, cell) for method, curve in curves.items()}
        self.pinned = chosen or None

    def _put(self, method: str, curve: Curve, cell: float) -> None:
        self.put(method, label=method, xs=curve.xs, ys=curve.ys, colour=curve.colour, marker=curve.marker)
        xs, ys = bars(curve, cell)
        if xs:
            self.put(f"{method} bars", label="", xs=xs, ys=ys, colour=curve.colour, marker="", style="bars")
        else:
            self.drop(f"{method} bars")

    def on_resize(self, event: Resize) -> None:
        """How many curves fit, and how wide a cell is, depend on the size."""
        if self._ranking is not None:
            self.rank(*self._ranking)

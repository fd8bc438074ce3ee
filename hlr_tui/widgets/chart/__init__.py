"""A chart of curves that grow while it is shown."""

from hlr_tui.widgets.chart.chart import Chart

__all__ = ["Chart"]

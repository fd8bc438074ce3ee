"""The chart: curves over epochs, steps or trials, with a cursor, zoom and a legend."""

from __future__ import annotations

import math
import os
import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Blur, Click, Focus, Resize
from textual.message import Message

from hlr_tui.keys import Key, declare
from hlr_tui.widgets.chart.paint import PARTS
from hlr_tui.widgets.chart.series import SeriesWidget
from hlr_tui.widgets.chart.view import View
from hlr_tui.wire.plain import letters_of

PERIOD = 0.1
"""Least seconds between two drawings that new points ask for."""


class Chart(SeriesWidget):
    """Curves that may grow while they are shown.

    A point costs what it changes: columns of cells in which nothing changed are neither drawn nor sent. Drawing is put
    off to at most ten times a second.
    """

    DEFAULT_CSS = """
    Chart {
        width: 1fr; height: 1fr; min-height: 4; layout: vertical; padding: 0 1; background: $surface; color: $text;
        & > .chart--text { color: $text; }
        & > .chart--muted { color: $text-muted; }
        & > .chart--focus { color: $text; background: $primary-muted; text-style: bold; }
        & > .chart--cursor { color: $text; background: $primary-muted; }
        & > .chart--cross { color: $text-error; text-style: bold; }
        & > .chart--warning { color: $text-warning; text-style: bold; }
        & > Lines { width: 1fr; }
        & > Horizontal { height: 1fr; width: 1fr; }
        & Lines { background: transparent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{part}" for part in PARTS}
    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("chart.left", "left", "step(-1)", "Cursor left", footer=False),
            Key("chart.right", "right", "step(1)", "Cursor right", footer=False),
            Key("chart.closer", "plus,equals_sign", "zoom(0.5)", "Zoom in", footer=False),
            Key("chart.wider", "minus", "zoom(2)", "Zoom out", footer=False),
            Key("chart.earlier", "shift+left", "pan(-1)", "Pan left", footer=False),
            Key("chart.later", "shift+right", "pan(1)", "Pan right", footer=False),
            Key("chart.reset", "0,home", "reset", "Whole chart", footer=False),
        )
    ]

    legend = True
    """Name the curves beside or below the plot; not where a table of the screen's does."""

    class CursorMoved(Message):
        """The user moved the cursor of a chart; x is None where it was taken away."""

        def __init__(self, chart: Chart, x: float | None) -> None:
            super().__init__()
            self.chart, self.x = chart, x

        @property
        def control(self) -> Chart:
            return self.chart

    def __init__(
        self,
        title: str = "",
        *,
        x_label: str = "epoch",
        log_y: bool = False,
        ascii: bool | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Chart.title, title)
        self.set_reactive(Chart.x_label, x_label)
        self.set_reactive(Chart.log_y, log_y)
        self.ascii = ascii
        self._view = View(self)
        self._drawn_at = 0.0
        self._waiting = False
        self._called = False
        self._later = False

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_step(self, direction: int) -> None:
        """Move the cursor by a cell, or to the next point where points are further apart."""
        low, high = self.window()
        cell = (high - low) / max(1, self._view.columns)
        curves = [curve for curve in self.shown() if curve.xs]
        if not curves:
            return
        if self.cursor is None:  # from the left edge to the first point that is shown, from the right one to the last
            edge = math.nextafter(low, -math.inf) if direction > 0 else math.nextafter(high, math.inf)
            inside = [x for curve in curves if (x := curve.next_x(edge, direction)) is not None and low <= x <= high]
            if inside:
                self._move(min(inside) if direction > 0 else max(inside))
            return
        steps = [x for curve in curves if (x := curve.next_x(self.cursor, direction)) is not None]
        if not steps:
            return
        nearest = min(steps) if direction > 0 else max(steps)
        target = self.cursor + direction * cell
        if (nearest - target) * direction < 0:
            nearest = self._snapped(target)
        self._move(nearest)

    def _snapped(self, x: float) -> float:
        """The x of the point that is nearest to x."""
        return min((curve.nearest_x(x) for curve in self.shown() if curve.xs), key=lambda at: abs(at - x), default=x)

    def _move(self, x: float | None) -> None:
        self.cursor = x
        low, high = self.window()
        if x is not None and self.zoomed is not None and not low <= x <= high:
            self._show_window(x - (high - low) / 2, high - low)
        self.post_message(self.CursorMoved(self, x))

    def action_zoom(self, factor: float) -> None:
        """Show `factor` times as much of the x axis, about the cursor or the middle."""
        (low, high), (first, last) = self.window(), self.whole()
        size = (high - low) * factor
        if size >= last - first:
            self.zoomed = None
            self._soon(now=True)
        elif size > 1e-6 * max(abs(first), abs(last)):
            about = self.cursor if self.cursor is not None and low <= self.cursor <= high else (low + high) / 2
            self._show_window(about - (about - low) * factor, size)

    def action_pan(self, direction: int) -> None:
        """Move a zoomed view by a quarter of its width."""
        low, high = self.window()
        if self.zoomed is not None:
            self._show_window(low + direction * (high - low) / 4, high - low)

    def _show_window(self, low: float, size: float) -> None:
        first, last = self.whole()
        low = min(max(low, first), max(first, last - size))
        self.zoomed = (low, low + size)
        self._soon(now=True)

    def action_reset(self) -> None:
        """Show the whole chart without a cursor."""
        self.zoomed = None
        self._view.forget()
        if self.cursor is not None:
            self._move(None)
        self._soon(now=True)

    def on_click(self, event: Click) -> None:
        x = self._view.x_at(event.screen_x - self.content_region.x)
        if x is not None:
            self._move(self._snapped(x))

    # -- drawing ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        view = self._view
        yield view.heading
        with Horizontal():
            yield view.gutter
            yield view.names
            yield view.values
        yield view.axis
        yield view.below

    def on_mount(self) -> None:
        if self.ascii is None:
            self.ascii = letters_of(os.environ) is not None

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._view.restyled = True
        self._soon(now=True)

    def on_resize(self, event: Resize) -> None:
        self.redraw()

    def on_focus(self, event: Focus) -> None:
        self._soon(now=True)

    def on_blur(self, event: Blur) -> None:
        self._soon(now=True)

    def watch_cursor(self) -> None:
        self._soon(now=True)

    def watch_log_y(self) -> None:
        self._view.forget()
        self._soon(now=True)

    def watch_smoothing(self) -> None:
        self._soon(now=True)

    def watch_title(self) -> None:
        self._soon()

    watch_x_label = watch_x_range = watch_y_limits = watch_x_ticks = watch_title
    watch_solo = watch_pinned = watch_smoothing

    def validate_smoothing(self, weight: float) -> float:
        return min(max(weight, 0.0), 0.99)

    def _soon(self, *, now: bool = False) -> None:
        if not self.is_attached:
            return
        wait = 0.0 if now else self._drawn_at + PERIOD - time.monotonic()
        if wait <= 0:
            if not self._called:
                self._called = self.call_after_refresh(self.draw_if_asked)
        elif not self._waiting:
            self.set_timer(wait, self.draw_if_asked)
        self._waiting = True

    def draw_in(self, seconds: float) -> None:
        """Draw once more after some time, whatever comes until then."""
        if not self._later:
            self._later = True
            self.set_timer(seconds, self._draw_late)

    def _draw_late(self) -> None:
        self._later = False
        self._soon()

    def draw_if_asked(self) -> None:
        """Draw now what would be drawn soon."""
        self._called = False
        if self._waiting:
            self.redraw()

    def redraw(self) -> None:
        """Draw what changed, now."""
        self._waiting = False
        self._drawn_at = time.monotonic()
        if self.is_attached and self.size.width > 0 and self.size.height > 0:
            self._view.draw()

"""What a chart is told: its series, marks and axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSet, Sequence

from textual.reactive import reactive
from textual.widget import Widget

from hlr_tui.axis import Tick
from hlr_tui.extents import Extent
from hlr_tui.widgets.chart.curve import Curve, Look

ROOM_AHEAD = 0.25
"""Share by which the x axis outgrows the newest point where no horizon is known."""


class Hidden(MutableSet[str]):
    """The keys of the curves that are not drawn; a change draws the chart anew."""

    def __init__(self, keys: Iterable[str] = (), changed: Callable[[], object] = bool) -> None:
        self._keys = set(keys)
        self._changed = changed

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, value: str) -> None:
        if value not in self._keys:
            self._keys.add(value)
            self._changed()

    def discard(self, value: str) -> None:
        if value in self._keys:
            self._keys.discard(value)
            self._changed()


class SeriesWidget(Widget):
    """A widget that holds series; how they are drawn is not its business.

    Attributes:
        title: stands above the chart.
        x_label: names the x axis.
        cursor: x of the cursor; None where there is none. It is at a point of a curve when the user moves it.
        log_y: the value axis is logarithmic; values that are not positive are gaps.
        smoothing: weight of the past in the running mean, 0 … 0.99; the values themselves are drawn dim below it.
        x_ticks: position and label of the marks on the x axis; round numbers by default.
        x_range: the known horizon; None follows the points.
        x_text: how a place on the x axis reads, for the cursor; a number by default.
        y_limits: ends of the value axis; None follows the values.
        solo: key of the one series that is drawn, if there is one of that key.
        pinned: key of the series that is drawn over all others and leads the legend.
    """

    cursor: reactive[float | None] = reactive(None, repaint=False)
    log_y: reactive[bool] = reactive(False, repaint=False)
    smoothing: reactive[float] = reactive(0.0, repaint=False)
    title: reactive[str] = reactive("", repaint=False)
    x_label: reactive[str] = reactive("epoch", repaint=False)
    x_range: reactive[Extent | None] = reactive(None, repaint=False)
    y_limits: reactive[Extent | None] = reactive(None, repaint=False)
    x_ticks: reactive[Sequence[Tick] | None] = reactive(None, repaint=False)
    solo: reactive[str | None] = reactive(None, repaint=False)
    pinned: reactive[str | None] = reactive(None, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.curves: dict[str, Curve] = {}
        self.marks: dict[float, str] = {}
        self.warned: set[float] = set()
        self.x_text: Callable[[float], str] | None = None
        self.zoomed: Extent | None = None
        self._hidden = Hidden(changed=self._soon)
        self._auto: Extent | None = None

    def _soon(self, *, now: bool = False) -> None:
        """Draw as soon as it is due; what comes before then is drawn with it."""
        raise NotImplementedError

    def put(
        self,
        key: str,
        *,
        label: str,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: int = 0,
        marker: str = "A",
        style: Look = "line",
        low: Sequence[float] | None = None,
        high: Sequence[float] | None = None,
    ) -> None:
        """Add a series, or replace the one of that key; one that merely grew costs what it grew.

        Args:
            xs: ascending.
            ys: as many; NaN is a gap, marked with a cross where a value came before it.
            colour: place in `hlr_tui.plot.COLOURS`, counted on from its start.
            label: names it in the legend; "" keeps it out of there.
            marker: a letter that stands on the curve and in the legend; "" for none.
            low, high: edges of a band around it.
        """
        if not len(xs) == len(ys) == len(low if low is not None else xs) == len(high if high is not None else xs):
            raise ValueError(f"series {key!r}: {len(xs)} xs, {len(ys)} ys; band and values must be as long as xs")
        old = self.curves.get(key)
        new = Curve(
            label, colour, marker, style, list(xs), list(ys), list(low if low is not None else ()),
            list(high if high is not None else ()),
        )  # fmt: skip
        if old is not None and old.grew_to(new):
            old.take(new)
        else:
            self.curves[key] = new
            self._auto = None
        self._soon()

    def extend(self, key: str, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Append points to a series without a band; their x must not lie before its last one.

        Raises:
            KeyError: no series of that key.
        """
        curve = self.curves[key]
        curve.xs += map(float, xs)
        curve.ys += map(float, ys)
        self._soon()

    def drop(self, key: str) -> None:
        """Remove a series, if there is one of that key."""
        if self.curves.pop(key, None) is not None:
            self._auto = None
            self._soon()

    def clear(self) -> None:
        """Remove all series and marks; the view is whole again."""
        self.curves.clear()
        self.marks.clear()
        self.warned.clear()
        self._auto = self.zoomed = None
        self._soon()

    def mark(self, x: float, text: str = "", *, warn: bool = False) -> None:
        """Draw a vertical line with a text at its head; in the colour of a warning where it is one."""
        if self.marks.get(x) != text or (x in self.warned) != warn:
            self.marks[x] = text
            (self.warned.add if warn else self.warned.discard)(x)
            self._soon()

    def unmark(self, x: float) -> None:
        """Take a vertical line away, if there is one at x."""
        self.warned.discard(x)
        if self.marks.pop(x, None) is not None:
            self._soon()

    @property
    def hidden(self) -> MutableSet[str]:
        """The keys of the series that are not drawn."""
        return self._hidden

    @hidden.setter
    def hidden(self, keys: MutableSet[str] | set[str]) -> None:
        wanted = set(keys)
        for key in self._hidden ^ wanted:
            (self._hidden.add if key in wanted else self._hidden.discard)(key)

    def shown(self) -> list[Curve]:
        """The series that are drawn, the topmost last."""
        if self.solo in self.curves:
            return [self.curves[self.solo]]
        keys = [key for key in self.curves if key not in self._hidden]
        return [self.curves[key] for key in sorted(keys, key=lambda key: key == self.pinned)]

    def values_at(self, x: float) -> dict[str, float]:
        """The value of each series at its point nearest to x, smoothed if the chart is; series that do not reach x are
        left out, and a gap is NaN."""
        found = {key: curve.at(x, self.smoothing) for key, curve in self.curves.items()}
        return {key: value for key, value in found.items() if value is not None}

    def whole(self) -> Extent:
        """The x axis without zoom: the known horizon, or what the series cover."""
        if self.x_range is not None:
            return self.x_range
        ends = [end for curve in self.curves.values() if curve.xs for end in (curve.xs[0], curve.xs[-1])]
        if not ends:
            return 0.0, 1.0
        low, high = float(min(ends)), float(max(ends))
        if self._auto is None or self._auto[0] != low:
            self._auto = (low, high)
        elif high > self._auto[1]:
            self._auto = (low, high + ROOM_AHEAD * (high - low))
        return self._auto

    def window(self) -> Extent:
        """The part of the x axis that is drawn."""
        return self.zoomed or self.whole()

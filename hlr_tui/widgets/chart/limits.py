"""The ends of the value axis while values still come in."""

from __future__ import annotations

from hlr_tui.axis import fitted
from hlr_tui.extents import Extent

HEADROOM = 0.1
"""Room added at an end that a value has passed, as a share of the axis: or the next value would move it again."""

TOO_LARGE = 3.0
"""The axis shrinks when it is this many times as long as it had to be."""


def sticky(now: Extent | None, span: Extent | None, *, log: bool) -> Extent:
    """The axis after values came in: as it was if they fit, longer at once if they do not, and shorter only when it
    is much too long, so that a curve in training does not redraw the whole chart at every point."""
    wanted = fitted(span, log=log)
    if now is None or span is None or now[1] - now[0] > TOO_LARGE * (wanted[1] - wanted[0]):
        return wanted
    low, high = min(now[0], wanted[0]), max(now[1], wanted[1])
    if (low, high) == now:
        return now
    room = HEADROOM * (high - low)
    if low < now[0] and low != 0.0:
        low = low - room if log or low < 0 else max(0.0, low - room)
    return low, high + room if high > now[1] else high

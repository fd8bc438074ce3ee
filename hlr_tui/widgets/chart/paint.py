"""The colours of a chart under the theme in force."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from hlr_tui.plot import COLOURS

PARTS = ("text", "muted", "focus", "cursor", "cross", "warning")
"""Component classes of the chart, behind ``chart--``."""

CONTRAST = 3.0
"""Least ratio of a curve's luminance to the background's (WCAG 2.2, success criterion 1.4.11)."""

DIM, FAINT = 0.45, 0.4
"""How much of its colour a raw curve and a band keep."""


class Paint:
    """Styles of a chart's cells under one theme.

    Attributes:
        base: the theme's part in them.
    """

    def __init__(self, chart: Widget) -> None:
        base = {part: chart.get_component_rich_style(f"chart--{part}") for part in PARTS}
        self.text, self.muted, self.focus, self.cursor = base["text"], base["muted"], base["focus"], base["cursor"]
        self.title = self.text + Style(bold=True)
        self._cross, self._warning = base["cross"], base["warning"]
        self._ground = chart.background_colors[1]
        self.base = (self._ground, *base.values())
        self._known: dict[tuple[str, int, bool], Style] = {}

    def style(self, part: str, colour: int, under: bool) -> Style:
        """The style of a part of a curve, see `hlr_tui.widgets.chart.raster.Cell`."""
        key = (part, colour, under)
        if key not in self._known:
            self._known[key] = self._made(*key)
        return self._known[key]

    def _made(self, part: str, colour: int, under: bool) -> Style:
        if part in ("", "mark"):
            style = self.muted
        elif part == "cursor":
            return self.cursor
        elif part == "cross":
            style = self._cross
        elif part == "warning":
            style = self._warning
        else:
            share = {"dim": DIM, "band": FAINT}.get(part, 1.0)
            style = self.text + Style(bold=part == "letter") + self._colour(colour, share)
        return style + Style(bgcolor=self.cursor.bgcolor) if under else style

    def _colour(self, number: int, share: float) -> Style:
        return colour_on(self._ground, number, share)


def colour_on(ground: Color, number: int, share: float = 1.0) -> Style:
    """A curve's colour on a background, away from it as far as `CONTRAST` asks for; `share`: how much of it is kept."""
    hue = Color.parse(COLOURS[number % len(COLOURS)])
    if ground.ansi is not None or ground.a < 1:  # the terminal's own background: unknown
        return Style(color=hue.rich_color, dim=share < 1)
    away = Color(255, 255, 255) if _luminance(ground) < 0.2 else Color(0, 0, 0)
    for _ in range(10):
        if _contrast(hue, ground) >= CONTRAST:
            break
        hue = hue.blend(away, 0.12)
    return Style(color=ground.blend(hue, share).rich_color)


def _luminance(colour: Color) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: Color, other: Color) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)

"""Our own colours: the palette of the curves on a calm ground, dark and light."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="hlr-dark",
    primary="#4C9FD8",
    secondary="#C58AB4",
    accent="#E6A23C",
    warning="#E8B84A",
    error="#EF6F6C",
    success="#4DB68A",
    foreground="#D8DEE9",
    background="#10151C",
    surface="#151B24",
    panel="#1D2530",
    boost="#232D3A",
    dark=True,
    variables={
        # A row under the cursor keeps the colours of what stands in it, so its ground is dark.
        "block-cursor-background": "#24476B",
        "block-cursor-foreground": "#FFFFFF",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#1F2D3D",
        "footer-key-foreground": "#E6A23C",
        "scrollbar": "#2A3746",
        "scrollbar-background": "#151B24",
        "scrollbar-hover": "#3A4C60",
        "scrollbar-active": "#4C9FD8",
        "border-blurred": "#2A3746",
    },
)
LIGHT = Theme(
    name="hlr-light",
    primary="#1B6FA8",
    secondary="#8D4F7D",
    accent="#9A5B00",
    warning="#8A6100",
    error="#B3302D",
    success="#1F7A54",
    foreground="#1E2630",
    background="#F7F8FA",
    surface="#FFFFFF",
    panel="#E8ECF1",
    boost="#DDE3EA",
    dark=False,
    variables={
        "block-cursor-background": "#C9DFF2",
        "block-cursor-foreground": "#0B1520",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#E1E9F1",
        "footer-key-foreground": "#9A5B00",
        "scrollbar": "#C2CBD6",
        "scrollbar-background": "#EEF1F5",
        "border-blurred": "#C2CBD6",
    },
)
OURS = (DARK, LIGHT)


def theme_names() -> list[str]:
    """Ours first, then Textual's; those with "ansi" in their name take the terminal's own colours."""
    return [theme.name for theme in OURS] + sorted(BUILTIN_THEMES)

"""Styles as terminals know them: the parameters of "select graphic rendition" (ECMA-48, 8.3.117)."""

from __future__ import annotations

from functools import lru_cache

_EXTENDED = {"2": 4, "5": 2}
"""Parameters that follow 38 or 48: the kind of colour, and its numbers."""

_SEEN_ON_BLANKS = {"4", "5", "6", "7", "9", "21", "53"}
"""Attributes that show where there is no letter: lines, blinking, reverse."""


@lru_cache(maxsize=4096)
def parts(style: str) -> tuple[str, str, frozenset[str]]:
    """Colour of the letters, colour of the ground, and the other attributes of a style such as ``1;38;2;0;0;0``."""
    words = style.split(";") if style else []
    letters = ground = ""
    rest: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        size = 1 + _EXTENDED.get(words[at + 1], 0) if word in ("38", "48") and at + 1 < len(words) else 1
        whole = ";".join(words[at : at + size])
        if word == "38" or (len(word) == 2 and word[0] == "3") or (len(word) == 2 and word[0] == "9"):
            letters = whole
        elif word == "48" or (len(word) == 2 and word[0] == "4") or (len(word) == 3 and word[:2] == "10"):
            ground = whole
        else:
            rest.append(word)
        at += size
    return letters, ground, frozenset(rest)


@lru_cache(maxsize=4096)
def on_blank(style: str) -> str:
    """What of a style is seen on a blank."""
    _, ground, rest = parts(style)
    return style if rest & _SEEN_ON_BLANKS else ground


@lru_cache(maxsize=16384)
def change(before: str, after: str) -> str:
    """The shortest sequence that leads from one style to another; "" is the terminal's own."""
    if before == after:
        return ""
    old, new = parts(before), parts(after)
    if not after:
        return "\x1b[0m"
    gone = old[2] - new[2] or (old[0] and not new[0]) or (old[1] and not new[1])
    if gone:
        return f"\x1b[0;{after}m" if before else f"\x1b[{after}m"
    added = [*sorted(new[2] - old[2]), *(now for then, now in zip(old[:2], new[:2], strict=True) if now != then)]
    return f"\x1b[{';'.join(added)}m" if added else ""

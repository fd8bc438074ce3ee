"""Letters that every terminal has, in place of those that one cannot show."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping

from rich.cells import cell_len

FEW_LETTERS = ("linux", "vt100", "vt220")
"""Terminals whose fonts hold the letters of one alphabet and hardly any sign."""

_SIGNS = dict(
    zip(
        "…·•±≈∫η●○◐■✓✗↯⊘✂★△▲▼▶◀▸▾←→↑↓↔⏎⏷°┊▔▁▏▎▕▐▊▌",
        "~-*+~Sn*o%#vx!-%@'^v><>v<>^v-<vo:  ||||||",
        strict=True,
    )
) | {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\xd7": "x", "\u2800": " "}  # minus, dashes, times, empty braille


class Letters(dict[int, str]):
    """What to send for a letter, for `str.translate`: itself where the terminal can show it, or letters that look or
    read like it and fill as many cells.

    Args:
        charset: the terminal's, as Python names it.
    """

    def __init__(self, charset: str) -> None:
        super().__init__()
        self._charset = charset

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        try:
            letter.encode(self._charset)
        except UnicodeEncodeError:
            letter = _like(letter)
        self[code] = letter
        return letter


def letters_of(environ: Mapping[str, str]) -> Letters | None:
    """What to send to the terminal on stderr, where Textual draws; None where it can show every letter.

    Args:
        environ: for ``TERM``, and for ``TEXTUAL_DRIVER``, with which a browser is in the terminal's place.
    """
    charset = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    if "TEXTUAL_DRIVER" in environ:
        return None
    if not charset.lower().startswith("utf"):
        return Letters(charset)
    return Letters("latin-1") if environ.get("TERM") in FEW_LETTERS else None


def _like(letter: str) -> str:
    """ASCII for a letter, in as many cells."""
    if letter in _SIGNS:
        return _SIGNS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("BOX DRAWINGS"):
        return _stroke(name)
    if name.startswith("BRAILLE"):
        return "*"
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if part.isascii())
    width = cell_len(letter)
    if len(plain) == width:
        return plain
    return ("#" if "BLOCK" in name else "?") * width


def _stroke(name: str) -> str:
    words = set(name.split())
    across, down = words & {"HORIZONTAL", "LEFT", "RIGHT"}, words & {"VERTICAL", "UP", "DOWN"}
    if across and down:
        return "+"
    return "|" if down else "=" if "HEAVY" in words or "DOUBLE" in words else "-"

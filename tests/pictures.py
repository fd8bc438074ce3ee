"""What a screen looks like, as text that can be read and compared: its letters, and below them how they are painted."""

from __future__ import annotations

import html
import itertools
import re
import string
from dataclasses import dataclass
from typing import Any

CELL_WIDTH, LINE_HEIGHT = 12.2, 24.4
"""Size of a cell in the SVG of Textual's screenshots."""

_RULE = re.compile(r"\.([\w-]+-r\d+) \{ ([^}]*) \}")
_TEXT = re.compile(
    r'<text class="([^"]*-r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>(.*?)</text>', re.S
)
_RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"')
LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Picture:
    """The letters of a screen, and a letter for the style of each of its cells."""

    text: str
    styles: str

    def __str__(self) -> str:
        return f"{self.text}\n\n{self.styles}\n"


def picture(app: Any) -> Picture:
    """The screen as it is now."""
    columns, rows = app.size
    svg = app.export_screenshot()
    rules = {name: _style(rule) for name, rule in _RULE.findall(svg)}
    letters = [[" "] * columns for _ in range(rows)]
    fronts = [[""] * columns for _ in range(rows)]
    grounds = [[""] * columns for _ in range(rows)]
    for fill, x, y, width, height in _RECT.findall(svg):
        row = int(float(y) / LINE_HEIGHT)
        if float(height) < 2 * LINE_HEIGHT and row < rows:
            first = round(float(x) / CELL_WIDTH)
            for column in range(first, min(columns, first + round(float(width) / CELL_WIDTH))):
                grounds[row][column] = fill
    for name, x, y, width, body in _TEXT.findall(svg):
        row, first = int(float(y) / LINE_HEIGHT), round(float(x) / CELL_WIDTH)
        if row >= rows:
            continue
        text = html.unescape(body).replace("\xa0", " ")
        cells = round(float(width) / CELL_WIDTH)
        for column, letter in itertools.islice(zip(range(first, columns), text, strict=False), cells):
            letters[row][column], fronts[row][column] = letter, rules[name]
    return Picture("\n".join("".join(line).rstrip() for line in letters), _painted(letters, fronts, grounds))


def _style(rule: str) -> str:
    parts = dict(part.strip().split(": ", 1) for part in rule.split(";") if ": " in part)
    words = [parts.get("fill", "")]
    words += [word for key, word in (("font-weight", "bold"), ("font-style", "italic")) if parts.get(key) == word]
    return " ".join(words)


def _painted(letters: list[list[str]], fronts: list[list[str]], grounds: list[list[str]]) -> str:
    """A letter for each pair of styles, in the order of their appearance, and what each letter stands for."""
    names: dict[str, str] = {}
    lines = []
    for row, line in enumerate(letters):
        keys: list[str] = []
        for column, letter in enumerate(line):
            if keys and not letter.strip() and grounds[row][column] == grounds[row][column - 1]:
                keys.append(keys[-1])  # of a blank only the ground is seen
                continue
            style = f"{fronts[row][column] if letter.strip() else ''} on {grounds[row][column]}".strip()
            keys.append(names.setdefault(style, LETTERS[len(names) % len(LETTERS)]))
        runs = [(key, len(list(group))) for key, group in itertools.groupby(keys)]
        lines.append(" ".join(f"{key}{number}" for key, number in runs))
    return "\n".join([*lines, "", *(f"{letter} {style}" for style, letter in names.items())])

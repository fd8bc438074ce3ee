"""A screen that remembers what the terminal shows, so that only what differs has to be sent."""

from __future__ import annotations

import re

from rich.cells import cell_len

from hlr_tui.wire.sgr import change, on_blank

_PIECE = re.compile(
    r"\x1b\[([\d;]+)m([^\x00-\x1f\x7f-\x9f]*)\x1b\[0m"  # a styled text
    r"|([^\x00-\x1f\x7f-\x9f]+)"  # a plain one
    r"|\x1b\[(\d+);(\d+)H"  # go to line and column
    r"|\n"  # what Textual ends a line with; it goes to the next one itself
)
_ASIDE = re.compile(r"\x1b\][^\x07\x1b]*\x07")
"""An operating system command, as the one for the shape of the mouse pointer: nothing is drawn."""

BRIDGE = 4
"""Cells that are sent again rather than leapt over: a leap takes so many bytes."""


UNKNOWN = "\0"
"""In place of the letter of a cell that may show anything."""


class Screen:
    """The cells of a terminal as far as they are known.

    It understands what Textual draws with: styled texts, each with its own reset, at places that it names. Anything
    else passes as it is, and then nothing is known any more.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self._letters: list[list[str]] = []
        self._styles: list[list[str]] = []
        self._cursor: tuple[int, int] | None = None
        self.forget()

    def forget(self) -> None:
        """The terminal may show anything: the next frame is sent as a whole."""
        width, height = self.size
        self._letters = [[UNKNOWN] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._cursor = None

    def send(self, frame: str) -> str:
        """What to send for a frame; "" where the terminal shows it already."""
        if _ASIDE.fullmatch(frame):
            return frame
        pen = _Pen()
        read, x, y = 0, 0, 0
        for piece in _PIECE.finditer(frame):
            start, read_to = piece.span()
            if start != read:
                break
            read = read_to
            style, styled, plain, line, column = piece.groups()
            if line is not None:
                x, y = int(column) - 1, int(line) - 1
            elif styled or plain:
                text = styled or plain
                end = self._take(pen, x, y, text, style or "")
                if end is None:
                    break
                x = end
        else:
            if read == len(frame):
                return self._close(pen, x, y)
        self.forget()
        return frame

    def _close(self, pen: _Pen, x: int, y: int) -> str:
        """The frame, and the cursor where it belongs: input methods and screen readers look there."""
        if pen.sent or self._cursor != (x, y):
            pen.put("", "")
            pen.go(x, y)
        self._cursor = x, y
        return "".join(pen.sent)

    def _take(self, pen: _Pen, x: int, y: int, text: str, style: str) -> int | None:
        """Draw the cells of a text that differ; the column behind it, None where it does not fit."""
        cells: list[str] = list(text)
        if not text.isascii() and cell_len(text) != len(text):
            wide = _cells(text)
            if wide is None:
                return None
            cells = wide
        end = x + len(cells)
        if not (0 <= y < self.size[1] and end <= self.size[0]):
            return None
        letters, styles = self._letters[y], self._styles[y]
        blank = on_blank(style)
        looks = [style] * len(cells) if blank == style else [blank if cell == " " else style for cell in cells]
        if letters[x:end] == cells and styles[x:end] == looks:
            return end
        known, dressed = letters[x:end], styles[x:end]
        letters[x:end], styles[x:end] = cells, looks
        first = last = -1
        for place, cell in enumerate(cells):
            if cell == known[place] and looks[place] == dressed[place]:
                continue
            if first >= 0 and place - last > BRIDGE:
                self._draw(pen, x, y, cells, first, last, style)
                first = place
            elif first < 0:
                first = place
            last = place
        self._draw(pen, x, y, cells, first, last, style)
        return end

    def _draw(self, pen: _Pen, x: int, y: int, cells: list[str], first: int, last: int, style: str) -> None:
        while first > 0 and not cells[first]:  # the right half of a wide letter cannot be sent alone
            first -= 1
        while last + 1 < len(cells) and not cells[last + 1]:
            last += 1
        pen.go(x + first, y)
        pen.put("".join(cells[first : last + 1]), style)
        pen.x = x + last + 1


class _Pen:
    """Writes at a place in a style, with as few bytes as that takes."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.x = self.y = -1
        self._style = ""

    def go(self, x: int, y: int) -> None:
        if (x, y) == (self.x, self.y):
            return
        # Along a line by number, not by distance: terminals disagree about the width of some letters.
        self.sent.append(f"\x1b[{x + 1}G" if y == self.y else f"\x1b[{y + 1};{x + 1}H")
        self.x, self.y = x, y

    def put(self, text: str, style: str) -> None:
        self.sent.append(change(self._style, style) + text)
        self._style = style


def _cells(text: str) -> list[str] | None:
    """The letters of a text by cell, "" for the right half of a wide one; None where a letter has no cell of its own,
    as an accent that is joined to the one before it."""
    cells: list[str] = []
    for letter in text:
        width = cell_len(letter)
        if width < 1:
            return None
        cells += [letter, ""] if width == 2 else [letter]
    return cells

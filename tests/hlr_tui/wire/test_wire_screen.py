"""What is sent to the terminal leads to the same picture as everything would have, in fewer bytes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyte
import pytest

from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.settings import Settings
from hlr_tui.wire.driver import FrugalDriver
from hlr_tui.wire.screen import Screen

WIDTH, HEIGHT = 30, 6
LETTERS = "ab─━⣿ éß漢字あ "
STYLES = ("", "1", "38;2;1;2;3", "1;38;2;1;2;3;48;2;9;9;9", "7;48;2;9;9;9", "4;31;42", "38;5;200", "3;91;102")


class Terminal:
    """A terminal of somebody else's making."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\x1b[?7l")
        self.received = 0

    def feed(self, data: str) -> None:
        self.received += len(data.encode())
        self.stream.feed(data)

    def picture(self) -> list[Any]:
        """Every cell as it is seen: on a blank only the ground and lines are."""
        cells = []
        for y in range(HEIGHT):
            for x in range(WIDTH):
                cell = self.screen.buffer[y][x]
                seen = cell.data not in (" ", "") or cell.reverse or cell.underscore
                dress = (cell.fg, cell.bold, cell.italics) if seen else ()
                cells.append((cell.data, cell.bg, cell.reverse, cell.underscore, dress))
        return [cells, (self.screen.cursor.y, self.screen.cursor.x)]


def frame(dice: random.Random) -> str:
    """Some lines of some widgets, as Textual sends them."""
    drawn = ""
    for _ in range(dice.randint(1, 6)):
        x, y = dice.randrange(WIDTH - 8), dice.randrange(HEIGHT)
        drawn += f"\x1b[{y + 1};{x + 1}H"
        room = WIDTH - x
        while room > 2 and dice.random() < 0.8:
            text = "".join(dice.choice(LETTERS) for _ in range(dice.randint(0, min(9, room // 2))))
            style = dice.choice(STYLES)
            drawn += f"\x1b[{style}m{text}\x1b[0m" if style else text
            room -= sum(2 if letter in "漢字あ" else 1 for letter in text)
        drawn += "\n" * (y < HEIGHT - 1)
    return drawn + f"\x1b[{dice.randint(1, HEIGHT)};{dice.randint(1, WIDTH)}H"


@pytest.mark.parametrize("seed", range(40))
def test_the_terminal_shows_the_same_as_if_everything_had_been_sent(seed: int) -> None:
    dice = random.Random(seed)
    whole, frugal, screen = Terminal(), Terminal(), Screen(WIDTH, HEIGHT)
    for _ in range(30):
        drawn = frame(dice)
        whole.feed(drawn)
        frugal.feed(screen.send(drawn))
        assert frugal.picture() == whole.picture()
    assert frugal.received < whole.received


def test_a_wide_letter_of_which_one_half_was_lost_is_drawn_again() -> None:
    whole, frugal, screen = Terminal(), Terminal(), Screen(WIDTH, HEIGHT)
    for text in ("漢字", "\x1b[1;2Hab", "漢字", "a字", "漢字"):
        drawn = f"\x1b[1;1H{text}\x1b[1;1H"
        whole.feed(drawn)
        frugal.feed(screen.send(drawn))
        assert frugal.picture() == whole.picture()


def test_what_the_terminal_shows_already_is_not_sent() -> None:
    screen = Screen(WIDTH, HEIGHT)
    drawn = "\x1b[1;1H\x1b[1;48;2;9;9;9mto go \x1b[0m\x1b[38;2;1;2;3m6:11\x1b[0m\n\x1b[2;1Hplain\x1b[1;3H"
    assert screen.send(drawn)
    assert screen.send(drawn) == ""
    assert screen.send(drawn.replace("6:11", "6:12")) == "\x1b[1;10H\x1b[38;2;1;2;3m2\x1b[0m\x1b[3G"
    # The colour of letters is not seen on blanks, an underline is.
    blank = "\x1b[3;1H\x1b[{}m   \x1b[0m\x1b[1;3H"
    assert screen.send(blank.format("38;2;1;2;3;48;2;9;9;9"))
    assert screen.send(blank.format("1;38;2;7;7;7;48;2;9;9;9")) == ""
    assert screen.send(blank.format("4;48;2;9;9;9"))


@pytest.mark.parametrize(
    "strange", ["\x1b[?1049h", "\x1b[2J", "e\u0301", "\x1b]8;;http://x\x1b\\x\x1b]8;;\x1b\\", "\x1b[1mx"]
)
def test_what_it_does_not_understand_passes_and_makes_it_forget(strange: str) -> None:
    screen = Screen(WIDTH, HEIGHT)
    drawn = "\x1b[1;1Hplain\x1b[1;1H"
    screen.send(drawn)
    assert screen.send(f"\x1b[2;1H{strange}") == f"\x1b[2;1H{strange}"
    assert "plain" in screen.send(drawn)
    assert screen.send("\x1b]22;default\x07") == "\x1b]22;default\x07"  # the pointer: nothing of the picture
    assert screen.send(drawn) == ""


def test_a_text_that_would_pass_the_edge_is_left_to_the_terminal() -> None:
    screen = Screen(WIDTH, HEIGHT)
    drawn = f"\x1b[1;{WIDTH - 2}Hbeyond"
    assert screen.send(drawn) == drawn
    assert screen.send(drawn) == drawn


def test_the_program_draws_through_it(tmp_path: Path) -> None:
    places = Settings(workspace=tmp_path, storage=f"sqlite:///{tmp_path}/hlr.db", data_dir=tmp_path, plugins=())
    assert HlrApp(Desk(places)).driver_class is FrugalDriver

"""The installed program on a terminal that is not UTF-8."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from campaign import Campaign, until
from terminal import terminal

sys.path.append(str(Path(__file__).parent.parent / "docs"))
from screens import make_workspace


def test_a_terminal_that_is_not_utf8_is_sent_only_what_it_can_show(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign()
    make_workspace(made.workspace)
    with terminal(made, PYTHONIOENCODING="ascii") as ui:
        ui.wait("osc-lstm +[*] running +[=]+-")
        ui.press(b"\xe9\xe4")  # as its keyboard types
        until(lambda: ui.press("2") or re.search("Launch", ui.text), "the form", seconds=30)
        assert not re.search(r"\\[xuU][0-9a-f]{2}", ui.seen)

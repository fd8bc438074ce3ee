"""The line of stages in the room there is."""

from __future__ import annotations

import pytest

from core.analysis.progress import StageProgress
from hlr_tui.widgets.stage_strip import strip_text

SEARCH = StageProgress("search", 26, 26, 1300, 1300)
COMPARE = StageProgress("compare", 140, 35, 17500, 4375)


@pytest.mark.parametrize("width", [200, 78, 60, 40])
def test_stages_fit_their_line(width: int) -> None:
    line = strip_text([SEARCH, COMPARE], width, active=True).plain
    assert len(line) <= width
    assert line.startswith("✓ search")
    assert "● compare" in line
    assert line.index("100 %") < line.index("25 %")


def test_the_bar_shows_the_share_of_epochs() -> None:
    line = strip_text([COMPARE], 200, active=False).plain
    assert line.count("━") / (line.count("━") + line.count("─")) == pytest.approx(0.25, abs=0.04)
    assert line.startswith("○ compare")  # nobody trains
    assert line.endswith("25 % · 35/140 runs")

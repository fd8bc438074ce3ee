"""The stages of an experiment on one line, each with its bar: what is done, what trains, what is to come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from core.analysis.progress import StageProgress

ARROW = " → "
MOST_BAR, LEAST_BAR = 30, 4


class StageStrip(Widget):
    """A line such as ``✓ search ━━━━ 100 % 26/26 → ● compare ━━╸─── 42 % 60/140``; the bars take the room there is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"stage-strip--done", "stage-strip--bar", "stage-strip--rest"}
    DEFAULT_CSS = """
    StageStrip { height: 1; padding: 0 1; }
    StageStrip .stage-strip--done { color: $text-success; }
    StageStrip .stage-strip--bar { color: $primary; }
    StageStrip .stage-strip--rest { color: $foreground-muted; }
    """

    stages: reactive[tuple[StageProgress, ...]] = reactive(())
    active: reactive[bool] = reactive(False)
    """Somebody trains, or is about to."""

    def render(self) -> Text:
        return strip_text(
            self.stages,
            self.content_size.width,
            active=self.active,
            done_style=self.get_component_rich_style("stage-strip--done", partial=True),
            bar_style=self.get_component_rich_style("stage-strip--bar", partial=True),
            rest_style=self.get_component_rich_style("stage-strip--rest", partial=True),
        )


def strip_text(
    stages: Sequence[StageProgress],
    width: int,
    *,
    active: bool,
    done_style: object = "",
    bar_style: object = "",
    rest_style: object = "",
) -> Text:
    """The line in `width` columns; where they do not suffice the numbers of runs are left out, then the bars."""
    if not stages:
        return Text()
    now = next((stage for stage in stages if not _done(stage)), None)
    heads = [f"{_sign(stage, active and stage is now)} {stage.stage} " for stage in stages]
    for with_runs in (True, False):
        tails = [_tail(stage, with_runs) for stage in stages]
        room = width - sum(map(len, heads)) - sum(map(len, tails)) - len(ARROW) * (len(stages) - 1)
        if room >= LEAST_BAR * len(stages):
            break
    columns = min(MOST_BAR, room // len(stages))
    text = Text(no_wrap=True, overflow="ellipsis", end="")
    for number, (stage, head, tail) in enumerate(zip(stages, heads, tails, strict=True)):
        if number:
            text.append(ARROW, style=str(rest_style))
        text.append(head, style=str(done_style) if _done(stage) else "bold" if stage is now else str(rest_style))
        if columns >= LEAST_BAR:
            full = math.floor(_share(stage) * columns)
            text.append("━" * full, style=str(done_style if _done(stage) else bar_style))
            text.append("─" * (columns - full), style=str(rest_style))
        text.append(tail)
    return text


def _share(stage: StageProgress) -> float:
    return min(1.0, stage.done_epochs / stage.planned_epochs) if stage.planned_epochs else 1.0


def _done(stage: StageProgress) -> bool:
    return stage.ended_runs >= stage.planned_runs


def _sign(stage: StageProgress, active: bool) -> str:
    return "✓" if _done(stage) else "●" if active else "○"


def _tail(stage: StageProgress, with_runs: bool) -> str:
    runs = f" · {stage.ended_runs}/{stage.planned_runs} runs" if with_runs else ""
    return f" {math.floor(100 * _share(stage))} %{runs}"

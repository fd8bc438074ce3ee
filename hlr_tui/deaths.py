"""What to say of workers that have died on their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.analysis.progress import Progress

MOST_NAMED = 3


def deaths_text(progress: Progress) -> str:
    """``a worker died while it trained AdamW + EH seed 2 (epoch 12): its run waits for another one``; "" where every
    run is in somebody's hands."""
    if not progress.bereft:
        return ""
    from core.analysis.results import method_label

    names = [
        f"{method_label(run.optimizer, run.scheduler)} seed {run.seed} (epoch {run.epoch})" for run in progress.bereft
    ]
    if len(names) == 1:
        return f"a worker died while it trained {names[0]}: its run waits for another one"
    left = len(names) - MOST_NAMED
    listed = ", ".join(names[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
    return f"{len(names)} workers died while they trained {listed}: their runs wait for others"

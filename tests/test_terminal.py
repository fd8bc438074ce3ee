"""The installed program in a real terminal, by keyboard alone, from an empty workspace to the results."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from campaign import Campaign, wait_dead
from terminal import ENTER, GLYPHS, fill_in, frozen, terminal

EPOCHS = 200


def test_from_an_empty_workspace_to_results_by_keyboard_alone(make_campaign: Callable[..., Campaign]) -> None:
    """The form is filled in and launched, the UI is killed while a run trains, and another one shows that all went
    on."""
    made = make_campaign(experiment__name="by-hand")
    with terminal(made) as ui:
        ui.wait("Start the quickstart")  # what somebody without experiments is told
        fill_in(ui, "by-hand", EPOCHS)
        run = made.wait_training()
        with frozen(made.worker_pid(run)):
            seen = int(ui.wait(rf"running .*?([3-9]|[1-9]\d+)/{EPOCHS}"))
            assert seen <= made.runs("running")[0].epoch
            ui.wait(GLYPHS)  # the curve
            os.kill(ui.process.pid, signal.SIGKILL)
            wait_dead(ui.process.pid)
            assert len(made.runs("queued", "running")) == 2
    with terminal(made) as ui:
        ui.wait("by-hand")
        ui.press(ENTER)
        ui.wait(f"{EPOCHS}/{EPOCHS}")
        ui.wait("by-hand +complete")
        assert made.attempts() == {run.id: 1 for run in made.runs("complete")}
        points = [(row["scheduler"], int(row["step"])) for row in made.rows() if row["metric"] == "val_loss"]
        assert points == [(code, epoch) for code in ("C", "S") for epoch in range(1, EPOCHS + 1)]
        ui.press("6")
        best, other = sorted(made.json("show", "by-hand")["comparison"], key=lambda row: row["mean"])
        ui.wait(rf"1 .*AdamW \+ {best['scheduler']}\b.*{best['mean']:.3g}")
        ui.wait(rf"2 .*AdamW \+ {other['scheduler']}\b.*{other['mean']:.3g}")
        ui.press("q")
        assert ui.end() == 0
        assert "\x1b[?1049l" in ui.seen  # the shell's own screen is back

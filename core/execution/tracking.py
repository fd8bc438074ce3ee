"""The tracker beside a conductor: started where an experiment is tracked, and started again where it dies."""

from __future__ import annotations

import subprocess

from core.errors import EnvironmentFailure
from core.execution.launch import Place, launch_tracker
from core.process_log import say

STARTS = 4
"""The first start, and one after each of three deaths."""


class Tracking:
    """Keeps the tracker of one experiment alive; nothing that happens to it disturbs the experiment.

    Args:
        wanted: the experiment is tracked.
    """

    def __init__(self, place: Place, experiment: str, *, wanted: bool) -> None:
        self._place = place
        self._experiment = experiment
        self._left = STARTS if wanted else 0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start the tracker unless it lives or has ended by itself."""
        if self._process is not None:
            code = self._process.poll()
            if code is None or code == 0:
                return
        if self._left == 0:
            return
        self._left -= 1
        again = self._process is not None
        if again:
            say("the tracker has died, see wandb.log" + (" and is started again" if self._left else ""))
        try:
            self._process = launch_tracker(self._place, self._experiment, again=again)
        except EnvironmentFailure as error:
            say(str(error))

"""What the form knows of the time that an experiment will take: from earlier runs, and from checks."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from core.analysis.pace import Paces
from core.errors import HlrError
from core.spec.experiment import ExperimentSpec
from hlr_tui.desk import Desk
from hlr_tui.forms.check import Checked
from hlr_tui.forms.outlook import Outlook, outlook, works_of


@dataclass(frozen=True, slots=True)
class View:
    """An experiment before it begins; `checked` is what a check of its methods showed, None where there was none."""

    outlook: Outlook
    checked: Checked | None


class Prospect:
    """Looks at specs; what was read of the database is kept until `forget`.

    Args:
        desk: the engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._gpus: int | None = None
        self._trained: Paces | None = None
        self._checks: list[Checked] = []

    def look(self, spec: ExperimentSpec) -> View:
        """What a spec amounts to; in a thread. A database that cannot be read says nothing of the time."""
        with self._lock:
            gpus, trained = self._count_gpus(), self._read()
            checks = list(reversed(self._checks))
        works = works_of(spec, gpus)
        view = outlook(spec, [trained, *(check.paces() for check in checks)], gpus)
        return View(view, next((check for check in checks if check.covers(spec, works)), None))

    def keep(self, checked: Checked) -> None:
        """Remember what a check showed."""
        with self._lock:
            self._checks.append(checked)

    def forget(self) -> None:
        """Read the database again at the next look."""
        with self._lock:
            self._trained = None

    def _count_gpus(self) -> int:
        from core.execution.devices import count_gpus

        if self._gpus is None:
            self._gpus = count_gpus()
        return self._gpus

    def _read(self) -> Paces:
        from core.analysis.pace import paces

        if self._trained is None:
            try:
                self._trained = paces(self._desk.db())
            except HlrError:  # there is none yet, or it is out of reach: other screens say so
                return {}
        return self._trained

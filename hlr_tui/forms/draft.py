"""What is in the form and in no file yet, kept in the workspace so that it outlives the app."""

from __future__ import annotations

from pathlib import Path

from core.errors import EnvironmentFailure, UsageError
from core.spec.experiment import Document
from hlr_tui.forms.files import open_document, placed, save_document


class Draft:
    """The draft of one workspace.

    Args:
        workspace: its folder; it is made when there is something to keep.
    """

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / ".draft.toml"
        self._kept: Document | None = None

    def read(self) -> Document | None:
        """What was kept, None where there is nothing that can be read."""
        try:
            self._kept = open_document(self._path)
        except UsageError:
            return None
        return self._kept

    def keep(self, document: Document | None) -> None:
        """Keep a document, or nothing where it is None; in a thread.

        Raises:
            EnvironmentFailure: it cannot be written.
        """
        if document == self._kept:
            return
        if document is not None:
            save_document(placed(document), self._path)
        else:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                raise EnvironmentFailure(f"{self._path}: cannot be removed: {error.strerror}") from error
        self._kept = document

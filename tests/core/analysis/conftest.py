from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.engine import Database, open_database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(str(tmp_path / "hlr.db"))
    yield database
    database.close()

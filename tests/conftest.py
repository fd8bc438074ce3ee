"""Campaigns on a folder per test, with one data folder for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from campaign import Campaign, campaign, document

# Read when torch is imported: what the tests train is tiny, and they share the cores with their neighbours.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def nothing_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose code may run is remembered in a folder per test, never at home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HLR_TRUST", raising=False)


@pytest.fixture
def make_campaign(tmp_path: Path, data_dir: Path) -> Iterator[Callable[..., Campaign]]:
    """Makes campaigns of TINY with changes (see `campaign.document`)."""
    with ExitStack() as stack:

        def make(folder: str = "campaign", **changes: Any) -> Campaign:
            return stack.enter_context(campaign(tmp_path / folder, data_dir, document(**changes)))

        yield make

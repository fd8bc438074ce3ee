from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from core.errors import SpecError
from hlr_tui.settings import Settings, add_global_options, resolve_settings


def resolved(*words: str, **environ: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_global_options(parser)
    return resolve_settings(parser.parse_args(words), environ)


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_lie_in_the_current_folder(tmp_path: Path) -> None:
    assert resolved(HLR_WORKSPACE="", HLR_STORAGE="") == Settings(
        workspace=tmp_path / "hlr",
        storage=f"sqlite:///{tmp_path}/hlr/hlr.db",
        data_dir=tmp_path / "data",
        plugins=(),
    )


def test_an_option_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {"HLR_WORKSPACE": "env", "HLR_DATA": "env-data", "HLR_STORAGE": "postgresql://host/env"}
    from_environ = resolved(**environ)
    assert (from_environ.workspace, from_environ.data_dir) == (tmp_path / "env", tmp_path / "env-data")
    assert from_environ.storage == "postgresql://host/env"
    given = resolved("--workspace", "w", "--data-dir", "d", "--storage", "s.db", **environ)
    assert (given.workspace, given.data_dir) == (tmp_path / "w", tmp_path / "d")
    assert given.storage == f"sqlite:///{tmp_path}/s.db"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///x.db", "sqlite:///{here}/x.db"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite+pysqlite:///x.db?timeout=3", "sqlite+pysqlite:///{here}/x.db?timeout=3"),
        ("../x.db", "sqlite:///{up}/x.db"),
        ("postgresql+psycopg://u:p@h/d?a=b", "postgresql+psycopg://u:p@h/d?a=b"),
    ],
)
def test_storage_is_absolute(url: str, expected: str, tmp_path: Path) -> None:
    assert resolved("--storage", url).storage == expected.format(here=tmp_path, up=tmp_path.parent)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", ":memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(SpecError, match="must name a file"):
        resolved("--storage", url)


def test_a_workspace_that_breaks_the_url_is_refused() -> None:
    with pytest.raises(SpecError, match='must not contain "\\?"'):
        resolved("--workspace", "what?")


def test_plugin_folders(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    assert resolved(HLR_PLUGINS=f"a{os.pathsep}b").plugins == (tmp_path / "a", tmp_path / "b")
    assert resolved("--plugins", "c", "--plugins", "b", HLR_PLUGINS="a").plugins == (tmp_path / "c", tmp_path / "b")
    with pytest.raises(SpecError, match='--plugins: folder = "gone": must name an existing folder'):
        resolved("--plugins", "gone")

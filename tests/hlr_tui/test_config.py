from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EnvironmentFailure
from hlr_tui.config import Config, config_path, load_config, save_config


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(tmp_path / "config.toml") == (Config(theme="hlr-dark", refresh=1.0, keys={}), [])


def test_what_is_legal_holds_beside_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "nrd"\nrefresh = 2.5\nrefesh = 1\n[keys]\n"monitor.log" = "L"\nmonitor.follow = 3\n')
    config, said = load_config(path)
    assert config == Config(refresh=2.5, keys={"monitor.log": "L"})
    theme, unknown, keys = sorted(said, key=lambda line: "keys.monitor" in line or "unknown" in line)
    assert theme.startswith(f'{path}: theme = "nrd": must be one of ')
    assert 'did you mean "nord"?' in theme
    assert {unknown.partition(": ")[2].split(":")[0], keys.partition(": ")[2].split(":")[0]} == {
        "refesh = 1",
        "keys.monitor.follow = 3",
    }
    assert any('did you mean "refresh"?' in line for line in said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("refresh = 0.1", "refresh = 0.1: must be "),
        ('refresh = "often"', 'refresh = "often": must be a finite number'),
        ("keys = 3", "keys = 3: must be a table, written [keys]"),
        ('theme = "nord', "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
    ],
)
def test_a_bad_file_gives_one_message_and_the_defaults(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    config, said = load_config(path)
    assert config == Config()
    assert len(said) == 1
    assert said[0].startswith(f"{path}: {message}")


def test_saving_leaves_the_rest_of_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\n[keys]  # and these\n"monitor.log" = "L"\n')
    save_config(path, {"theme": "nord"})
    save_config(path, {"theme": "dracula", "refresh": 0.5})
    assert load_config(path) == (Config(theme="dracula", refresh=0.5, keys={"monitor.log": "L"}), [])
    assert "# mine\n" in path.read_text()
    assert "# and these" in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]


def test_saving_makes_folders_and_refuses_to_overwrite_what_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    save_config(path, {"theme": "nord"})
    assert load_config(path)[0].theme == "nord"
    path.write_text("theme = ")
    with pytest.raises(EnvironmentFailure, match="is not TOML, so nothing was saved"):
        save_config(path, {"theme": "nord"})
    assert path.read_text() == "theme = "


def test_the_file_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_path() == tmp_path / "hlr-tui" / "config.toml"

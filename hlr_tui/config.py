"""The user's own settings of the terminal UI: one TOML file in the platform's folder for them.

Bad values never keep the UI from starting: each is named with what is legal, and the default holds in its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import EnvironmentFailure, Problem, did_you_mean, printable
from core.params import params_of, real, text
from core.values import parse
from hlr_tui.whole_files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the file says; `keys` maps the id of an action to the keys that start it."""

    theme: str = text("hlr-dark", help="colours of the terminal UI")
    refresh: float = real(1.0, low=0.2, high=60.0, help="seconds between two looks at the database")
    keys: Mapping[str, str] = field(default_factory=dict)


def config_path() -> Path:
    """Where the file is, whether it exists or not."""
    from platformdirs import user_config_path

    return user_config_path("hlr-tui") / "config.toml"


def load_config(path: Path) -> tuple[Config, list[str]]:
    """What `path` says, and one message for each thing that is wrong with it; without the file, the defaults."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Config(), []
    except OSError as error:
        return Config(), [f"{path}: cannot be read: {error.strerror}"]
    except ValueError as error:  # not TOML, or not UTF-8
        return Config(), [f"{path}: is not TOML: {printable(str(error))}"]
    config, problems = _checked(document)
    return config, [f"{path}: {problem}" for problem in problems]


def _checked(document: Mapping[str, Any]) -> tuple[Config, list[Problem]]:
    keys, problems = _key_table(document.get("keys", {}))
    given = {key: value for key, value in document.items() if key != "keys"}
    _, wrong = parse(Config, given)
    for problem in wrong:
        del given[problem.key]
        if "unknown key" in problem.legal:
            known = [*(name for name, _ in params_of(Config)), "keys"]
            legal = "unknown key; must be one of " + ", ".join(known)
            problem = Problem(problem.key, problem.value, legal, did_you_mean(problem.key, known))
        problems.append(problem)
    config, _ = parse(Config, given)
    assert config is not None
    from hlr_tui.themes import theme_names

    themes = theme_names()
    if config.theme not in themes:
        legal = f"must be one of {', '.join(themes)}"
        problems.append(Problem("theme", config.theme, legal, did_you_mean(config.theme, themes)))
        config = replace(config, theme=Config().theme)
    return replace(config, keys=keys), problems


def _key_table(table: object) -> tuple[dict[str, str], list[Problem]]:
    if not isinstance(table, dict):
        return {}, [Problem("keys", table, "must be a table, written [keys]")]
    keys: dict[str, str] = {}
    problems: list[Problem] = []
    for name, value in table.items():
        if isinstance(value, str) and value:
            keys[name] = value
        elif isinstance(value, dict):  # monitor.log = "L" without quotes is a table in TOML
            for rest, inner in value.items():
                if isinstance(inner, str) and inner:
                    keys[f"{name}.{rest}"] = inner
                else:
                    problems.append(_not_keys(f"{name}.{rest}", inner))
        else:
            problems.append(_not_keys(name, value))
    return keys, problems


def _not_keys(name: str, value: object) -> Problem:
    return Problem(f"keys.{name}", value, 'must name keys, as "L" or "f5,ctrl+l"')


def save_config(path: Path, changes: Mapping[str, Any]) -> None:
    """Write `changes` into the file; whatever else stands there stays as it is, comments and all.

    Raises:
        EnvironmentFailure: it cannot be written, or holds what is not TOML, which nobody but its user should mend.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        document = tomlkit.document()
    except OSError as error:
        raise EnvironmentFailure(f"{path}: cannot be read: {error.strerror}") from error
    except (TOMLKitError, ValueError) as error:
        raise EnvironmentFailure(f"{path}: is not TOML, so nothing was saved: {printable(str(error))}") from error
    for key, value in changes.items():
        document[key] = value
    try:
        write_whole(path, tomlkit.dumps(document))
    except OSError as error:
        raise EnvironmentFailure(f"{path}: cannot be written: {error.strerror}") from error

from __future__ import annotations

import re

import pytest

from hlr_tui.app import import_screens
from hlr_tui.keys import KEYS, WINDOWS, Key, key_text, keys_now, problems_of

TAKEN_BY_TERMINALS = {f"ctrl+{letter}" for letter in "abhjmoqs"}


@pytest.fixture(autouse=True)
def _every_key() -> None:
    import_screens()


@pytest.mark.parametrize(
    ("remapped", "message"),
    [
        ({"experiments.stpo": "z"}, 'keys.experiments.stpo = "z": unknown action (did you mean "experiments.stop"?)'),
        (
            {"experiments.stop": "controll+z"},
            'keys.experiments.stop = "controll+z": must name keys, as "L" or "f5,ctrl+l"; there is no key "controll+z"',
        ),
        ({"experiments.stop": "r"}, 'keys.experiments.stop = "r": starts experiments.resume already'),
        ({"experiments.stop": "?"}, 'keys.experiments.stop = "?": starts everywhere.help already'),
    ],
)
def test_keys_that_cannot_work_are_named(remapped: dict[str, str], message: str) -> None:
    assert [str(problem) for problem in problems_of(remapped)] == [message]


@pytest.mark.parametrize(
    "remapped",
    [
        {"experiments.stop": "S,f9,ctrl+x"},
        {"experiments.stop": "r", "experiments.resume": "s"},
        {"experiments.stop": "+"},
        {"everywhere.quit": "ctrl+c,Q"},
    ],
)
def test_keys_that_work(remapped: dict[str, str]) -> None:
    assert problems_of(remapped) == []


def test_no_key_is_one_that_terminals_take() -> None:
    assert [key.id for key in KEYS if set(keys_now(key, {})) & TAKEN_BY_TERMINALS] == []


def test_ids_are_unique_and_no_screen_takes_a_key_that_holds_everywhere() -> None:
    ids = [key.id for key in KEYS]
    assert len(ids) == len(set(ids))
    everywhere = {one for key in KEYS if key.where == "everywhere" for one in keys_now(key, {})}
    assert [
        key.id for key in KEYS if key.where not in ("everywhere", *WINDOWS) and set(keys_now(key, {})) & everywhere
    ] == []


def test_every_action_has_a_help_line() -> None:
    assert [key.id for key in KEYS if not re.match(r"\S", key.help)] == []


@pytest.mark.parametrize(
    ("key", "shown"),
    [("question_mark", "?"), ("ctrl+l", "^l"), ("enter", "⏎"), ("shift+left", "shift+←"), ("+", "+"), ("f5", "f5")],
)
def test_keys_as_keyboards_show_them(key: str, shown: str) -> None:
    assert key_text(key) == shown


def test_the_users_keys_replace_the_declared_ones() -> None:
    assert keys_now(Key("a.b", "x,y", "act", "Act"), {"a.b": "z, L"}) == ["z", "L"]

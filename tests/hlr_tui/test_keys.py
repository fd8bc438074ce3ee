from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import pytest
from textual.binding import Binding

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


def test_every_binding_of_ours_has_an_id_so_that_it_stands_in_the_help_and_can_be_remapped() -> None:
    ours, found = {"app", "screens", "widgets"}, []
    for package in ("screens", "widgets"):
        found += pkgutil.walk_packages(import_module(f"hlr_tui.{package}").__path__, f"hlr_tui.{package}.")
    modules = [import_module("hlr_tui.app"), *(import_module(each.name) for each in found)]
    classes = {one for module in modules for one in vars(module).values() if isinstance(one, type)}
    bound = [
        (one.__qualname__, binding.id if isinstance(binding, Binding) else None)
        for one in classes
        if one.__module__.startswith(tuple(f"hlr_tui.{place}" for place in ours))
        for binding in one.__dict__.get("BINDINGS", ())
    ]
    ids = {key.id for key in KEYS}
    assert [each for each in bound if each[1] not in ids] == []
    assert {id for _, id in bound} == ids


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

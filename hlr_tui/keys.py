"""Every key of the terminal UI, in one table: bindings, footer, help and the user's own keys are readers of it.

No key is one that terminals, tmux or screen take for themselves (ctrl with a, b, h, j, m, o, q, s).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding

from core.errors import Problem, did_you_mean, show

EVERYWHERE = "everywhere"

WINDOWS = ("run", "trial", "method", "load", "path", "export", "notice", "confirm", "help", "settings")
"""Windows in front of a screen, each a file under ``screens/``: only their own keys act while they stand."""


@dataclass(frozen=True, slots=True)
class Key:
    """One action and the keys that start it.

    Attributes:
        id: names it in the user's configuration: ``[keys]`` there says ``"monitor.log" = "L"``.
        keys: comma-separated, as Textual writes them.
        action: Textual's action of the screen or the app.
        help: what it does, for footer and help.
        footer: it stands in the footer.
    """

    id: str
    keys: str
    action: str
    help: str
    footer: bool = True

    @property
    def where(self) -> str:
        return self.id.partition(".")[0]


KEYS: list[Key] = [
    # The bar at the top shows the screens, so that the footer has room for what only one of them can do.
    Key("everywhere.experiments", "1", "go('experiments')", "Experiments", footer=False),
    Key("everywhere.new", "2", "go('new')", "New", footer=False),
    Key("everywhere.monitor", "3", "go('monitor')", "Monitor", footer=False),
    Key("everywhere.search", "4", "go('search')", "Search", footer=False),
    Key("everywhere.lab", "5", "go('lab')", "Lab", footer=False),
    Key("everywhere.results", "6", "go('results')", "Results", footer=False),
    Key("everywhere.help", "question_mark,f1", "help", "Help"),
    Key("everywhere.settings", "f2", "settings", "Settings", footer=False),
    Key("everywhere.palette", "ctrl+p", "command_palette", "Find a command or an experiment by name", footer=False),
    Key("everywhere.suspend", "ctrl+z", "suspend_process", "Back to the shell; fg returns", footer=False),
    Key("everywhere.quit", "q", "leave", "Quit"),
]
"""The keys that hold on every screen; a screen adds its own with `declare`."""


def declare(*keys: Key) -> list[Binding]:
    """Add a screen's keys to the table; returns its bindings."""
    known = {key.id for key in KEYS}
    KEYS.extend(key for key in keys if key.id not in known)
    _ORDER.update({key.id: (keys[0].id, number) for number, key in enumerate(keys)})
    KEYS.sort(key=lambda key: (key.where != EVERYWHERE, key.where, _ORDER.get(key.id, ("", 0))))
    return [_binding(key) for key in keys]


_ORDER: dict[str, tuple[str, int]] = {}
"""Where a key stands among those of its place: the table is the same whichever screen is imported first."""


def bindings_everywhere() -> list[Binding]:
    """The app's own bindings."""
    return [_binding(key) for key in KEYS if key.where == EVERYWHERE]


def mode_of(key: Key) -> str:
    """The mode whose screen a key shows from everywhere; "" for other keys."""
    show_screen = key.where == EVERYWHERE and key.action.startswith("go(")
    return key.action.removeprefix("go('").removesuffix("')") if show_screen else ""


def keys_now(key: Key, remapped: Mapping[str, str]) -> list[str]:
    """The keys that start an action, after the user's own."""
    return [one.strip() for one in remapped.get(key.id, key.keys).split(",")]


def key_text(key: str) -> str:
    """A key as it is written on a keyboard: ``?`` for question_mark, ``^l`` for ctrl+l."""
    *modifiers, last = key.split("+") if key != "+" else [key]
    from textual.keys import format_key

    shown = format_key(last)
    if modifiers == ["ctrl"]:
        return f"^{shown}"
    return "+".join([*modifiers, shown])


def problems_of(remapped: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the user's own keys; every screen must have been imported, so that its keys are known."""
    by_id = {key.id: key for key in KEYS}
    problems = []
    for id, keys in remapped.items():
        name = f"keys.{id}"
        if id not in by_id:
            hint = did_you_mean(id, by_id) or "? lists what each screen can do"
            problems.append(Problem(name, keys, "unknown action", hint))
            continue
        wrong = next((one for one in keys.split(",") if not _is_key(one.strip())), None)
        if wrong is not None:
            legal = 'must name keys, as "L" or "f5,ctrl+l"' + (f"; there is no key {show(wrong)}" if wrong else "")
            problems.append(Problem(name, keys, legal))
            continue
        taken = _taken(by_id[id], remapped)
        if taken:
            problems.append(Problem(name, keys, f"starts {taken} already"))
    return problems


def _taken(key: Key, remapped: Mapping[str, str]) -> str:
    """Another action of the same screen, or of every screen, that one of the keys starts; "" where there is none."""
    from textual.keys import _character_to_key

    def normal(keys: list[str]) -> set[str]:
        return {_character_to_key(one) if len(one) == 1 else one for one in keys}

    own = normal(keys_now(key, remapped))
    for other in KEYS:
        rival = key.where in (other.where, EVERYWHERE) or other.where == EVERYWHERE
        if other.id != key.id and rival and own & normal(keys_now(other, remapped)):
            return other.id
    return ""


def _is_key(word: str) -> bool:
    from textual.keys import KEY_TO_UNICODE_NAME, REPLACED_KEYS, Keys

    *modifiers, last = word.split("+") if word != "+" else [word]
    known = {key.value for key in Keys} | set(REPLACED_KEYS) | set(KEY_TO_UNICODE_NAME)
    return all(each in ("ctrl", "shift", "alt") for each in modifiers) and (
        (len(last) == 1 and last.isprintable() and last != " ") or last in known
    )


def _binding(key: Key) -> Binding:
    return Binding(key.keys, key.action, key.help, show=key.footer, id=key.id)

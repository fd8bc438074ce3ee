"""The terminal UI: one mode per screen, and the experiment that they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, ClassVar

from rich.markup import escape
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import WorkerFailed

from core.errors import HlrError
from hlr_tui import widgets
from hlr_tui.config import Config, save_config
from hlr_tui.dashboard.child import DashboardChild
from hlr_tui.desk import Desk
from hlr_tui.keys import KEYS, WINDOWS, bindings_everywhere, key_text, keys_now, mode_of, problems_of
from hlr_tui.tables import printable
from hlr_tui.themes import OURS
from hlr_tui.trouble import Trouble, trouble_files

SCREENS = {
    "experiments": "ExperimentsScreen",
    "new": "NewScreen",
    "monitor": "MonitorScreen",
    "search": "SearchScreen",
    "lab": "LabScreen",
    "results": "ResultsScreen",
}
"""Mode → the class of its screen in ``hlr_tui/screens/<mode>.py``; imported when it is first shown."""

MESSAGE_SECONDS = 12.0
"""How long a message that somebody must read stays."""


def _maker(mode: str) -> Callable[[], Screen[Any]]:
    def make() -> Screen[Any]:
        module = import_module(f"hlr_tui.screens.{mode}")
        screen: Screen[Any] = getattr(module, SCREENS[mode])()
        return screen

    return make


def import_screens() -> None:
    """Import every screen, window and widget, after which `KEYS` is complete."""
    for name in (*SCREENS, *WINDOWS):
        import_module(f"hlr_tui.screens.{name}")
    for module in iter_modules(widgets.__path__):
        import_module(f"hlr_tui.widgets.{module.name}")


class _Told(Exception):
    """An error that Textual shows on one plain line."""

    def __rich__(self) -> str:
        return escape(f"hlr-tui: {self}. Experiments go on; hlr-tui shows them again.")


class HlrApp(App[None]):
    """The app.

    Args:
        config: the user's settings.
        config_file: where they are kept; None keeps nothing.
        problems: what is wrong with that file, told once the first screen stands.

    Attributes:
        desk: the engine.
        chosen: name of the experiment that Monitor, Search and Results show; "" where none is.
        known: names of all experiments, as far as the first screen has seen them.
        dashboard: Optuna's dashboard, which ends with the app.
        trouble: explains errors.
        failure: why the app had to end; "" where it did not.
    """

    TITLE = "hlr-tui"
    CSS_PATH = "hlr_tui.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, Any]] = {mode: _maker(mode) for mode in SCREENS}
    DEFAULT_MODE = "experiments"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_everywhere()]

    chosen: reactive[str] = reactive("")

    def __init__(
        self,
        desk: Desk,
        *,
        chosen: str = "",
        config: Config | None = None,
        config_file: Path | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        super().__init__()
        for theme in OURS:
            self.register_theme(theme)
        self.desk = desk
        self.config = config or Config()
        self.config_file = config_file
        self.known: tuple[str, ...] = ()
        self.dashboard = DashboardChild(desk.places(), desk.environment())
        self.trouble = Trouble(trouble_files(desk.settings.workspace))
        self.failure = ""
        self._problems = problems
        self._trying = False
        self.set_reactive(HlrApp.chosen, chosen)
        if self.config.theme in self.available_themes:
            self.try_theme(self.config.theme)  # before the first paint, which would be drawn twice

    def on_mount(self) -> None:
        for problem in self._problems:
            self.warn(problem)
        if self.config.keys:
            self.run_worker(self._take_keys, thread=True)

    def on_unmount(self) -> None:
        self.dashboard.stop()

    def warn(self, message: str) -> None:
        """Tell what went wrong, long enough to be read."""
        self.notify(printable(message), severity="error", timeout=MESSAGE_SECONDS, markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's one place for what nobody caught, from any widget, timer or worker: it would print a traceback into
        the user's shell."""
        if isinstance(error, WorkerFailed):  # what somebody asked for is not done; all else stands
            said = self.trouble.explain(error.error)
            if self.is_running:
                self.warn(said)
        elif not self.failure:  # a widget that has failed answers nothing any more
            self.failure = self.trouble.explain(error)
            told = _Told(self.failure)
            told.__cause__ = error
            super()._handle_exception(told)

    def try_theme(self, theme: str) -> None:
        """Show a theme without keeping it."""
        self._trying = True
        self.theme = theme
        self._trying = False

    def watch_theme(self, theme: str) -> None:
        """Keep a theme that the user picks in the command palette."""
        if self.is_running and not self._trying and theme != self.config.theme:
            self.remember(theme=theme)

    def remember(self, **changes: Any) -> None:
        """Let settings hold from now on, and write them into the user's file."""
        from dataclasses import replace

        self.config = replace(self.config, **changes)
        if self.config_file is not None:
            self.run_worker(lambda: self._save(changes), thread=True)

    def _save(self, changes: dict[str, Any]) -> None:
        assert self.config_file is not None
        try:
            save_config(self.config_file, changes)
        except HlrError as error:
            self.call_from_thread(self.warn, str(error))

    def _take_keys(self) -> None:
        """The user's own keys, without those that cannot work."""
        import_screens()
        problems = problems_of(self.config.keys)
        wrong = {problem.key.removeprefix("keys.") for problem in problems}
        keys = {id: value for id, value in self.config.keys.items() if id not in wrong}
        self.call_from_thread(self._use_keys, keys, [f"{self.config_file}: {problem}" for problem in problems])

    def _use_keys(self, keys: dict[str, str], problems: Sequence[str]) -> None:
        from dataclasses import replace

        from hlr_tui.widgets.mode_bar import ModeBar

        self.config = replace(self.config, keys=keys)
        self.set_keymap(keys)
        for bar in self.screen.query(ModeBar):
            bar.draw()
        for problem in problems:
            self.warn(problem)

    def open_spec(self, document: dict[str, Any], name: str = "") -> None:
        """Show a spec in the form of a new experiment.

        Args:
            name: what to call the experiment; its own name where there is none.
        """
        if name:
            document = {**document, "experiment": {**document.get("experiment", {}), "name": name}}
        self.run_worker(self._open_spec(document))

    async def _open_spec(self, document: dict[str, Any]) -> None:
        await self.action_go("new")
        load: Any = getattr(self.screen, "load")
        load(document)

    def get_driver_class(self) -> type[Driver]:
        """On a terminal, one that sends only what differs."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":  # a browser, or Windows
            return found
        from hlr_tui.wire.driver import FrugalDriver

        return FrugalDriver

    async def action_go(self, mode: str) -> None:
        """Show the screen of a mode."""
        for screen in self.screen_stack:
            take_along: Callable[[], None] | None = getattr(screen, "take_along", None)
            if take_along is not None:
                take_along()
        if mode in ("search", "results") and not self.chosen and self.known:
            self.chosen = self.known[0]  # the newest one; the monitor finds for itself what trains
        await self.switch_mode(mode)

    def action_help(self) -> None:
        from hlr_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.current_mode))

    def action_settings(self) -> None:
        from hlr_tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen())

    def action_leave(self) -> None:
        """Leave the UI; whatever trains goes on."""
        self.exit()

    def action_help_quit(self) -> None:
        """Ctrl-C, which many a hand presses to leave."""
        quit_key = next(key for key in KEYS if key.id == "everywhere.quit")
        shown = key_text(keys_now(quit_key, self.config.keys)[0])
        self.notify(f"{shown} leaves; experiments go on", markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers besides what a screen adds."""
        for key in KEYS:
            mode = mode_of(key)
            if key.where == self.current_mode and self._can(screen, key.action):
                shown = ", ".join(map(key_text, keys_now(key, self.config.keys)))
                yield SystemCommand(key.help, f"On this screen: {shown}", partial(screen.run_action, key.action))
            elif mode:
                yield SystemCommand(key.help, f"Show this screen ({key.keys})", partial(self._show, mode))
        for name in self.known:
            shown = printable(name)
            yield SystemCommand(shown, "Monitor this experiment", partial(self.monitor, name))
        yield SystemCommand("Theme", "Pick the colours", self.action_change_theme)
        yield SystemCommand("Settings", "Theme, refresh, keys", self.action_settings)
        yield SystemCommand("Help", "Every key, by screen", self.action_help)
        yield SystemCommand(
            "Screenshot", "Save this screen as SVG", lambda: self.set_timer(0.1, self.deliver_screenshot)
        )
        yield SystemCommand("Quit", "Leave; experiments go on", self.action_leave)

    def _can(self, screen: Screen[Any], action: str) -> bool:
        """The palette was opened on the screen of the mode, and the screen can do that now."""
        own = screen is self.screen_stack[0]
        return own and ("(" in action or screen.check_action(action.removeprefix("screen."), ()) is True)

    def _show(self, mode: str) -> None:
        self.run_worker(self.action_go(mode))

    def monitor(self, name: str) -> None:
        """Choose an experiment and show it."""
        self.chosen = name
        self.run_worker(self._monitor())

    async def _monitor(self) -> None:
        await self.switch_mode("monitor")

"""The user's settings: what is chosen here holds at once and is kept in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from core.params import params_of
from core.values import check_value
from hlr_tui.config import Config
from hlr_tui.keys import Key, declare
from hlr_tui.output import number_text
from hlr_tui.themes import theme_names

if TYPE_CHECKING:
    from hlr_tui.app import HlrApp


class SettingsScreen(ModalScreen[None]):
    """Theme, refresh period, and where keys are changed. A theme is shown while one moves over it; Enter keeps it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *declare(
            Key("settings.close", "escape,f2", "close", "Close"),
            Key("settings.keys", "f1", "app.help", "Keys", footer=False),
        )
    ]
    DEFAULT_CSS = """
    SettingsScreen { align: center middle; }
    SettingsScreen > Vertical {
        width: 66; max-width: 95%; height: auto; max-height: 95%; overflow-y: auto; padding: 1 2; background: $surface;
        border: round $primary; border-subtitle-color: $text-muted;
    }
    SettingsScreen Horizontal { height: auto; margin: 0 0 1 0; }
    SettingsScreen #refreshing { margin: 0; }
    SettingsScreen .name { width: 12; text-style: bold; }
    SettingsScreen OptionList { height: 7; width: 1fr; border: none; background: $boost; padding: 0; }
    SettingsScreen OptionList:focus { border: none; }
    SettingsScreen #refresh { width: 12; height: 1; border: none; padding: 0 1; background: $boost; }
    SettingsScreen .hint { width: 1fr; color: $text-muted; padding: 0 0 0 2; }
    SettingsScreen #said { color: $text-error; height: auto; min-height: 1; }
    SettingsScreen #where { color: $text-muted; height: auto; }
    """

    def compose(self) -> ComposeResult:
        hlr = self._hlr
        themes = theme_names()
        with Vertical() as box:
            box.border_title = "Settings"
            box.border_subtitle = "tab next · ⏎ keeps · esc closes"
            with Horizontal():
                yield Static("Theme", classes="name")
                options = OptionList(*(Option(_theme_label(hlr, name), id=name) for name in themes), id="theme")
                options.highlighted = themes.index(hlr.config.theme) if hlr.config.theme in themes else None
                yield options
            with Horizontal(id="refreshing"):
                yield Static("Refresh", classes="name")
                yield Input(number_text(hlr.config.refresh), id="refresh", compact=True)
                yield Static("s between two looks, 0.2 to 60", classes="hint")
            yield Static(id="said", markup=False)
            with Horizontal():
                yield Static("Keys", classes="name")
                yield Static(_keys_line(hlr.config), classes="hint", markup=False)
            yield Static(f"Kept in {hlr.config_file or 'no file'}", id="where", markup=False)

    @property
    def _hlr(self) -> HlrApp:
        return cast("HlrApp", self.app)

    def on_mount(self) -> None:
        self.query_one("#theme").focus()

    @on(OptionList.OptionHighlighted)
    def _try_theme(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id:
            self._hlr.try_theme(event.option.id)

    @on(OptionList.OptionSelected)
    def _keep_theme(self, event: OptionList.OptionSelected) -> None:
        if event.option.id:
            self._hlr.theme = event.option.id
            self._hlr.remember(theme=event.option.id)
            self.notify(f"theme {event.option.id} is kept", markup=False, timeout=2)

    @on(Input.Changed, "#refresh")
    def _check_refresh(self) -> None:
        self._refresh()

    @on(Input.Submitted, "#refresh")
    def _keep_refresh(self) -> None:
        value = self._refresh()
        if value is not None:
            self._hlr.remember(refresh=value)
            self.notify(f"every {number_text(value)} s from now on", markup=False, timeout=2)

    def _refresh(self) -> float | None:
        """The period that stands in its field; None, and a message, where it is not legal."""
        text = self.query_one("#refresh", Input).value
        try:
            value: object = float(text)
        except ValueError:
            value = text
        number, problem = check_value("refresh", dict(params_of(Config))["refresh"], value)
        self.query_one("#said", Static).update(str(problem) if problem else "")
        return None if problem else number

    def action_close(self) -> None:
        """Close; a theme that was only looked at goes."""
        self._hlr.try_theme(self._hlr.config.theme)
        self.dismiss()


def _theme_label(hlr: HlrApp, name: str) -> str:
    theme = hlr.available_themes[name]
    return name if theme.dark else f"{name} (light)"


def _keys_line(config: Config) -> str:
    if not config.keys:
        return '[keys] in the file changes them: "monitor.log" = "L"; ? lists them all'
    number = len(config.keys)
    return f"{number} of your own ({', '.join(sorted(config.keys)[:3])}{' …' if number > 3 else ''}); ? lists them all"

"""The line at the top of every screen: which screens there are, which one this is, which experiment they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

from hlr_tui.keys import KEYS, key_text, keys_now, mode_of
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from hlr_tui.app import HlrApp


class ModeBar(Static):
    """One line; a click on a name shows its screen."""

    DEFAULT_CSS = """
    ModeBar {
        dock: top; height: 1; padding: 0 1; background: $panel; color: $text;
        text-wrap: nowrap; text-overflow: ellipsis;
        link-style: none; link-color: $text; link-background-hover: $primary;
    }
    """

    def on_mount(self) -> None:
        self.watch(self.app, "chosen", self.draw, init=False)
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Show the present state: names, keys as the user has them, and the chosen experiment."""
        app = cast("HlrApp", self.app)
        parts: list[Content] = []
        for key in KEYS:
            mode = mode_of(key)
            if not mode:
                continue
            shown = f" {key_text(keys_now(key, app.config.keys)[0])} {key.help} "
            style = "bold reverse" if mode == app.current_mode else ""
            parts.append(Content(shown).stylize(f"@click=app.go('{mode}')").stylize(style))
        bar = Content.assemble(*parts)
        name = printable(app.chosen)
        room = self.size.width - bar.cell_length - 3
        if name and room > 3:
            name = name if len(name) <= room else name[: room - 1] + "…"
            bar = Content.assemble(bar, " " * (room - len(name) + 1), Content(f"▸ {name}").stylize("bold"))
        self.update(bar)

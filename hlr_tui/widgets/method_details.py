"""The details of a method as a text that scrolls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from hlr_tui.results_view.details import Details
from hlr_tui.tables import printable


class MethodDetails(VerticalScroll):
    """The details of one method; scrolls where they are long."""

    DEFAULT_CSS = """
    MethodDetails { padding: 0 1; background: $surface; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: Details | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="details-text", markup=False)

    def put(self, details: Details) -> None:
        """Show these details, from the top where they are those of another method."""
        if details == self.shown:
            return
        if self.shown is None or self.shown.method != details.method:
            self.scroll_home(animate=False)
        self.shown = details
        self.query_one("#details-text", Static).update(drawn(details))


def drawn(details: Details) -> Group:
    """The details as Rich draws them."""
    parts: list[RenderableType] = [Text(printable(details.method), style="bold")]

    def section(title: str, *body: RenderableType) -> None:
        parts.extend([Text(), Text(printable(title), style="bold dim"), *body])

    if details.seeds or details.told:
        body: list[RenderableType] = [_seed_table(details.seeds)] if details.seeds else []
        section(f"{details.metric} of every seed", *body, *_lines([details.told] if details.told else []))
    if details.parameters:
        section(f"parameters, {details.source}", _pairs(details.parameters))
        parts += _lines([f"fixed: {details.fixed}"] if details.fixed else [])
    if details.cost:
        section("cost of its search", _pairs(details.cost))
    section("runs lost", *_lines(details.lost or ["none"]))
    for what, command in details.commands:
        section(what, *_lines([command]))
    return Group(*parts)


def _lines(texts: Iterable[str]) -> list[Text]:
    return [Text(printable(text), overflow="fold") for text in texts]


def _pairs(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in pairs:
        table.add_row(Text(printable(name), style="dim"), Text(printable(text)))
    return table


def _seed_table(rows: Sequence[Sequence[str]]) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    for at in range(len(rows[0])):
        table.add_column(justify="right" if at else "left", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(*(Text(printable(cell), style="" if number else "dim") for cell in row))
    return table

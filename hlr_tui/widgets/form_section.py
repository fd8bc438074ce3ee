"""A section of a form: a heading, its fields, and fields that are folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Collapsible, Static

from hlr_tui.forms.fields import Field, Fold, Section
from hlr_tui.forms.values import Values
from hlr_tui.tables import printable
from hlr_tui.widgets.field import FieldRow


def _same_kind(row: FieldRow, field: Field) -> bool:
    """The row's control serves for `field`, too."""
    return row.field.key == field.key and type(row.field.param) is type(field.param)


async def lay_rows(
    box: Vertical | Collapsible.Contents, fields: Sequence[Field], values: Values, before: Sequence[FieldRow]
) -> None:
    """Show exactly `fields` in `box`: rows that are there stay, with what is typed into them and the focus.

    Args:
        before: the rows there now.
    """
    wanted = {field.key: field for field in fields}
    rows = {row.field.key: row for row in before if row.field.key in wanted and _same_kind(row, wanted[row.field.key])}
    for row in before:
        if rows.get(row.field.key) is not row:
            await row.remove()
    last: FieldRow | None = None
    new: list[FieldRow] = []
    for field in fields:
        raw = values.get(field.key, "")
        kept = rows.get(field.key)
        if kept is None:
            new.append(FieldRow(field, raw))
            continue
        if new:
            await box.mount_all(new, before=kept)
            new = []
        kept.lay(field, raw)
        last = kept
    if new:
        await box.mount_all(new, after=last) if last is not None else await box.mount_all(new)


class FoldBox(Collapsible):
    """The fields of one part; they are made when they are first opened."""

    DEFAULT_CSS = """
    FoldBox { border: none; padding: 0; background: transparent; height: auto; }
    FoldBox:focus-within { background-tint: transparent; }
    FoldBox > CollapsibleTitle { padding: 0 1; width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FoldBox > Contents { padding: 0 0 0 2; height: auto; }
    """

    class Filled(Message):
        """There may be rows that nobody has told yet what is wrong with them."""

    def __init__(self, fold: Fold, values: Values) -> None:
        super().__init__(title=fold.title)
        self.fold = fold
        self._values = values

    def on_mount(self) -> None:
        self._entitle()

    def rows(self) -> list[FieldRow]:
        return list(self.query(FieldRow))

    async def open(self) -> None:
        """Show the fields."""
        self.collapsed = False
        await self._fill()

    async def lay(self, fold: Fold, values: Values) -> None:
        self.fold, self._values = fold, values
        if self.rows():
            await self._fill()
        self._entitle()

    def blame(self, wrong: int) -> None:
        """Say in the title how many of the fields are wrong."""
        self._entitle(wrong)

    async def on_collapsible_expanded(self, event: Collapsible.Expanded) -> None:
        event.stop()
        await self._fill()

    async def _fill(self) -> None:
        await lay_rows(self.query_one(Collapsible.Contents), self.fold.fields, self._values, self.rows())
        self.post_message(self.Filled())

    def _entitle(self, wrong: int = 0) -> None:
        given = [
            f"{field.label} = {raw}" for field in self.fold.fields if (raw := self._values.get(field.key, "")) != ""
        ]
        names = ", ".join(field.label for field in self.fold.fields if not field.searched)
        mark = "✗ " if wrong else "● " if given else "  "
        about = printable(", ".join(given)) if given else names
        title = Content.assemble(mark, (f"{printable(self.fold.title)}  ", "bold"), (about, "dim"))
        self.title = title  # type: ignore[assignment]  # it takes content, as its constructor says


class SectionBox(Vertical):
    """One section."""

    DEFAULT_CSS = """
    SectionBox { height: auto; margin: 0 0 1 0; }
    SectionBox > .heading { height: 1; width: 1fr; padding: 0 1; color: $text-muted;
        text-wrap: nowrap; text-overflow: ellipsis; }
    SectionBox > .fields { height: auto; }
    SectionBox > .folds { height: auto; }
    """

    def __init__(self, section: Section, values: Values) -> None:
        super().__init__()
        self.section = section
        self._values = values
        self._heading = Static(classes="heading", markup=False)
        self._fields = Vertical(*(FieldRow(one, values.get(one.key, "")) for one in section.fields), classes="fields")
        self._folds = Vertical(*(FoldBox(fold, values) for fold in section.folds), classes="folds")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._fields
        yield self._folds

    def on_mount(self) -> None:
        self._head()

    def rows(self) -> Iterator[FieldRow]:
        yield from self.query(FieldRow)

    def folds(self) -> list[FoldBox]:
        return list(self._folds.query_children(FoldBox))

    async def lay(self, section: Section, values: Values) -> None:
        """Show the section as it is now."""
        self.section, self._values = section, values
        self._head()
        await lay_rows(self._fields, section.fields, values, list(self._fields.query_children(FieldRow)))
        wanted = {fold.key: fold for fold in section.folds}
        boxes: dict[str, FoldBox] = {}
        for box in self.folds():
            if box.fold.key in wanted:
                boxes[box.fold.key] = box
            else:
                await box.remove()
        last: FoldBox | None = None
        for fold in section.folds:
            box = boxes.get(fold.key) or FoldBox(fold, values)
            if fold.key in boxes:
                await box.lay(fold, values)
            elif last is not None:
                await self._folds.mount(box, after=last)
            else:
                await self._folds.mount(box, before=0 if self._folds.children else None)
            last = box

    def focus_first(self) -> None:
        """Put the focus on the first field."""
        for row in self._fields.query_children(FieldRow):
            row.focus_control()
            return
        for box in self.folds():
            box.query_one("CollapsibleTitle").focus()
            return
        self.scroll_visible(top=True)

    def _head(self) -> None:
        note = f"  {printable(self.section.note)}" if self.section.note else ""
        self._heading.update(
            Content.assemble((printable(self.section.title), "bold $text-primary"), note), layout=False
        )

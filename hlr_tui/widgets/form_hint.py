"""The two lines below the form: what the field with the focus means, what is legal and what holds without it."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from core.params import Choice, Flag
from hlr_tui.tables import printable
from hlr_tui.widgets.field import FieldRow

HOME = """↑ ↓ show a section, enter goes into it, esc comes back here
tab and the arrows go from field to field; ← → choose; f5 launches"""

PREVIEW = "p or esc: back to the form; l: logarithmic axis"


class FormHint(Static):
    """Two lines."""

    DEFAULT_CSS = """
    FormHint { height: 2; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(HOME, id=id, markup=False)

    def explain(self, row: FieldRow | None, *, previewing: bool = False) -> None:
        """Explain a field; without one, what the keys do."""
        if row is None or not row.is_attached:
            self.styles.text_wrap = "nowrap"
            self.update(PREVIEW if previewing else HOME, layout=False)
            return
        field, problems = row.field, row.problems
        about = printable(str(problems[0]) if problems else row.chosen_about or field.help)
        default = f"{field.default} = {field.formula}" if field.formula else field.default
        in_sight = isinstance(field.param, (Choice, Flag)) and not problems
        words = [field.key, "" if in_sight else field.legal, f"default: {default}"]
        rest = printable("   ".join(word for word in words if word))
        # A long explanation may have both lines where the options themselves are in sight, and a problem always.
        long = cell_len(about) > self.size.width - 2
        self.styles.text_wrap = "wrap" if long and (in_sight or problems) else "nowrap"
        styled = Content.styled(about, "$text-error" if problems else "")
        self.update(Content("\n").join([styled, Content.styled(rest, "$foreground-muted")]), layout=False)

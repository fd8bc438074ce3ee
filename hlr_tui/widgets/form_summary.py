"""Two lines at the top of the form: whether it is ready, and what it amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from hlr_tui.forms.outlook import UNKNOWN, number
from hlr_tui.tables import printable

if TYPE_CHECKING:
    from hlr_tui.forms.prospect import View
    from hlr_tui.forms.verdict import Verdict

Part = str | tuple[str, str]


class FormSummary(Static):
    """The name of the experiment, what the engine says of it, and the time it will take."""

    DEFAULT_CSS = """
    FormSummary { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)

    def draw(
        self,
        name: str,
        mode: str,
        verdict: Verdict | None,
        view: View | None,
        *,
        busy: str = "",
        checking: bool = False,
        check_key: str,
        wrong_key: str,
        known: bool = False,
    ) -> None:
        """Say how things are.

        Args:
            busy: what keeps the form from being launched.
            checking: a step of every method is being trained.
            check_key, wrong_key: the keys of the check, and of the next problem.
            known: there is an experiment of that name.
        """
        parts: list[Part] = [(f"{printable(name)}  ", "bold"), f"{mode}  "]
        if busy:
            parts.append((busy, "$text-warning"))
        elif verdict is not None and not verdict.fine:
            parts.append((f"✗ {number(len(verdict.problems) or 1, 'problem')}: {wrong_key} goes there", "$text-error"))
        elif verdict is not None and verdict.spec is not None:
            parts += [("✓ ready  ", "$text-success"), (_counts(verdict), "$foreground-muted")]
        second = self._second(verdict, view, checking=checking, check_key=check_key, known=known)
        self.update(Content.assemble(*parts, "\n", *second), layout=False)

    def _second(
        self, verdict: Verdict | None, view: View | None, *, checking: bool, check_key: str, known: bool
    ) -> list[Part]:
        parts: list[Part] = []
        if checking:
            parts.append(("training one step of every method …", "$text-warning"))
        elif verdict is not None and verdict.fine and view is not None:
            text = view.outlook.time_text()
            parts.append((f"{text}: {check_key} trains one step of every method" if text == UNKNOWN else text, ""))
            if view.checked is not None:
                failed = sum(bool(each.error) for each in view.checked.tried)
                parts.append((f" · ✗ {failed} cannot be trained", "$text-error") if failed else " · ✓ checked")
        if known:
            parts.append(("  there is one of this name: it would go on", "$text-warning"))
        return parts


def _counts(verdict: Verdict) -> str:
    assert verdict.spec is not None
    totals = verdict.totals
    counts = {
        "method": len(verdict.spec.methods),
        "trial": totals["trials"],
        "run": totals["search_runs"] + totals["compare_runs"],
        "epoch": totals["epochs"],
    }
    return " · ".join(number(count, noun) for noun, count in counts.items() if count)

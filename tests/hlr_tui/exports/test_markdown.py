"""Read back by a Markdown parser that is not ours."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from result_example import DOCUMENT

from hlr_tui.exports.markdown import escape, lines
from hlr_tui.exports.sheets import Sheet, sheets


def text_of(inline: Token) -> str:
    for child in inline.children or []:
        assert child.type in ("text", "text_special"), f"{child.type} has a meaning: {inline.content}"
    return "".join(child.content for child in inline.children or [])


def parsed(sheet: Sheet) -> tuple[str, list[list[str]], list[str]]:
    """Heading, cells by row and the alignment of the columns."""
    heading = ""
    rows: list[list[str]] = []
    aligned = []
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse("\n".join(lines(sheet)))
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            heading = text_of(token)
        elif before.type == "tr_open":
            rows.append([])
        if token.type == "inline" and before.type in ("th_open", "td_open"):
            rows[-1].append(text_of(token))
        if before.type == "th_open":
            aligned.append(str(before.attrs.get("style", "")))
    return heading, rows, aligned


def test_the_tables_say_what_the_document_says() -> None:
    low, high, best = map(parsed, sheets(DOCUMENT))
    assert low[0] == "val_loss after the last of 50 epochs: mean ± standard deviation over n seeds"
    assert low[1] == [
        ["#", "method", "val_loss", "n", "val accuracy (%)", "lost"],
        ["1", "AdamW + EH", "0.0812 ± 0.0041", "2", "91.23 ± 0.45", "0 of 3"],
        ["2", "Prodigy", "0.100", "1", "-", "2 of 3"],
    ]
    assert high[1][1:] == [
        ["1", "AdamW + EH", "(1.50 ± 0.10)e-7", "3", "0 of 3"],
        ["2", "My_Own & <Co>| + 100%_x", "inf ± nan", "2", "0 of 3"],
        ["-", "AdamW + C", "-", "0", "3 of 3"],
    ]
    assert best[1][1] == ["osc_1.x-AdamW-EH", "25", "7", "1.23e-7", "lr = 0.004, infimum_lr = 1e-6, upper_bound = 300"]
    assert low[2][:3] == ["text-align:right", "", "text-align:right"]


@given(st.text("a1*_`[](){}<>|\\#~&;:!$^-+.", min_size=1, max_size=12))
@example("*a*")
@example("a_b_ _c_")
def test_whatever_a_name_is_made_of_is_shown(name: str) -> None:
    heading, rows, _ = parsed(Sheet("key", "title", (("method", "name"),), [[name]]))
    assert (heading, rows) == ("title", [["method"], [name]])


@pytest.mark.parametrize(
    ("text", "shown"), [("a\nb", "a b"), ("\x1b[31m", r"\\x1b\[31m"), ("upper_bound", "upper_bound")]
)
def test_names_stay_on_their_line_and_are_readable(text: str, shown: str) -> None:
    assert escape(text) == shown

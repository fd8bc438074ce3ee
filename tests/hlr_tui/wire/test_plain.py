"""Letters for terminals that have few: legible, and never of another width, which would shift all that follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

import hlr_tui
from hlr_tui.wire.plain import Letters


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_every_letter_of_ours_has_one_of_its_width_that_can_be_sent(charset: str) -> None:
    ours = "".join(path.read_text(encoding="utf-8") for path in Path(hlr_tui.__path__[0]).rglob("*.py"))
    letters = set(re.findall(r"[^\x00-\x7f]", ours)) | {*"╭╮╰╯┌┐╸╺█▀▄⠋⣿", "日", "é", "ж", "😀"}
    for letter in letters:
        sent = letter.translate(Letters(charset))
        assert sent.encode(charset)
        assert cell_len(sent) == cell_len(letter), letter


def test_what_is_sent_reads_like_what_was_meant() -> None:
    text = "╭─ ● running ✓ ✗ ↯ ─╮ │ ━━─ mean ± std … → η₀ ∫η Größe ж"
    assert text.translate(Letters("ascii")) == "+- * running v x ! -+ | ==- mean + std ~ > n0 Sn Gro?e ?"
    assert "Größe ±".translate(Letters("latin-1")) == "Größe ±"

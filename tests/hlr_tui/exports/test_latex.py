r"""Structure by hand; and by LaTeX itself where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_example import DOCUMENT, NAME

from hlr_tui.exports.latex import escape, lines
from hlr_tui.exports.sheets import Sheet, sheets

ODD = Sheet("odd", "a_b & 100%", (("method", "name"), ("n", "number")), [["\\~^{}<>|$#&%_\"'`", "1"]])


def unescaped(text: str, letters: str) -> str:
    """The `letters` that have their meaning in `text`, in order."""
    return "".join(re.findall(rf"[{re.escape(letters)}]", re.sub(r"\\.", "", text)))


@pytest.mark.parametrize("sheet", [*sheets(DOCUMENT), ODD], ids=lambda sheet: sheet.key)
def test_environments_braces_and_columns_fit(sheet: Sheet) -> None:
    text = "\n".join(lines(sheet, NAME))
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    depth = 0
    for brace in unescaped(text, "{}"):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    found = re.search(r"\\begin\{tabular\}\{((?:[lr]|p\{[^}]*\})+)\}", text)
    assert found is not None
    assert len(re.sub(r"p\{[^}]*\}", "p", found.group(1))) == len(sheet.heads)
    body = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(body) == 1 + len(sheet.rows)
    for line in body:
        assert unescaped(line, "&") == "&" * (len(sheet.heads) - 1)
        assert unescaped(line, "%#_~^").replace("^", "") == ""
        assert len(unescaped(line, "$")) % 2 == 0
    rules = [line.strip() for line in text.splitlines() if "rule" in line]
    assert rules == [r"\toprule", r"\midrule", r"\bottomrule"]


def test_numbers_are_mathematics_and_names_are_escaped() -> None:
    low, high, best = ("\n".join(lines(sheet, NAME)) for sheet in sheets(DOCUMENT))
    assert r"1 & AdamW + EH & $0.0812 \pm 0.0041$ & 2 & $91.23 \pm 0.45$ & 0 of 3 \\" in low
    assert r"\# & method & val\_loss & n & val accuracy (\%) & lost \\" in low
    assert r"$(1.50 \pm 0.10) \times 10^{-7}$" in high
    assert r"2 & My\_Own \& \textless{}Co\textgreater{}\textbar{} + 100\%\_x & $\infty \pm \mathrm{nan}$ & 2" in high
    assert r"-- & AdamW + C & -- & 0" in high
    assert r"7 & $1.23 \times 10^{-7}$ & lr = 0.004, infimum\_lr = 1e-6, upper\_bound = 300 \\" in best
    assert rf"\label{{tab:{NAME}-ranking-200}}" in high


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_nothing_of_a_name_has_a_meaning(name: str) -> None:
    escaped = escape(name)
    bare = re.sub(r"\\(?:text[a-z]+\{\}|[&%_#${}])", "", escaped)
    assert re.sub(r"[\\&%_#${}~^<>|]", "", name) == bare


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_latex_takes_it(tmp_path: Path) -> None:
    tables = "\n".join("\n".join(lines(sheet, NAME)) for sheet in [*sheets(DOCUMENT), ODD])
    (tmp_path / "tables.tex").write_text(tables, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{tables}\end{document}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "paper.pdf").exists()

from __future__ import annotations

import json
import math

import pytest

from hlr_tui.output import number_text, print_json


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": (1, math.nan, [math.inf, -math.inf]), "b": None, "c": 0.1})
    out = capsys.readouterr().out
    assert json.loads(out, parse_constant=pytest.fail) == {"a": [1, "nan", ["inf", "-inf"]], "b": None, "c": 0.1}
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (250, "250"),
        (0.01, "0.01"),
        (0.001, "0.001"),
        (1e-4, "1e-4"),
        (1.25e-7, "1.25e-7"),
        (-1e-10, "-1e-10"),
        (0.0, "0"),
        (10000.0, "10000"),
        (2.5e9, "2.5e9"),
        (1 / 3, "0.333333"),
    ],
)
def test_number_text(value: float, text: str) -> None:
    assert number_text(value) == text

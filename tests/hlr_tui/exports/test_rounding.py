from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hlr_tui.exports.rounding import Rounded, rounded


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        # The particle data group's examples of what goes with what, in two digits.
        (0.827, 0.119, Rounded("0.83", "0.12")),
        (0.827, 0.367, Rounded("0.83", "0.37")),
        (0.0812345, 0.0041, Rounded("0.0812", "0.0041")),
        (12.0, 1.0, Rounded("12.0", "1.0")),
        (91.234, 0.0998, Rounded("91.23", "0.10")),  # 0.0998 is 0.10 in two digits, not 0.100
        (1234.5, 123.0, Rounded("1230", "120")),
        (99.96, 12.3, Rounded("100", "12")),
        (1.5e-7, 1e-8, Rounded("1.50", "0.10", -7)),
        (-1.5e-7, 1e-8, Rounded("-1.50", "0.10", -7)),
        (1.2e-7, 3.4e-5, Rounded("0.0", "3.4", -5)),
        (-1e-9, 3.4e-5, Rounded("0.0", "3.4", -5)),
        (2.5e9, 1.2e7, Rounded("2.500", "0.012", 9)),
        (0.001, 0.0001, Rounded("0.00100", "0.00010")),
        (0.5, 0.0, Rounded("0.500", "0")),
        (0.0123456789012, 1e-18, Rounded("0.0123456789", "0")),
        (12.3456789, 1e-6, Rounded("12.3456789", "0.0000010")),
        (0.0, 0.0, Rounded("0", "0")),
        (0.0, None, Rounded("0", None)),
        (0.1, None, Rounded("0.100", None)),
        (123456.0, None, Rounded("1.23", None, 5)),
        (99999.0, None, Rounded("1.00", None, 5)),
        (12345.0, None, Rounded("12300", None)),
        (1.2345e-7, None, Rounded("1.23", None, -7)),
        (9.999e-4, None, Rounded("0.00100", None)),
        (math.nan, math.nan, Rounded("nan", "nan")),
        (math.inf, math.nan, Rounded("inf", "nan")),
        (-math.inf, None, Rounded("-inf", None)),
    ],
)
def test_what_papers_print(mean: float, std: float | None, expected: Rounded) -> None:
    assert rounded(mean, std) == expected


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.floats(min_value=-1e6, max_value=1e6), st.floats(min_value=1e-300, max_value=1e300))
def test_both_end_at_the_same_digit_and_say_the_same_number(mean: float, std: float) -> None:
    assume(std > 1e-6 * abs(mean))
    found = rounded(mean, std)
    assert found.spread is not None
    scale = Decimal(10) ** found.exponent
    shown_mean, shown_std = Decimal(found.mean) * scale, Decimal(found.spread) * scale
    two_digits = Decimal(f"{std:.1e}")
    assert shown_std == two_digits
    place = Decimal(10) ** (two_digits.adjusted() - 1)
    assert abs(shown_mean - Decimal(mean)) <= place / 2
    assert shown_mean % place == 0
    assert len(found.mean.partition(".")[2]) == len(found.spread.partition(".")[2])


@given(finite)
def test_a_lone_mean_has_three_digits(mean: float) -> None:
    found = rounded(mean, None)
    assert Decimal(found.mean) * Decimal(10) ** found.exponent == Decimal(f"{mean:.2e}")

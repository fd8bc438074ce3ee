from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from hlr_tui.plot import Series, draw


def ramp(label: str = "") -> Series:
    return Series(label, [0, 1, 2, 3], [0.0, 1.0, 2.0, 3.0])


def test_braille_sets_the_dots_of_each_value_and_no_others() -> None:
    # Fourteen cells by two are 28 columns of dots by eight rows. Bottom row: dots 7 and 8 of a cell (U+28C0), top row:
    # dots 1 and 4 (U+2809); the gap begins and ends inside a cell (U+2840, U+2808).
    steps = Series("", range(28), [0.0] * 13 + [math.nan] * 2 + [7.0] * 13)
    assert draw([steps], width=16, height=4).plain.splitlines() == [
        "5┤" + " " * 7 + "\u2808" + "\u2809" * 6,
        "0┤" + "\u28c0" * 6 + "\u2840" + " " * 7,
        " └┬─────────┬───",
        "  0        20",
    ]


def test_ascii_draws_one_mark_per_cell() -> None:
    assert draw([ramp()], width=16, height=6, ascii=True).plain.splitlines() == [
        " |           ***",
        "2+       *****  ",
        " |  ******      ",
        "0+***           ",
        " ++--------+----",
        "  0        2",
    ]


def test_every_curve_carries_its_letter_and_stands_in_the_legend() -> None:
    curves = [Series(f"curve {k}", [0, 10], [float(k), k + 0.5]) for k in range(4)]
    plain = draw(curves, width=60, height=20).plain
    *plot, legend = plain.splitlines()
    for letter, curve in zip("ABCD", curves, strict=True):
        assert any(letter in line for line in plot)
        assert f"{letter} {curve.label}" in legend


def test_a_spike_of_one_step_in_a_million_survives() -> None:
    ys = [0.0] * 100_000
    ys[70_000] = 1.0
    top = draw([Series("", range(len(ys)), ys)], width=42, height=10).plain.splitlines()[0]
    assert top.strip("1┤ ") != ""


def test_on_a_logarithmic_axis_zero_is_a_gap_and_decades_are_even() -> None:
    lines = draw(
        [Series("", [0, 1, 2, 3], [1e-1, 1e-3, 1e-5, 0.0])], width=30, height=14, log_y=True
    ).plain.splitlines()
    labels = {line.split("┤")[0].strip(): row for row, line in enumerate(lines) if "┤" in line}
    assert abs((labels["0.001"] - labels["0.1"]) - (labels["1e-5"] - labels["0.001"])) <= 1
    drawn = [line.split("┤" if "┤" in line else "│")[1].rstrip() for line in lines[:-2]]
    assert max(map(len, drawn)) <= 18  # the curve ends at x = 2 of 3


def test_fixed_ranges_cut_what_lies_outside() -> None:
    plain = draw([ramp()], width=16, height=8, y_range=(10.0, 20.0), x_range=(0, 6)).plain
    assert not any("\u2801" <= letter <= "\u28ff" for letter in plain)


def test_a_constant_is_drawn_and_no_data_is_an_empty_frame() -> None:
    constant = draw([Series("", [0, 9], [0.01, 0.01])], width=30, height=8).plain
    assert "0.01┤⠤" in constant or "0.01┤⠒" in constant or "0.01┤⠉" in constant or "0.01┤⣀" in constant
    for nothing in ([], [Series("x", [], [])], [Series("x", [0, 1], [math.nan, math.nan])]):
        assert len(draw(nothing, width=30, height=8).plain.splitlines()) >= 7


values = st.floats(allow_nan=True, allow_infinity=True)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    curves=st.lists(st.tuples(st.text("ab 界", max_size=40), st.lists(values, max_size=30)), max_size=5),
    width=st.integers(0, 90),
    height=st.integers(0, 30),
    log_y=st.booleans(),
    ascii=st.booleans(),
    title=st.sampled_from(["", "a title", "x" * 100]),
)
def test_a_plot_of_anything_stays_inside_its_frame(
    curves: list[tuple[str, list[float]]], width: int, height: int, log_y: bool, ascii: bool, title: str
) -> None:
    series = [Series(label, range(len(ys)), ys) for label, ys in curves]
    text = draw(series, width=width, height=height, log_y=log_y, ascii=ascii, title=title)
    lines = text.split("\n")
    assert len(lines) <= max(height, 4)
    assert all(line.cell_len <= max(width, 16) for line in lines)

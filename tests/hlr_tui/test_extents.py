from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlr_tui.extents import ColumnExtents, column_extents


def test_the_column_of_a_spike_of_one_step_in_many_holds_it() -> None:
    ys = [0.0] * 100_000
    ys[70_000] = 1.0
    extents = column_extents(range(len(ys)), ys, 0, len(ys) - 1, 40)
    spiked = [column for column, extent in enumerate(extents) if extent is not None and extent[1] == 1.0]
    assert spiked == [27]


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_a_gap(hole: float) -> None:
    extents = column_extents([0, 1, 2, 3, 4, 5, 6], [1.0, 1.0, hole, hole, hole, 1.0, 1.0], 0, 6, 7)
    assert extents == [(1.0, 1.0), (1.0, 1.0), None, None, None, (1.0, 1.0), (1.0, 1.0)]
    lonely = column_extents([0, 1, 2], [hole, 5.0, hole], 0, 2, 3)
    assert lonely == [None, (5.0, 5.0), None]


values = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf]))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    points=st.lists(st.tuples(st.floats(-20, 120), values), max_size=40),
    cut=st.integers(0, 40),
    columns=st.integers(2, 30),
    joined=st.booleans(),
)
def test_points_that_come_later_change_only_what_is_dirty_and_lead_to_the_same_extents(
    points: list[tuple[float, float]], cut: int, columns: int, joined: bool
) -> None:
    points.sort(key=lambda point: point[0])
    whole, grown = (ColumnExtents(0, 100, columns, joined=joined) for _ in range(2))
    whole.add(points)
    grown.add(points[:cut])
    before, marked = list(grown.extents), set(grown.broken)
    grown.clean()
    grown.add(points[cut:])
    assert grown.extents == whole.extents
    assert (grown.broken, grown.last, grown.span) == (whole.broken, whole.last, whole.span)
    changed = {column for column in range(columns) if before[column] != grown.extents[column]}
    changed |= {column for column, _ in set(grown.broken) - marked}
    first, last = grown.dirty or (0, -1)
    assert all(first <= column <= last for column in changed)
    ys = [y for extent in grown.extents if extent is not None for y in extent]
    assert grown.span == ((min(ys), max(ys)) if ys else None)


@pytest.mark.parametrize(("hole", "marked"), [(math.nan, [(1, 2.0)]), (-math.inf, [])])
def test_only_nan_is_marked_at_the_last_number_before_it(hole: float, marked: list[tuple[int, float]]) -> None:
    curve = ColumnExtents(0, 4, 5)
    curve.add([(0, 1.0), (1, 2.0), (2, hole), (3, hole), (4, hole)])
    assert curve.broken == marked


def test_the_place_of_a_new_mark_and_the_old_end_of_the_curve_are_dirty() -> None:
    curve = ColumnExtents(0, 10, 101)
    curve.add([(0, 1.0), (1, 1.0), (5, math.inf), (6, 1.0)])
    curve.clean()
    curve.add([(8, math.nan)])
    assert curve.dirty == (60, 60)
    curve.clean()
    curve.add([(9, 1.0)])
    assert curve.dirty == (60, 90)

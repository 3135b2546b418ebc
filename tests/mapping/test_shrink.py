"""Rows and columns that are of no use are taken from an array."""

from __future__ import annotations

import pytest

from nnhw.mapping.shrink import shrink_shape


@pytest.mark.parametrize("least", [(1, 1), (3, 2), (7, 16), (16, 16), (16, 1)])
def test_smallest_shape_that_contains_another(least):
    def fits(rows, cols):
        return rows >= least[0] and cols >= least[1]

    assert shrink_shape(16, 16, fits) == least


def test_rows_for_columns():
    """Of the shapes that no row and no column can be taken from, one of the smaller two."""

    def fits(rows, cols):
        return (rows >= 2 and cols >= 12) or (rows >= 12 and cols >= 3)

    assert shrink_shape(16, 16, fits) == (2, 12)
    assert shrink_shape(12, 16, lambda rows, cols: fits(cols, rows)) == (12, 2)


def test_sizes_in_between_need_not_fit():
    assert shrink_shape(1, 16, lambda _, cols: cols % 8 == 0) == (1, 8)


def test_asks_only_for_smaller_shapes_and_few_of_them():
    asked = []

    def fits(rows, cols):
        asked.append((rows, cols))
        return rows * cols >= 600

    rows, cols = shrink_shape(32, 32, fits)
    assert 600 <= rows * cols < 1024
    assert len(asked) <= 24
    assert all(rows >= 1 and cols >= 1 and rows * cols < 1024 for rows, cols in asked)

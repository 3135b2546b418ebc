"""Takes rows and columns that a network cannot use from an array."""

from __future__ import annotations

from collections.abc import Callable


def shrink_shape(rows: int, cols: int, fits: Callable[[int, int], bool]) -> tuple[int, int]:
    """A shape (rows, columns) within the given one that fits and has fewest multipliers.

    Rows are taken away first and columns then, and the other way round; the smaller result of the
    two is taken, in about 4 * log2(rows * cols) calls of `fits`. Where a larger shape always fits
    if a smaller one does, no row and no column more can be taken from it; elsewhere the search may
    overlook a smaller shape.

    Parameters
    ----------
    rows, cols
        A shape that fits.
    fits
        Whether an array of so many rows and columns is good enough.
    """
    few_rows = _fewest(rows, lambda n: fits(n, cols))
    rows_first = few_rows, _fewest(cols, lambda n: fits(few_rows, n))
    few_cols = _fewest(cols, lambda n: fits(rows, n))
    cols_first = _fewest(rows, lambda n: fits(n, few_cols)), few_cols
    return min(rows_first, cols_first, key=lambda shape: shape[0] * shape[1])


def _fewest(most: int, fits: Callable[[int], bool]) -> int:
    """The smallest number that fits, coming down from one that does in smaller and smaller steps.

    Large steps come first, so that a half or a quarter is found even if what lies between does
    not fit: sizes of layers are often powers of two.
    """
    fewest = most
    for bit in reversed(range(most.bit_length())):
        fewer = fewest - (1 << bit)
        if fewer > 0 and fits(fewer):
            fewest = fewer
    return fewest

"""Products become multipliers, or are left to logic."""

from collections import Counter

import pytest

from nnhw.estimates.features import Features
from nnhw.estimates.terms import count_terms
from nnhw.families import Resource


def terms(a, b, family):
    nothing = Counter()
    return count_terms(
        Features(
            tables=nothing,
            operands=nothing,
            adders=(),
            comparisons=(),
            flip_flops=0,
            joined=0,
            shifted=nothing,
            cells=nothing,
            cell_chains=0,
            outputs=nothing,
            memories=(),
            products=((a, b),),
        ),
        family,
    )


@pytest.mark.parametrize(
    ("a", "b", "family", "multipliers", "sums", "left"),
    [
        (8, 8, "ecp5", 1, 0, 0),
        (18, 18, "ecp5", 1, 0, 0),
        (19, 13, "ecp5", 1, 1, 13),
        (14, 21, "ecp5", 2, 1, 0),
        (36, 36, "ecp5", 4, 3, 0),
        (4, 4, "ecp5", 0, 0, 16),
        (25, 18, "xilinx7", 1, 0, 0),
        (26, 19, "xilinx7", 4, 3, 0),
        (9, 9, "gowin", 0.5, 0, 0),
        (18, 10, "gowin", 1, 0, 0),
        (21, 14, "gowin", 1, 3, 3 * 14),
        (27, 14, "gowin", 2, 1, 0),
        (21, 21, "gowin", 1, 6, 21 * 21 - 18 * 18),
    ],
)
def test_multipliers_of_a_product(a, b, family, multipliers, sums, left):
    found = terms(a, b, family)
    assert found.exact.get(Resource.DSPS, 0) == multipliers
    assert found.product_sums == sums
    assert found.luts.get("product bits", 0) == left

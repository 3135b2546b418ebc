"""Weights on their way to the array, and those of sums that are only to be finished."""

import numpy as np
import pytest
from bench import drive, integers

from nnhw.hdl.weight_register import WeightRegister


@pytest.mark.parametrize(
    ("rows", "cols", "finishing_cols"), [(1, 1, []), (1, 1, [0]), (3, 4, [1, 3]), (20, 5, [0, 2])]
)
def test_weight_register(rows, cols, finishing_cols):
    rng = np.random.default_rng(rows)
    register = WeightRegister(rows=rows, cols=cols, width=5, finishing_cols=finishing_cols)
    words, finishes = integers(rng, 5, (50, cols, rows)), rng.integers(0, 2, 50)
    outputs = drive(register, {"word": words, "finishes_next": np.roll(finishes, -1)}, ["weights"])
    expected = words.copy()
    expected[np.ix_(finishes == 1, finishing_cols, range(rows))] = 0
    # a flag comes a cycle before its word
    assert (outputs["weights"][1 + register.latency :] == expected[1 : -register.latency]).all()

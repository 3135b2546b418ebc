"""Latencies that depend on sizes; that components have them is tested with the components."""

import pytest

from nnhw.machine import column_latency, lane_latency, rotation_stages, row_stages, write_stages


@pytest.mark.parametrize(
    ("rows", "levels", "stages"), [(1, 2, 0), (2, 2, 1), (4, 2, 1), (5, 2, 2), (16, 3, 2)]
)
def test_only_columns_have_a_tree(rows, levels, stages):
    latency = column_latency(rows=rows, multiplier_stages=2, tree_levels_per_stage=levels)
    assert latency == 3 + stages
    assert lane_latency(multiplier_stages=2) == 3


@pytest.mark.parametrize(
    ("granularity", "rotation", "row", "write"),
    [(1, 2, 2, 2), (2, 2, 2, 2), (4, 1, 2, 2), (8, 1, 2, 2), (16, 0, 1, 1)],
)
def test_coarser_addresses_take_fewer_stages(granularity, rotation, row, write):
    sizes = {"banks": 16, "granularity": granularity}
    assert rotation_stages(**sizes) == rotation
    assert (row_stages(**sizes), write_stages(**sizes)) == (row, write)

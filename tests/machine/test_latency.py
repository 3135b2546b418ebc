"""Latencies, counted register by register; that components have them is tested with these."""

from __future__ import annotations

import pytest

from nnhw.machine import (
    ACTIVATION_STAGES,
    DRAIN_LATENCY,
    FETCH_LATENCY,
    GEARBOX_LATENCY,
    LANE_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_ADDRESS_STAGES,
    PARAMETER_LATENCY,
    RELEASE_LATENCY,
    RESULT_BUFFER_LATENCY,
    ROTATION_LEVELS_PER_STAGE,
    TAG_LEAD,
    WEIGHT_REGISTER_LATENCY,
    adder_latency,
    aligner_latency,
    column_latency,
    lane_latency,
    residual_turnaround,
    rotation_stages,
    row_stages,
    scaler_latency,
    write_back_latency,
    write_stages,
)


def test_registers_of_stages_that_depend_on_nothing():
    """Components take some of them as they are, so that no other test would miss a register."""
    assert MEMORY_LATENCY == 2
    assert FETCH_LATENCY == ACTIVATION_STAGES == LANE_LATENCY == 1
    assert TAG_LEAD == DRAIN_LATENCY == 1
    assert (PARAMETER_ADDRESS_STAGES, PARAMETER_LATENCY) == (2, 2 + MEMORY_LATENCY)
    assert WEIGHT_REGISTER_LATENCY == RELEASE_LATENCY == 1
    assert (RESULT_BUFFER_LATENCY, GEARBOX_LATENCY) == (3, 2)
    assert ROTATION_LEVELS_PER_STAGE == 2


@pytest.mark.parametrize(
    ("rows", "levels", "stages"), [(1, 2, 0), (2, 2, 1), (4, 2, 1), (5, 2, 2), (16, 3, 2)]
)
def test_only_columns_have_a_tree(rows, levels, stages):
    latency = column_latency(rows=rows, multiplier_stages=2, tree_levels_per_stage=levels)
    assert latency == 3 + stages
    assert lane_latency(multiplier_stages=2) == 3


@pytest.mark.parametrize(
    ("granularity", "rotation", "row", "write", "read"),
    [(1, 2, 2, 2, 6), (2, 2, 2, 2, 6), (4, 1, 2, 2, 5), (8, 1, 2, 2, 5), (16, 0, 1, 1, 4)],
)
def test_coarser_addresses_take_fewer_stages(granularity, rotation, row, write, read):
    sizes = {"banks": 16, "granularity": granularity}
    assert rotation_stages(**sizes) == rotation
    assert (row_stages(**sizes), write_stages(**sizes)) == (row, write)
    assert aligner_latency(**sizes) == read
    assert aligner_latency(**sizes, memory_latency=5) == read + 3


def test_results_are_written_when_the_slower_of_rotator_and_rows_is_done():
    assert write_stages(banks=64, granularity=1) == rotation_stages(banks=64, granularity=1) == 3
    assert write_stages(banks=2, granularity=1) == row_stages(banks=2, granularity=1) == 2


def test_what_networks_need_takes_its_stages():
    options = ((False, False), (False, True), (True, False), (True, True))
    scalers = [scaler_latency(stages=3, paired=p, multiplies=m) for p, m in options]
    assert scalers == [5, 6, 6, 7]
    assert (adder_latency(stages=1), adder_latency(stages=4)) == (7, 10)
    assert write_back_latency(tables=False, residual_stages=0) == 3
    assert write_back_latency(tables=True, residual_stages=6) == 10
    # in the adder, into the memory, out of it
    assert residual_turnaround(stages=4) == 10 + 1 + 2

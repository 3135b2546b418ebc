"""Latencies of an engine, added up by hand; the cycle model's tests simulate what follows."""

from __future__ import annotations

import pytest
from plain_machine import BANKS, plain

from nnhw.isa import Operation
from nnhw.machine import Timing

READ, TREE, LANE = 1 + (1 + 2 + 1) + 1, 2 + 2 + 1, 2 + 1
"""Address, aligner of one row and no rotation, way to the columns; five products are added up."""
BEHIND = 1 + (1 + 3 + 1) + 3
"""Drain, scaler, write-back."""


def timing(**limits) -> Timing:
    return plain().with_limits(**limits).machine.timing


@pytest.mark.parametrize(
    ("limits", "more"),
    [
        ({}, 0),
        ({"read_granularity": 1}, 1 + 1),  # two rows of banks, rotation by 0 to 7
        ({"read_granularity": BANKS // 2}, 1),  # one level takes no more than the mask
        ({"write_granularity": 1}, 0),
        ({"residual_depth": 1}, 1 + 3 + 5),
        ({"operations": frozenset({Operation.DOT, Operation.LANE_PAIR})}, 1),
    ],
)
def test_latency_of_results(limits, more):
    found = timing(**limits)
    assert found.result_latency(dense=True) == READ + TREE + BEHIND + more
    assert found.result_latency(dense=False) == READ + LANE + BEHIND + more


def test_what_only_some_instructions_ask_for_takes_its_cycle():
    for fields in ({"drain": {"combination": 1}}, {"write-back": {"table": 1}}):
        asking = plain().with_fields(fields, only_last=True).machine.timing
        assert asking.result_latency(dense=True) == READ + TREE + BEHIND + 1


@pytest.mark.parametrize(
    ("read", "write", "delay"), [(8, 8, 0), (8, 4, 1), (8, 1, 1), (4, 1, 0), (1, 8, 0)]
)
def test_delay_of_alignment(read, write, delay):
    """Reads get the cycles back that they need for their own rows."""
    found = timing(read_granularity=read, write_granularity=write)
    assert found.memory_delay == delay
    assert found.row_latency == (1 if read == BANKS else 2)


def test_room_is_for_what_the_slowest_operation_has_on_its_way():
    dense = READ + TREE + BEHIND
    lanes = frozenset({Operation.LANE_MAX})
    both = lanes | {Operation.DOT}
    for operations, longest in ((lanes, READ + LANE + BEHIND), (both, dense)):
        found = timing(operations=operations, tile_cycles=7, write_granularity=1)
        assert found.longest_latency == longest
        # two tiles, and what is known late of an entry that became free
        assert found.output_buffer_depth == longest + 2 * 7 + 3 + 2
        assert found.tiles_in_flight == longest + 1 + 2

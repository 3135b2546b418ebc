"""Headroom: what a machine has more than its programs need, and what it is short of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.isa import Operation
from nnhw.machine import Headroom, Machine
from nnhw.machine.headroom import rounded_rows
from nnhw.mapping import EngineConfig, Program, map_graph

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, lane_groups=2, input_bytes=4)


@pytest.fixture(scope="module")
def program() -> Program:
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.function(builder.add(builder.conv(x, 4), x))
    return map_graph(builder.graph(builder.dense(builder.max_pool(x, kernel=(2, 2)), 7)), CONFIG)


def test_a_machine_with_headroom_covers_what_it_was_made_for(program):
    machine = program.machine
    larger = Headroom().of(machine)
    assert larger.covers(machine)
    assert not list(larger.shortfalls(machine))
    assert not machine.covers(larger)


def test_memories_have_rows_of_blocks(program):
    machine = program.machine
    larger = Headroom(memory=3).of(machine)
    assert larger.datapath.weight_words == rounded_rows(3 * machine.datapath.weight_words)
    assert larger.limits.depth >= 3 * machine.limits.depth
    assert larger.limits.frame_bytes >= 3 * machine.limits.frame_bytes
    assert larger.limits.layers >= 1.5 * machine.limits.layers
    assert larger.datapath.tables == machine.datapath.tables + 1


@pytest.mark.parametrize(
    ("rows", "rounded"), [(1, 1), (3, 4), (257, 512), (512, 512), (513, 1024), (1025, 1536)]
)
def test_rounded_rows(rows, rounded):
    assert rounded_rows(rows) == rounded


def test_no_hardware_is_added_but_a_fence(program):
    """A field that is zero in all layers stays so; any other has room."""
    limits, larger = program.machine.limits, Headroom(bits=2).of(program.machine).limits
    for kind, layout in limits.layouts.items():
        for name, place in layout.fields.items():
            widened = larger.layouts[kind].fields[name]
            if name == "fence":
                assert widened.constant is None
            elif place.constant == 0:
                assert widened.constant == 0, name
            elif name in ("operation", "parameter_mode", "combination", "chunk_x"):
                assert widened.constant == place.constant, name
            else:
                assert widened.constant is None, name
                assert widened.width >= place.width, name
    assert larger.layouts["fetch"].fields["source"].width == (
        limits.layouts["fetch"].fields["source"].width + 2
    )
    assert larger.operations == limits.operations
    assert not larger.multiplies


def test_addresses(program):
    limits = program.machine.limits
    assert Headroom().of(program.machine).limits.write_granularity == 1
    kept = Headroom(any_address=False).of(program.machine).limits
    assert kept.write_granularity == limits.write_granularity
    assert kept.read_granularity == limits.read_granularity


def test_what_is_missing_is_said(program):
    """Each thing in words, with what there is and what is needed."""
    machine = program.machine
    limits, datapath = machine.limits, machine.datapath
    fetch = limits.layouts["fetch"]
    wide = fetch.widened({"source": fetch.fields["source"].width + 3})
    asking = Machine.fit(
        machine.config,
        replace(
            limits,
            layers=limits.layers + 5,
            operations=limits.operations | {Operation.LANE_PAIR},
            layouts={**limits.layouts, "fetch": wide},
            multiplies=True,
        ),
        replace(datapath, shifts=(*datapath.shifts, 63), weight_words=datapath.weight_words + 1),
    )
    assert not machine.covers(asking)
    source = fetch.fields["source"].width
    assert [str(lack) for lack in machine.shortfalls(asking)] == [
        f"layers of the program: {limits.layers + 5} needed, {limits.layers} available",
        "operations of the array: LANE_PAIR needed, "
        f"{', '.join(sorted(o.name for o in limits.operations))} available",
        "products of two tensors: yes needed, no available",
        f"field 'source' of fetch instructions: {source + 3} bits needed, {source} bits available",
        f"requantization shifts: 63 needed, {', '.join(map(str, datapath.shifts))} available",
        f"words of the weight memory: {datapath.weight_words + 1} needed, "
        f"{datapath.weight_words} available",
    ]

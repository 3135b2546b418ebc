"""Limits of one program, and of several: what is enough for all, and no more."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.isa import InstructionLayout
from nnhw.machine import Limits, Machine
from nnhw.mapping import EngineConfig, Program, map_graph

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, lane_groups=2, input_bytes=4)


@pytest.fixture(scope="module")
def programs() -> tuple[Program, Program]:
    """Two networks with inputs of one size, that differ in all else."""
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.function(builder.add(builder.conv(x, 4), x))
    first = builder.graph(builder.dense(builder.max_pool(x, kernel=(2, 2)), 7))
    builder = IntegerBuilder((6, 5, 4), seed=4, bits=6)
    x = builder.conv("x", 3, kernel=(3, 3))
    second = builder.graph(builder.dense(builder.multiply(x, x), 9))
    return map_graph(first, CONFIG), map_graph(second, CONFIG)


def test_a_fitted_machine_covers_its_own_program_alone(programs):
    first, second = (program.machine for program in programs)
    assert first.covers(first)
    assert first.join(first) == first
    assert not first.covers(second)
    assert not second.covers(first)


def test_a_joined_machine_covers_both(programs):
    first, second = (program.machine for program in programs)
    both = first.join(second)
    assert both.covers(first)
    assert both.covers(second)
    assert both.covers(both)
    limits = both.limits
    assert limits.operations == first.limits.operations | second.limits.operations
    assert limits.depth == max(first.limits.depth, second.limits.depth)
    assert first.limits.read_granularity % limits.read_granularity == 0
    assert both.datapath.widths.multiplier == max(
        machine.datapath.widths.multiplier for machine in (first, second)
    )
    # what is on its way at once, of the slowest layer of either
    assert both.output_buffer_depth >= max(first.output_buffer_depth, second.output_buffer_depth)


def test_a_joined_layout_encodes_the_instructions_of_both(programs):
    first, second = programs
    layouts = first.machine.join(second.machine).limits.layouts
    assert layouts.keys() == {"fetch", "drain", "write-back", "residual"}
    for program in programs:
        for kind, instructions in program.instructions.items():
            layout = layouts[kind]
            for instruction in instructions:
                assert layout.decode(layout.encode(instruction)) == instruction


def test_nothing_more_than_a_limit_is_covered(programs):
    """Each of the numbers counts."""
    limits = programs[0].limits
    for field in fields(Limits):
        value = getattr(limits, field.name)
        if type(value) is int:
            # a granularity is the more the less it is
            more = value // 2 if field.name.endswith("granularity") and value > 1 else value + 1
            if not (field.name.endswith("granularity") and value == 1):
                larger = replace(limits, **{field.name: more})
                assert not limits.covers(larger), field.name
                (lack,) = limits.shortfalls(larger)
                assert (lack.needed, lack.available) == (str(more), str(value)), field.name


def test_machines_of_other_configurations_are_not_joined(programs):
    machine = programs[0].machine
    other = replace(machine, config=replace(CONFIG, lanes=1))
    with pytest.raises(ValueError, match=r"^Machines to be joined must"):
        Machine.join(machine, other)


def test_a_layout_keeps_what_is_constant_in_both(programs):
    one, other = (InstructionLayout.fit(program.fetch) for program in programs)
    joined = one.join(other)
    for name, place in joined.fields.items():
        constants = {one.fields[name].constant, other.fields[name].constant}
        assert place.constant == (constants.pop() if len(constants) == 1 else None), name
        assert place.width == max(one.fields[name].width, other.fields[name].width)
    assert joined.width > max(one.width, other.width)

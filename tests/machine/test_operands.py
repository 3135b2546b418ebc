"""Memories of an engine: what they hold, and when they are to be read."""

from __future__ import annotations

from plain_machine import BANKS, plain

from nnhw.isa import ROW, WEIGHT, X
from nnhw.machine.operands import ACTIVATIONS, FRAMES, OPERANDS, PARAMETERS, RESIDUALS, WEIGHTS


def test_bits_of_memories():
    variant = plain().with_limits(depth=6, frame_depth=10, residual_depth=9)
    machine = variant.with_config(frame_buffers=2).machine
    layouts = machine.limits.layouts.values()
    assert machine.memory_bits() == {
        "weights": 11 * (5 * 4 * 3),
        "activations": 6 * BANKS * 7,
        "frame_buffer": 2 * 10 * BANKS * 7,
        "parameters": 13 * 2 * (9 + 0 + 0),
        "residuals": 9 * 2 * 7,
        "program": machine.limits.layers * sum(layout.width for layout in layouts),
    }
    shifting = variant.with_datapath(shifts=(1, 2, 4)).with_widths(multiplier=5).machine
    assert PARAMETERS.bits(shifting) == 13 * 2 * (9 + 5 + 2)


def test_addresses_and_writers():
    assert {operand.name: operand.coordinates for operand in OPERANDS if operand.coordinates} == {
        "weights": (WEIGHT,),
        "activations": (ROW, X),
        "frame_buffer": (ROW, X),
    }
    assert [
        operand.writer for operand in (FRAMES, ACTIVATIONS, RESIDUALS, WEIGHTS, PARAMETERS)
    ] == [
        "input",
        "write-back",
        "write-back",
        "",
        "",
    ]


def test_weights_meet_their_activations():
    """A word of weights takes memory and weight register; activations take rows, memory, the
    aligner's last register, and the way to the columns."""
    for granularity, rows, rotation in ((BANKS, 1, 1), (BANKS // 2, 2, 1), (1, 2, 2)):
        timing = plain().with_limits(read_granularity=granularity).machine.timing
        assert WEIGHTS.address_stages(timing) + 2 + 1 == rows + 2 + rotation + 1
        assert ACTIVATIONS.address_stages(timing) == FRAMES.address_stages(timing) == rows
        assert PARAMETERS.address_stages(timing) == 2
        assert RESIDUALS.address_stages(timing) == 0

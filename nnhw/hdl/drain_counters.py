"""Where the drain is in a strip and in a tile: registers say what is the last of it.

Much depends on what a step ends, and comparisons one behind the other would take long. So whether
the next roll or step is the last one is found while the one before it is at work, from the fields
of the instruction and, where a layer ends, of the next one.
"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value

from .arithmetic import named
from .instruction import InstructionRegister, LoadedInstructionRegister, is_zero

Register = InstructionRegister | LoadedInstructionRegister

AHEAD = ("pixels", "tiles", "rolls", "steps", "steps_last")
"""Fields of the next drain instruction that are to be known."""


def count_rolls(
    m: Module, instruction: Register, tile_done: Value, layer_follows: Value, begins: Value
) -> tuple[Value, Value]:
    """Whether the tile is the last one of its strip, and whether that of the next cycle is.

    Parameters
    ----------
    tile_done
        The tile leaves in this cycle.
    layer_follows
        Its strip is the last one of its layer.
    begins
        See `LoadedInstructionRegister`.
    """
    f, upcoming = instruction.current, instruction.upcoming
    if not instruction.layout.asks("rolls"):
        return Const(1), Const(1)
    roll = Signal.like(f.rolls, init=0, name="roll")
    is_last = Signal(name="in_last_roll", init=instruction.first.rolls == 0)
    next_is_single = named(m, upcoming.rolls == 0, "next_rolls_are_zero")
    begun = Mux(layer_follows, next_is_single, is_zero(m, instruction, "rolls"))
    is_last_next = Signal(name="in_last_roll_next")
    m.d.comb += is_last_next.eq(is_last)
    with m.If(tile_done):
        m.d.comb += is_last_next.eq(Mux(is_last, begun, roll + 1 == f.rolls))
        m.d.sync += roll.eq(Mux(is_last, 0, roll + 1))
    with m.If(begins):
        m.d.comb += is_last_next.eq(next_is_single)
    m.d.sync += is_last.eq(is_last_next)
    return is_last, is_last_next


def count_steps(
    m: Module,
    instruction: Register,
    step_done: Value,
    begins: Value,
    *,
    in_last_strip: Value,
    last_strip_follows: Value,
    layer_follows: Value,
) -> Value:
    """Whether the step is the last one of its tile.

    Parameters
    ----------
    step_done
        The step leaves in this cycle.
    begins
        See `LoadedInstructionRegister`.
    in_last_strip
        The tile is in the last strip of its pixel.
    last_strip_follows, layer_follows
        The next tile is in the last strip of its pixel, or in the next layer.
    """
    f, upcoming = instruction.current, instruction.upcoming
    first = instruction.first
    single = first.steps_last if first.tiles == 0 else first.steps
    step = Signal(max(f.steps.shape().width, f.steps_last.shape().width))
    is_last = Signal(name="step_last", init=single == 0)
    next_is_single = Mux(upcoming.tiles == 0, upcoming.steps_last == 0, upcoming.steps == 0)
    next_is_single = named(m, next_is_single, "next_steps_are_zero")
    of_layer = Mux(
        last_strip_follows, is_zero(m, instruction, "steps_last"), is_zero(m, instruction, "steps")
    )
    begun = named(m, Mux(layer_follows, next_is_single, of_layer), "next_tile_has_one_step")
    steps = named(m, Mux(in_last_strip, f.steps_last, f.steps), "steps_of_tile")
    next_step = named(m, step + 1, "next_step")
    with m.If(step_done):
        m.d.sync += [
            step.eq(Mux(is_last, 0, next_step)),
            is_last.eq(Mux(is_last, begun, next_step == steps)),
        ]
    with m.If(begins):
        m.d.sync += is_last.eq(next_is_single)
    return is_last

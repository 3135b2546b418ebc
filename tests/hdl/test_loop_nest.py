"""The loop nest against seven nested loops in Python."""

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib.wiring import connect
from bench import drive, encoded
from program_walk import walk_fetch
from random_programs import fetch_program

from nnhw.hdl.instruction import InstructionRegister
from nnhw.hdl.loop_nest import LoopNest
from nnhw.isa import LOOPS, FetchInstruction, X, Y, coordinate_bits

FLAGS = ("roll_last", "strip_last", "pixel_last", "layer_last")
PLACES = ("in_first_roll", "in_warmup", "finishes", "in_last_strip")
OUTPUTS = ("x", "row", "y", "weight_address", *FLAGS, *PLACES)
ADDRESS_WIDTH = 8


class Walker(Elaboratable):
    """A loop nest and its instruction register, wired as the sequencer wires them."""

    def __init__(self, program: list[FetchInstruction]):
        self.register = InstructionRegister(**encoded(program), ahead=LoopNest.AHEAD)
        self.loops = LoopNest(
            layout=self.register.layout,
            first=self.register.first,
            x_width=coordinate_bits(program, X),
            y_width=coordinate_bits(program, Y),
            address_width=ADDRESS_WIDTH,
            weight_width=ADDRESS_WIDTH,
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.register, m.submodules.loops = self.register, self.loops
        connect(m, self.register.current, self.loops.current)
        connect(m, self.register.upcoming, self.loops.upcoming)
        m.d.comb += self.register.advance.eq(self.loops.step & self.loops.layer_last)
        return m


def expected(program: list[FetchInstruction]) -> list[tuple]:
    """Values of `OUTPUTS` for every fetch of the program."""
    fetches = [
        fetch
        for instruction in program
        for fetch in walk_fetch(instruction, space=1 << ADDRESS_WIDTH)
    ]
    return [tuple(int(getattr(fetch, name)) for name in OUTPUTS) for fetch in fetches]


@pytest.mark.parametrize("seed", range(40))
def test_walks_like_nested_loops(seed):
    rng = np.random.default_rng(seed)
    program = fetch_program(seed, space=1 << ADDRESS_WIDTH)
    walker = Walker(program)
    fetches = expected(program)
    # through the whole program and into its second round, with pauses
    step = rng.permutation([1] * (len(fetches) + 3) + [0] * (len(fetches) // 4))
    outputs = drive(walker.loops, {"step": step}, OUTPUTS, design=walker)
    actual = list(zip(*(outputs[name].tolist() for name in OUTPUTS), strict=True))
    position = np.concatenate([[0], np.cumsum(step)[:-1]]) % len(fetches)
    assert actual == [fetches[at] for at in position]


def test_builds_only_the_loops_that_a_layer_repeats():
    program = [
        FetchInstruction(**{**vars(fetch_program(0)[0]), **dict.fromkeys(LOOPS, 0), **counts})
        for counts in ({"taps_x": 1}, {"out_rows": 2}, {})
    ]
    walker = Walker(program)
    assert walker.loops.loops == ("taps_x", "out_rows")
    drive(walker.loops, {"step": [1]}, OUTPUTS, design=walker)

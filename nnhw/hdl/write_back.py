"""The last stage: rounds, adds the zero point, clamps, and says where results go."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import WriteBackInstruction
from .arithmetic import delay
from .instruction import InstructionRegister


class WriteBack(wiring.Component):
    """Turns scaled values into activations and follows the program to place them.

    Every result of every layer passes here, in order.

    Parameters
    ----------
    program : sequence of WriteBackInstruction
    lanes : int
    quotient_width, activation_width : int
        Bits of signed values.
    address_width : int

    Members
    -------
    scaled : In(1)
        Scaled values are there.
    scaled_count : In(range(lanes + 1))
    tile_done, layer_done : In(1)
        They are the last of a tile, of a layer.
    quotients : In(lanes of signed)
    round_up : In(lanes)
        See `Scaler`.
    valid : Out(1)
        Results are there, `latency` cycles later, as all that follow but `retired`.
    layer : Out
        Number of their layer.
    count : Out(range(lanes + 1))
    data : Out(lanes of signed)
    address : Out
        Where the first one belongs.
    to_stream : Out(1)
        They leave the engine.
    frame_done : Out(1)
        They are the last of the frame.
    retired : Out(1)
        In the next cycle the last results of a tile are there.

    Attributes
    ----------
    latency : int
    """

    latency = 2

    def __init__(
        self,
        *,
        program: Sequence[WriteBackInstruction],
        lanes: int,
        quotient_width: int,
        activation_width: int,
        address_width: int,
    ):
        self.program = tuple(program)
        self.lanes = lanes
        self.quotient_width = quotient_width
        self.activation_width = activation_width
        self.instruction = InstructionRegister(self.program)
        super().__init__(
            {
                "scaled": In(1),
                "scaled_count": In(range(lanes + 1)),
                "tile_done": In(1),
                "layer_done": In(1),
                "quotients": In(data.ArrayLayout(signed(quotient_width), lanes)),
                "round_up": In(lanes),
                "valid": Out(1),
                "layer": Out(range(max(2, len(self.program)))),
                "count": Out(range(lanes + 1)),
                "data": Out(data.ArrayLayout(signed(activation_width), lanes)),
                "address": Out(address_width),
                "to_stream": Out(1),
                "frame_done": Out(1),
                "retired": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        f, upcoming = instruction.current, instruction.upcoming
        layer_done = Signal(name="leaves_layer")
        m.d.comb += [
            layer_done.eq(self.scaled & self.layer_done),
            instruction.advance.eq(layer_done),
        ]
        address = self._walk_addresses(m, f, upcoming, layer_done)

        # first stage: round and add the zero point; second stage: clamp
        lo, hi = delay(m, f.lo, 1, name="lo"), delay(m, f.hi, 1, name="hi")
        rounded_width = max(self.quotient_width, self.activation_width) + 2
        results = Signal.like(self.data, reset_less=True, name="results")
        for lane in range(self.lanes):
            rounded = Signal(signed(rounded_width), name=f"rounded_{lane}", reset_less=True)
            m.d.sync += [
                rounded.eq(self.quotients[lane] + self.round_up[lane] + f.zero_point),
                results[lane].eq(Mux(rounded < lo, lo, Mux(rounded > hi, hi, rounded))),
            ]
        is_last = instruction.index == len(self.program) - 1
        m.d.sync += self.retired.eq(self.scaled & self.tile_done)
        m.d.comb += [
            self.data.eq(results),
            self.valid.eq(delay(m, self.scaled, 2, name="valid", reset=True)),
            self.layer.eq(delay(m, instruction.index, 2, name="layer")),
            self.count.eq(delay(m, self.scaled_count, 2, name="count")),
            self.address.eq(delay(m, address, 2, name="address")),
            self.to_stream.eq(delay(m, f.to_stream, 2, name="to_stream")),
            self.frame_done.eq(delay(m, layer_done & is_last, 2, name="frame_done")),
        ]
        return m

    def _walk_addresses(self, m: Module, f, upcoming, layer_done) -> Signal:
        """Address of the results that are scaled in this cycle."""
        first = self.program[0].destination
        address = Signal.like(self.address, init=first, name="next_address")
        following = Signal.like(address, name="following_address")
        m.d.comb += following.eq(address + self.scaled_count)
        moves_on = self.scaled & ~layer_done
        with m.If(layer_done):
            m.d.sync += address.eq(upcoming.destination)
        with m.Elif(self.scaled):
            m.d.sync += address.eq(following)
        if any(instruction.rolls for instruction in self.program):
            roll = Signal.like(f.rolls, init=0, name="roll")
            tile = Signal.like(address, init=first, name="tile_address")
            strip = Signal.like(address, name="next_strip_address")
            strip_done = self.tile_done & (roll == f.rolls)
            with m.If(self.scaled & self.tile_done):
                m.d.sync += roll.eq(Mux(strip_done, 0, roll + 1))
                with m.If(roll == 0):
                    m.d.sync += strip.eq(following)
            with m.If(layer_done):
                m.d.sync += tile.eq(upcoming.destination)
            with m.Elif(moves_on & strip_done):
                after = Mux(f.rolls == 0, following, strip)
                m.d.sync += [address.eq(after), tile.eq(after)]
            with m.Elif(moves_on & self.tile_done):
                m.d.sync += [address.eq(tile + f.roll_pitch), tile.eq(tile + f.roll_pitch)]
        return address

"""The drain: takes finished tiles out of the array's way and feeds them to the requantizer."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout, ParameterMode
from ..machine import DRAIN_LATENCY, SLICE_BITS
from .arithmetic import delay, named
from .drain_counters import AHEAD, count_rolls, count_steps
from .instruction import Words, instruction_register, is_zero, load_program, program_port
from .mac_array import TileSignature
from .parameters import check_integers
from .parity import report_parity
from .tags import StepTags
from .technology import PORTABLE, Technology

_BITS_A_COPY = 64
"""Bits of shadow registers that share a copy of the flags."""


class Drain(wiring.Component):
    """Shadow registers that hold a finished tile while the array goes on with the next one.

    A tile is taken in one cycle and given out in steps of `lanes` results. The fetch sequencer
    never lets a tile finish before the one ahead of it has left. Where a layer's weights are in
    slices (see `nnhw.machine.slices`), the second half of the columns has what the upper ones make,
    which is joined to the first half as the tile is taken. All that is decided about a step
    is decided `parameter_latency` cycles before, when its parameters are asked for, so that
    nothing but that has to wait for them.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int or Section
        The program; see `instruction_register`.
    parameter_modes : frozenset of ParameterMode
        Those that there are.
    last_words : bool
        Whether the last tile of a strip may have other parameters than those in the middle.
    array_lanes, cols : int
        Results of a tile in lanes and in columns.
    lanes : int
        Results a step.
    accumulator_width, activation_width : int
        Bits of results and of second terms, signed.
    parameter_words : int
        Depth of the parameter memory.
    uses_columns, uses_lanes, paired : bool
        What tiles come from, and whether any has second terms.
    gaps : bool
        Whether the ends of pixels and image rows matter.
    parameter_latency : int
        Cycles from `parameter_address` to the parameters, and from `tile.announced` to the tile; at
        least 2 if columns are joined.
    technology : Technology
        How it is known all over the shadow registers that a tile is there; and what the program
        memory is built of, if there is one.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    tile : In(TileSignature(...))
    parameter_address : Out
        Parameters of the step whose results come out `parameter_latency` cycles later.
    valid : Out(1)
        Results are there, with `second` also the terms before them.
    second : Out(1)
        They are second terms, to be added to those of the cycle before.
    combination : Out
        What becomes of two terms; see `DrainInstruction`.
    tags : Out(StepTags(lanes=lanes))
    values : Out(lanes of signed)

    Attributes
    ----------
    latency : int
        Cycles from a tile to its first results.
    """

    latency = DRAIN_LATENCY

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Words,
        parameter_modes: frozenset[ParameterMode],
        last_words: bool,
        array_lanes: int,
        cols: int,
        lanes: int,
        accumulator_width: int,
        activation_width: int,
        parameter_words: int,
        uses_columns: bool,
        uses_lanes: bool,
        paired: bool,
        gaps: bool,
        parameter_latency: int,
        technology: Technology = PORTABLE,
    ):
        check_integers(
            self,
            array_lanes=array_lanes,
            cols=cols,
            lanes=lanes,
            accumulator_width=accumulator_width,
            activation_width=activation_width,
            parameter_words=parameter_words,
            parameter_latency=parameter_latency,
        )
        if layout.asks("joined"):
            check_integers(self, least=2, parameter_latency=parameter_latency)
        self.parameter_modes = parameter_modes
        self.last_words = last_words
        self.cols = cols
        self.lanes = lanes
        self.accumulator_width = accumulator_width
        self.activation_width = activation_width
        self.uses_columns = uses_columns
        self.uses_lanes = uses_lanes
        self.paired = paired
        self.gaps = gaps
        self.parameter_latency = parameter_latency
        self.technology = technology
        self.instruction = instruction_register(layout, words, ahead=AHEAD, technology=technology)
        super().__init__(
            {
                **program_port(words),
                "tile": In(
                    TileSignature(
                        cols=cols,
                        lanes=array_lanes,
                        accumulator_width=accumulator_width,
                        activation_width=activation_width,
                    )
                ),
                "parameter_address": Out(range(max(2, parameter_words))),
                "valid": Out(1),
                "second": Out(1),
                "combination": Out(layout.fields["combination"].width),
                "tags": Out(StepTags(lanes=lanes)),
                "values": Out(data.ArrayLayout(signed(accumulator_width), lanes)),
            }
        )

    def _shadow(self, m: Module, name: str, sources: Sequence[Sequence[Value]], width: int, shift):
        """Shift registers of whole steps: the values of the first step.

        `sources` are values from the columns and from the lanes, each may be empty. Where there is
        nothing to be shifted any more, what is in the registers does not matter.
        """
        count = max(map(len, sources))
        steps = -(-count // self.lanes)
        take = Signal(data.StructLayout({"arrives": 1, "in_lanes": 1}), name=f"take_{name}_next")
        m.d.comb += [
            take.arrives.eq(self.tile.arrives_next),
            take.in_lanes.eq(self.tile.in_lanes_next),
        ]
        takes = self.technology.fan_out(
            m,
            take,
            stages=1,
            leaves=-(-steps * self.lanes * width // _BITS_A_COPY),
            name=f"take_{name}",
        )
        shadow = [
            Signal(signed(width), name=f"{name}_{index}", reset_less=True)
            for index in range(steps * self.lanes)
        ]
        for index, register in enumerate(shadow):
            copy = takes[index * len(takes) // len(shadow)]
            take, take_lanes = copy.arrives, copy.in_lanes
            columns, lanes = (source[index] if index < len(source) else None for source in sources)
            if index + self.lanes < len(shadow):
                with m.If(shift):
                    m.d.sync += register.eq(shadow[index + self.lanes])
            for value, condition in ((columns, take & ~take_lanes), (lanes, take & take_lanes)):
                if value is not None:
                    either = columns is None or lanes is None
                    with m.If(take if either else condition):
                        m.d.sync += register.eq(value)
        return shadow[: self.lanes]

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        f = instruction.current
        if instruction.is_loaded:
            load_program(m, self.program, instruction)
            report_parity(m, self, instruction)

        active = Signal()
        second = Signal()
        first, upcoming = instruction.first, instruction.upcoming
        strips_left = Signal.like(f.tiles, init=first.tiles)
        in_last_strip = Signal(init=first.tiles == 0)
        pixels_left = Signal.like(f.pixels, init=first.pixels)
        is_last_pixel = Signal(init=first.pixels == 0)
        step_done, tile_done, strip_done, pixel_done, layer_done = (
            Signal(name=name)
            for name in ("step_done", "tile_done", "strip_done", "pixel_done", "layer_done")
        )
        begins = instruction.begins if instruction.is_loaded else Const(0)
        in_last_roll, in_last_roll_next = count_rolls(
            m, instruction, tile_done, in_last_strip & is_last_pixel, begins
        )
        # what of several ends with the tile is in registers, too, as much depends on it
        is_one_roll = isinstance(in_last_roll, Const)
        ends_pixel = in_last_strip
        if not is_one_roll:
            ends_pixel = Signal(init=first.rolls == first.tiles == 0)
        ends_layer = Signal(init=first.rolls == first.tiles == first.pixels == 0)
        has_one_strip = is_zero(m, instruction, "tiles")
        strip_follows = Mux(in_last_strip, has_one_strip, strips_left == 1)
        step_last = count_steps(
            m,
            instruction,
            step_done,
            begins,
            in_last_strip=in_last_strip,
            last_strip_follows=Mux(in_last_roll, strip_follows, in_last_strip),
            layer_follows=ends_layer,
        )
        m.d.comb += [
            step_done.eq(active & (second == f.paired)),
            tile_done.eq(step_done & step_last),
            strip_done.eq(tile_done & in_last_roll),
            pixel_done.eq(tile_done & ends_pixel),
            layer_done.eq(tile_done & ends_layer),
            instruction.advance.eq(layer_done),
        ]
        with m.If(self.tile.announced):
            m.d.sync += active.eq(1)
        with m.Elif(tile_done):
            m.d.sync += active.eq(0)
        if self.paired:
            m.d.sync += second.eq(active & f.paired & ~second)
        # behind the last strip of the last pixel the next layer follows
        strips = named(m, Mux(is_last_pixel, upcoming.tiles, f.tiles), "strips")
        last_strip_follows = Mux(in_last_strip, strips == 0, strips_left == 1)
        last_pixel_follows = Mux(is_last_pixel, upcoming.pixels == 0, pixels_left == 1)
        in_last_strip_next = named(
            m, Mux(strip_done | begins, last_strip_follows, in_last_strip), "in_last_strip_next"
        )
        is_last_pixel_next = named(
            m, Mux(pixel_done | begins, last_pixel_follows, is_last_pixel), "is_last_pixel_next"
        )
        with m.If(strip_done | begins):
            m.d.sync += strips_left.eq(Mux(in_last_strip, strips, strips_left - 1))
        with m.If(pixel_done | begins):
            m.d.sync += pixels_left.eq(Mux(is_last_pixel, upcoming.pixels, pixels_left - 1))
        ends_pixel_next = in_last_roll_next & in_last_strip_next
        m.d.sync += [
            in_last_strip.eq(in_last_strip_next),
            is_last_pixel.eq(is_last_pixel_next),
            ends_layer.eq(ends_pixel_next & is_last_pixel_next),
        ]
        if not is_one_roll:
            m.d.sync += ends_pixel.eq(ends_pixel_next)

        tags = Signal(StepTags(lanes=self.lanes))
        last_count = named(m, Mux(in_last_strip, f.count_last, f.count), "count_of_tile")
        m.d.comb += [
            tags.count.eq(Mux(step_last, last_count, self.lanes)),
            tags.tile_done.eq(tile_done),
            tags.pixel_done.eq(pixel_done),
            tags.layer_done.eq(layer_done),
        ]
        if self.gaps:
            column = Signal.like(f.row_pixels, init=0)
            row_done = pixel_done & (column == f.row_pixels)
            with m.If(pixel_done):
                m.d.sync += column.eq(Mux(row_done, 0, column + 1))
            m.d.comb += tags.row_done.eq(row_done)

        # all comes out together with the parameters
        wait = self.parameter_latency
        for output, value in (
            (self.valid, step_done),
            (self.second, second),
            (self.combination, f.combination),
        ):
            resets = output is self.valid  # the others matter with it only
            m.d.comb += output.eq(delay(m, value, wait, name=output.name, reset=resets))
        m.d.comb += self.tags.eq(delay(m, tags, wait, name="tags"))
        shift = named(m, second == f.paired, "shift") if self.paired else Const(1)
        for lane, value in enumerate(self._shadows(m, delay(m, shift, wait, name="shift"))):
            m.d.comb += self.values[lane].eq(value)
        self._walk_parameters(
            m, f, in_last_roll, second, step_done, tile_done, strip_done, pixel_done
        )
        return m

    def _columns(self, m: Module) -> list[Value]:
        """Results in columns, joined where they have to be."""
        columns: list[Value] = list(self.tile.columns)
        if not self.instruction.layout.asks("joined"):
            return columns
        half = self.cols // 2
        # the instruction is the tile's from the cycle after its announcement on
        joined = delay(
            m, self.instruction.current.joined, self.parameter_latency - 2, name="joined"
        )
        leaves = -(-half * self.accumulator_width // _BITS_A_COPY)
        copies: list[Value] = [joined] * leaves
        if not isinstance(joined, Const):
            copies = self.technology.fan_out(m, joined, stages=1, leaves=leaves, name="joined")
        for index in range(half):
            total = self.technology.add_gated(
                m,
                columns[index],
                Const(1),
                columns[half + index] << SLICE_BITS,
                copies[index * len(copies) // half],
                subtract=False,
                registered=False,
                name=f"joined_{index}",
            )
            columns[index] = total[: self.accumulator_width].as_signed()
        return columns

    def _shadows(self, m: Module, shift: Value) -> list[Value]:
        """Results that leave in the present cycle."""
        columns = self._columns(m) if self.uses_columns else []
        lanes = list(self.tile.lanes) if self.uses_lanes else []
        values = self._shadow(m, "shadow", (columns, lanes), self.accumulator_width, shift)
        if not self.paired:
            return values
        sources = ((), list(self.tile.addends))
        addends = self._shadow(m, "addend", sources, self.activation_width, shift)
        return [
            Mux(self.second, addend, value) for value, addend in zip(values, addends, strict=True)
        ]

    def _walk_parameters(
        self, m: Module, f, in_last_roll, second, step_done, tile_done, strip_done, pixel_done
    ) -> None:
        """The parameter memory's address, relative to the layer's first word."""
        offset = Signal.like(self.parameter_address, name="parameter_offset")
        modes = self.parameter_modes
        if ParameterMode.CHANNEL in modes:
            with m.If(f.parameter_mode == ParameterMode.CHANNEL):
                with m.If(pixel_done):
                    m.d.sync += offset.eq(0)
                with m.Elif(step_done):
                    m.d.sync += offset.eq(offset + 1)
                if not isinstance(in_last_roll, Const):  # tiles of a strip have the same parameters
                    strip = Signal.like(self.parameter_address, name="strip_offset")
                    with m.If(pixel_done):
                        m.d.sync += strip.eq(0)
                    with m.Elif(strip_done):
                        m.d.sync += strip.eq(offset + 1)
                    with m.Elif(tile_done):
                        m.d.sync += offset.eq(strip)
        if ParameterMode.TILE in modes:
            with m.If((f.parameter_mode == ParameterMode.TILE) & step_done):
                m.d.sync += offset.eq(Mux(tile_done, 0, offset + 1))
        if ParameterMode.PIXEL in modes:
            with m.If((f.parameter_mode == ParameterMode.PIXEL) & pixel_done):
                m.d.sync += offset.eq(Mux(self.instruction.advance, 0, offset + 1))
        later: Value = Const(0)
        if self.instruction.layout.asks("later_words", "last_words"):
            first_tile = Signal(init=1)
            with m.If(tile_done):
                m.d.sync += first_tile.eq(strip_done)
            later = f.later_words
            if self.last_words:
                later = named(m, Mux(in_last_roll, f.last_words, later), "later_words")
            later = Mux(first_tile, 0, later)
        m.d.comb += self.parameter_address.eq(f.parameter_base + offset + second + later)

"""The last stage: rounds, adds the zero point, clamps, adds earlier results, and says where results
go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout
from ..machine import LIMIT_LATENCY, Section, write_back_latency
from .arithmetic import delay, delays, named
from .instruction import (
    Words,
    instruction_register,
    is_zero,
    load_program,
    program_port,
    register_ahead,
)
from .load_port import SectionWrite
from .loaded_memory import LoadedMemory
from .memory import Rom
from .parameters import check_integers
from .parity import parity_port
from .quotient import Bounds, Quotient, difference, limit, quotient_width
from .residual_stage import ResidualStage
from .tags import Progress, StepTags
from .technology import PORTABLE, Technology

_LIMITS = frozenset({"zero_point", "lo", "hi"})
"""Fields between which results are limited: known ahead, so that their differences are, too."""
_BOUNDS = _LIMITS | {"table"}
"""Fields of results on their way; the others are of where they go."""


class WriteBack(wiring.Component):
    """Turns scaled values into activations and follows the program to place them.

    Every result of every layer passes here, in order.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int or Section
        The program; see `instruction_register`.
    lanes : int
    activation_width : int
        Bits of results, signed.
    address_width : int
    chased_bytes, chunk : int
        See `Progress`.
    tables : sequence of numpy.ndarray, or Section
        int8 (2 ** activation_width,) each: results by value, lowest value first; or where they are
        loaded to, a word a result.
    residuals : ResidualStage or None
        What adds earlier results, if anything does.
    technology : Technology
        How what all lanes need gets to them; and what memories are built of that are loaded.

    Members
    -------
    program : In(ProgramLoad(words))
    residual_program : In(ProgramLoad(words))
    table_write : In(SectionWrite(tables))
        If they are loaded: the program, that of the residual stage, the tables.
    scaled : In(1)
        Scaled values are there.
    tags : In(StepTags(lanes=lanes))
        Of these.
    quotients : In(lanes of Quotient(quotient_width(activation_width)))
    valid : Out(1)
        Results are there, `latency` cycles later, as all that follow but `progress`.
    layer : Out
        Number of their layer.
    count : Out(range(lanes + 1))
    data : Out(lanes of signed)
    address : Out
        Where the first one belongs.
    to_stream, to_memory : Out(1)
        They are there and leave the engine, or belong into the activation memory.
    ends_layer : Out(1)
        They are the last of their layer.
    parity_error : Out(1)
        If they are loaded, with parity: a word of any of them is not what was written.
    progress : Out(Progress(chased_bytes=chased_bytes, chunk=chunk))

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Words,
        lanes: int,
        activation_width: int,
        address_width: int,
        tables: Sequence[np.ndarray] | Section,
        chased_bytes: int,
        chunk: int,
        residuals: ResidualStage | None = None,
        technology: Technology = PORTABLE,
    ):
        check_integers(
            self,
            lanes=lanes,
            activation_width=activation_width,
            address_width=address_width,
        )
        check_integers(self, least=0, chased_bytes=chased_bytes)
        check_integers(self, chunk=chunk)
        self.lanes = lanes
        self.activation_width = activation_width
        self.tables = tables if isinstance(tables, Section) else tuple(tables)
        self.chased_bytes = chased_bytes
        self.chunk = chunk
        self.residuals = residuals
        self.technology = technology
        self.latency = write_back_latency(
            tables=bool(self.tables), residual_stages=residuals.latency if residuals else 0
        )
        # results are known by their instruction until they are between bounds, and by another one
        # when they are placed: so nothing of either has to go along
        self.instruction = instruction_register(
            layout, words, ahead=_LIMITS, names=_BOUNDS, technology=technology
        )
        self.placing = instruction_register(
            layout,
            words,
            ahead=("destination", "rolls", "to_stream", "residual_only"),
            names=layout.fields.keys() - _BOUNDS,
            technology=technology,
        )
        loads: dict[str, Any] = program_port(words)
        if residuals and "program" in residuals.signature.members:
            loads["residual_program"] = residuals.signature.members["program"]
        if isinstance(tables, Section):
            loads["table_write"] = In(SectionWrite(tables))
        quotient = Quotient(quotient_width(activation_width))
        super().__init__(
            {
                **loads,
                "scaled": In(1),
                "tags": In(StepTags(lanes=lanes)),
                "quotients": In(data.ArrayLayout(quotient, lanes)),
                "valid": Out(1),
                "layer": Out(self.instruction.index.shape()),
                "count": Out(range(lanes + 1)),
                "data": Out(data.ArrayLayout(signed(activation_width), lanes)),
                "address": Out(address_width),
                "to_stream": Out(1),
                "to_memory": Out(1),
                "ends_layer": Out(1),
                "progress": Out(Progress(chased_bytes=chased_bytes, chunk=chunk)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        m.submodules.placing = placing = self.placing
        f = instruction.current
        if instruction.is_loaded:
            load_program(m, self.program, instruction, placing)
        layer_done = named(m, self.scaled & self.tags.layer_done, "layer_done")
        m.d.comb += instruction.advance.eq(layer_done)

        results = self._round_and_clamp(m, f)
        wait = self.latency
        valid = delays(m, self.scaled, wait, name="valid", reset=True)
        count = delays(m, self.tags.count, wait, name="count")
        ends_layer = delays(m, layer_done, wait, name="ends_layer", reset=True)
        tile_done = delays(m, self.tags.tile_done, wait, name="tile_done")
        if self.chased_bytes:
            self._count_covered(m, valid[-4], count[-4], ends_layer[-4])
            m.d.comb += self.progress.layer_written.eq(ends_layer[-3])
        table_errors = Signal(self.lanes)
        finished = self._look_up(m, f, results, table_errors) if self.tables else results
        if self.residuals:
            m.submodules.residuals = self.residuals
            if instruction.is_loaded:
                load_program(m, self.residual_program, self.residuals)
            arrival = wait - self.residuals.latency
            places = {
                "read": arrival - self.residuals.read_lead,
                "add": arrival,
                "write": wait,
            }
            for name, age in places.items():
                passing = getattr(self.residuals, name)
                m.d.comb += [
                    passing.step.eq(valid[age]),
                    passing.layer_done.eq(ends_layer[age]),
                ]
            m.d.comb += self.residuals.results.eq(finished)
            finished = self.residuals.sums
        m.d.comb += [
            self.progress.retired.eq(valid[-2] & tile_done[-2]),
            self.data.eq(finished),
            self.valid.eq(valid[-1]),
            self.layer.eq(placing.index),
            self.count.eq(count[-1]),
            self.ends_layer.eq(ends_layer[-1]),
            placing.advance.eq(self.ends_layer),
        ]
        if parity_port(self.instruction.words):
            errors = instruction.parity_error | placing.parity_error | table_errors.any()
            if self.residuals:
                errors |= self.residuals.parity_error
            m.d.comb += self.parity_error.eq(errors)
        self._choose_destination(m, valid[-2])
        self._walk_addresses(m, tile_done[-1])
        return m

    def _choose_destination(self, m: Module, valid_next: Value) -> None:
        """Whom the results of the next cycle are for: registers, since all who get them are far
        from each other."""

        def following(name: str) -> Value:
            now, then = getattr(self.placing.current, name), getattr(self.placing.upcoming, name)
            return now if isinstance(now, Const) else Mux(self.ends_layer, then, now)

        to_stream = named(m, following("to_stream"), "to_stream_next")
        m.d.sync += [
            self.to_stream.eq(valid_next & to_stream),
            self.to_memory.eq(valid_next & ~(to_stream | following("residual_only"))),
        ]

    def _round_and_clamp(self, m: Module, f) -> Signal:
        """Results of `LIMIT_LATENCY` cycles later."""
        first = self.instruction.first
        least = register_ahead(
            m,
            self.instruction,
            lambda each: difference(each.lo, each.zero_point),
            first=first.lo - first.zero_point,
            name="least",
        )
        most = register_ahead(
            m,
            self.instruction,
            lambda each: difference(each.hi, each.zero_point),
            first=first.hi - first.zero_point,
            name="most",
        )
        whole = Bounds(zero_point=f.zero_point, lo=f.lo, hi=f.hi, least=least, most=most)
        bounds = Bounds.for_lanes(m, self.technology, bounds=whole, lanes=self.lanes)
        results = Signal.like(self.data, reset_less=True, name="results")
        for lane, own in enumerate(bounds):
            quotient = {name: self.quotients[lane][name] for name in Quotient.FIELDS}
            result = limit(m, quotient, own, self.technology, name=f"lane_{lane}")
            m.d.sync += results[lane].eq(result)
        return results

    def _count_covered(self, m: Module, valid: Value, count: Value, done: Value) -> None:
        """Counts what is known three cycles before the results, and gives it on from a register,
        since who decides by it is far away."""
        covered = Signal(self.progress.covered.shape(), init=-self.chunk)
        with m.If(done):
            m.d.sync += covered.eq(-self.chunk)
        with m.Elif(valid):
            m.d.sync += covered.eq(covered + count)
        given = Signal.like(covered, name="covered_given")
        m.d.sync += given.eq(covered)
        m.d.comb += self.progress.covered.eq(given)

    def _look_up(self, m: Module, f, results, errors: Signal) -> Signal:
        """Results of the next cycle, through the layer's table if it has one; and in which lanes
        the parity of an entry is wrong."""
        chosen = delay(m, f.table, LIMIT_LATENCY, name="table")
        entries = 1 << self.activation_width
        words = []
        if not isinstance(self.tables, Section):
            each = (value for table in self.tables for value in table.tolist())
            words = [int(value) & (entries - 1) for value in each]
        found = Signal.like(self.data, name="found")
        plain = delay(m, results.as_value(), 1, name="plain")
        used = delay(m, chosen != 0, 1, name="table_used")
        for lane in range(self.lanes):
            table: Rom | LoadedMemory
            if isinstance(self.tables, Section):
                table = LoadedMemory(self.tables, technology=self.technology)
                m.d.comb += table.write.eq(self.table_write)
                if self.tables.parity:
                    m.d.comb += errors[lane].eq(table.parity_error & used)
            else:
                table = Rom(width=self.activation_width, words=words)
            m.submodules[f"table_{lane}"] = table
            # entries are in order of value: the lowest one has only its sign bit set
            entry = results[lane].as_unsigned() ^ (entries >> 1)
            m.d.comb += [
                table.address.eq((chosen - 1) * entries + entry),
                found[lane].eq(Mux(used, table.data, plain[lane * self.activation_width :])),
            ]
        return found

    def _walk_addresses(self, m: Module, tile_done: Value) -> None:
        """Where results belong.

        Parameters
        ----------
        tile_done
            They are the last ones of a tile.
        """
        f, upcoming = self.placing.current, self.placing.upcoming
        first, asks = self.placing.first.destination, self.placing.layout.asks
        address = Signal.like(self.address, init=first, name="place")
        following = Signal.like(address, name="following_place")
        gap: Value | int = 0
        if asks("row_gap", "pixel_gap"):
            row_done, pixel_done = (
                delay(m, self.tags[name], self.latency, name=name)
                for name in ("row_done", "pixel_done")
            )
            gap = Mux(row_done, f.row_gap, Mux(pixel_done, f.pixel_gap, 0))
        m.d.comb += [following.eq(address + self.count + gap), self.address.eq(address)]
        moves_on = Signal()
        m.d.comb += moves_on.eq(self.valid & ~self.ends_layer)
        begins: Value = self.ends_layer
        if self.placing.is_loaded:
            begins = self.ends_layer | self.placing.begins
        with m.If(begins):
            m.d.sync += address.eq(upcoming.destination)
        with m.Elif(self.valid):
            m.d.sync += address.eq(following)
        if asks("rolls"):
            roll = Signal.like(f.rolls, init=0, name="roll")
            tile = Signal.like(address, init=first, name="tile_address")
            strip = Signal.like(address, name="next_strip_address")
            # what decides about addresses is in registers
            in_first_roll = Signal(init=1)
            in_last_roll = Signal(init=self.placing.first.rolls == 0)
            has_one_roll = is_zero(m, self.placing, "rolls")
            strip_done = Signal()
            m.d.comb += strip_done.eq(tile_done & in_last_roll)
            after_strip = named(m, Mux(has_one_roll, following, strip), "address_after_strip")
            after_tile = Signal.like(address, name="address_after_tile")
            m.d.comb += after_tile.eq(tile + f.roll_pitch)
            with m.If(self.valid & tile_done):
                m.d.sync += [
                    roll.eq(Mux(in_last_roll, 0, roll + 1)),
                    in_first_roll.eq(in_last_roll),
                    in_last_roll.eq(Mux(in_last_roll, has_one_roll, roll + 1 == f.rolls)),
                ]
                with m.If(in_first_roll):
                    m.d.sync += strip.eq(following)
            with m.If(begins):
                m.d.sync += [tile.eq(upcoming.destination), in_last_roll.eq(upcoming.rolls == 0)]
            with m.Elif(moves_on & strip_done):
                m.d.sync += [address.eq(after_strip), tile.eq(after_strip)]
            with m.Elif(moves_on & tile_done):
                m.d.sync += [address.eq(after_tile), tile.eq(after_tile)]

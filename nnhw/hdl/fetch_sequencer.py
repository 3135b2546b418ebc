"""The fetch sequencer: walks the program's loop nests and issues one fetch a cycle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from types import SimpleNamespace

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from ..isa import InstructionLayout, Operation
from ..machine import FETCH_LATENCY
from ..machine.gates import GATES, Fetch
from .arithmetic import delay
from .instruction import InstructionRegister
from .loop_nest import LoopNest

#: Instruction fields that a fetch takes along from the loop nest.
_LAYER_FIELDS = (
    "operation",
    "fence",
    "chase",
    "to_stream",
    "frees_frame",
    "height",
    "row_length",
    "pad_value",
)


class FetchSequencer(wiring.Component):
    """Issues the fetches of all layers, frame after frame, as soon as nothing stands in the way.

    What may stand in the way are the gates (`nnhw.machine.gates`). What is issued runs through the
    pipeline without ever stopping.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int
        The program; see `InstructionRegister`.
    x_width, y_width : int
        Bits of coordinates; see `LoopNest`.
    chunk : int
        Bytes of a fetch that a dot product takes.
    lanes : int
        Bytes of a fetch.
    address_width : int
    weight_words : int
        Depth of the weight memory.
    padded : bool
        Whether any lane ever lies in padding.
    buffer_depth : int
        Entries of the output buffer.
    tile_entries : int
        Most of them that a tile takes.
    streams_pairs : bool
        Whether results of pairs ever go there.
    tiles_in_flight : int
        Most tiles that can be on the way from issue to memory.
    chased_bytes : int
        Size of the largest tensor that is read while it is being written.

    Members
    -------
    frame_available : In(1)
        An input frame is there.
    frame_consumed : Out(1)
        The frame's last fetch is issued in this cycle.
    tile_retired : In(1)
        The last result of a tile will be written in the next cycle.
    entry_freed : In(1)
        An entry of the output buffer became free.
    written : In(range(chased_bytes + 1))
    writing : In
        In the next cycle so many bytes of this layer are in memory, and all of the layers before.
    writing_odd : In(1)
        The layer belongs to the second, fourth, ... frame.
    valid, first, last : Out(1)
        A fetch; it begins a roll, ends a roll that finishes a tile. These and all that follow are
        `latency` cycles late.
    carry : Out(1)
        With `first`: the sums of the roll before go on.
    finishes : Out(1)
        The roll only finishes the last tile of the strip before, but may begin sums of its own.
    operation : Out(Operation)
    address : Out
        Of lane 0. In the left padding it may lie before the memory that the row is in.
    upper_half : Out(1)
        The row begins in the upper half of the address space.
    weight_address : Out
    row_inside : Out(1)
        The image row is not padding.
    lane_start, lane_end : Out(range(lanes + 1))
        Lanes from start to before end are not padding. Another cycle later than all others.
    pad_value : Out(signed)
        What the other lanes deliver.

    Attributes
    ----------
    gates : list of Gate
        What may stand in the way of a fetch.
    latency : int
    """

    latency = FETCH_LATENCY

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Sequence[int],
        x_width: int,
        y_width: int,
        chunk: int,
        lanes: int,
        address_width: int,
        weight_words: int,
        padded: bool,
        buffer_depth: int,
        tile_entries: int,
        streams_pairs: bool,
        tiles_in_flight: int,
        chased_bytes: int,
    ):
        self.lanes = lanes
        self.padded = padded
        self.buffer_depth = buffer_depth
        self.tile_entries = tile_entries
        self.streams_pairs = streams_pairs
        self.tiles_in_flight = tiles_in_flight
        self.gates = [gate for gate in GATES if gate.is_needed(layout)]
        self._chunk = chunk
        self.instruction = InstructionRegister(layout, words)
        weights = range(max(2, weight_words))
        self._loops = LoopNest(
            layout=layout,
            first=self.instruction.first,
            x_width=x_width,
            y_width=y_width,
            address_width=address_width,
            weight_width=Shape.cast(weights).width,
        )
        pad_width = layout.fields["pad_value"].width
        super().__init__(
            {
                "frame_available": In(1),
                "frame_consumed": Out(1),
                "tile_retired": In(1),
                "entry_freed": In(1),
                "written": In(range(chased_bytes + 1)),
                "writing": In(self.instruction.index.shape()),
                "writing_odd": In(1),
                "valid": Out(1),
                "first": Out(1),
                "last": Out(1),
                "carry": Out(1),
                "finishes": Out(1),
                "operation": Out(unsigned(2)),
                "address": Out(address_width),
                "upper_half": Out(1),
                "weight_address": Out(weights),
                "row_inside": Out(1),
                "lane_start": Out(range(lanes + 1)),
                "lane_end": Out(range(lanes + 1)),
                "pad_value": Out(signed(pad_width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        m.submodules.loops = loops = self._loops

        issue = Signal()
        is_prepared = Signal()
        connect(m, instruction.current, loops.current)
        connect(m, instruction.upcoming, loops.upcoming)
        m.d.comb += instruction.advance.eq(loops.step & loops.layer_last)
        fetch = self._prepare(m, issue, is_prepared)
        m.d.comb += [
            issue.eq(is_prepared & ~self._is_blocked(m, issue, fetch)),
            self.frame_consumed.eq(issue & fetch.layer_last & fetch.frees_frame),
        ]
        m.d.sync += [
            self.valid.eq(issue),
            self.first.eq(fetch.roll_first),
            self.last.eq(fetch.tile_last),
            self.carry.eq(fetch.carry),
            self.finishes.eq(fetch.finishes),
            self.operation.eq(fetch.operation),
            self.address.eq(fetch.row + fetch.x),
            self.upper_half.eq(fetch.row[-1]),
            self.weight_address.eq(fetch.weight),
        ]
        if self.padded:
            before, after = -fetch.x, fetch.row_length - fetch.x
            m.d.sync += [
                self.row_inside.eq((fetch.y >= 0) & (fetch.y < fetch.height)),
                self.lane_start.eq(_clamp(delay(m, before, 1, name="lanes_before"), self.lanes)),
                self.lane_end.eq(_clamp(delay(m, after, 1, name="lanes_inside"), self.lanes)),
                self.pad_value.eq(fetch.pad_value),
            ]
        return m

    def _prepare(self, m: Module, issue: Signal, is_prepared: Signal) -> SimpleNamespace:
        """The next fetch, in registers: what it reads, and what it has to wait for.

        The loop nest is ahead by this fetch and a spare one, so that what decides about a fetch is
        in registers, and whether the loop nest goes on does not depend on that decision.
        """
        instruction, loops = self.instruction, self._loops
        f = instruction.current
        has_spare = Signal()
        replace = Signal(name="replaces_next")
        roll_first = Signal(init=1)
        layer_first = Signal(init=1)
        m.d.comb += [loops.step.eq(~has_spare), replace.eq(issue | ~is_prepared)]
        m.d.sync += [is_prepared.eq(1), has_spare.eq(~replace)]
        frame_odd = Signal(name="frame_is_odd")
        last = len(instruction.words) - 1
        with m.If(loops.step):
            m.d.sync += [
                roll_first.eq(loops.roll_last),
                layer_first.eq(loops.layer_last),
                frame_odd.eq(frame_odd ^ (loops.layer_last & (instruction.index == last))),
            ]

        drain_cycles = Mux(loops.in_last_strip, f.drain_cycles_last, f.drain_cycles)
        entries = drain_cycles + 1
        if self.streams_pairs:
            entries = Mux(f.operation == Operation.LANE_PAIR, entries >> 1, entries)
        values = {
            "x": loops.x,
            "row": loops.row,
            "weight": loops.weight_address,
            "roll_first": roll_first,
            "layer_first": layer_first,
            "frame_first": layer_first & (instruction.index == 0),
            "frame_odd": frame_odd,
            "carry": ~loops.in_first_roll,
            "finishes": loops.finishes,
            "tile_last": loops.roll_last & ~loops.in_warmup,
            "layer_last": loops.layer_last,
            "layer": instruction.index,
            "drain_cycles": drain_cycles,
            "entries": entries,
            "end": loops.x + self._chunk,
        }
        if self.padded:
            values["y"] = loops.y
        for name in _LAYER_FIELDS:
            values[name] = getattr(f, name)
        held, spares, latest = SimpleNamespace(), SimpleNamespace(), SimpleNamespace(**values)
        for name, value in values.items():
            prepared = spare = value
            if not isinstance(value, Const):
                prepared = Signal.like(value, name=f"next_{name}", reset_less=True)
                spare = Signal.like(value, name=f"spare_{name}", reset_less=True)
                with m.If(loops.step):
                    m.d.sync += spare.eq(value)
                with m.If(replace):
                    m.d.sync += prepared.eq(Mux(has_spare, spare, value))
            setattr(held, name, prepared)
            setattr(spares, name, spare)

        def follow(question: Callable[[Fetch], Value]) -> Value:
            # which fetch comes next is known last, so that it chooses among answers
            following = Mux(has_spare, question(spares), question(latest))
            return Mux(replace, following, question(held))

        for gate in self.gates:
            gate.prepare(m, self, held, follow)
        return held

    def _is_blocked(self, m: Module, issue: Signal, fetch: SimpleNamespace) -> Value:
        """Whether the next fetch has to wait."""
        ends_tile = issue & fetch.tile_last
        return reduce(or_, [gate.holds(m, self, fetch, ends_tile) for gate in self.gates])


def _clamp(value: Value, high: int) -> Value:
    """`value` limited to 0 to `high`."""
    return Mux(value < 0, 0, Mux(value > high, high, value))

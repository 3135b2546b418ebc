"""The fetch sequencer: walks the program's loop nests and issues one fetch a cycle."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import SimpleNamespace

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect

from ..isa import InstructionLayout, Operation
from ..machine import FETCH_LATENCY
from ..machine.gates import GATES, Fetch
from .arithmetic import clamp, delay, named
from .instruction import Words, instruction_register, load_program, program_port
from .loop_nest import LoopNest
from .parameters import check_at_most, check_integers
from .parity import report_parity
from .tags import FetchTags, Padding, Progress
from .technology import PORTABLE, Technology

#: Instruction fields that a fetch takes along from the loop nest.
_LAYER_FIELDS = (
    "operation",
    "chase",
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
    words : sequence of int or Section
        The program; see `instruction_register`.
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
    technology : Technology
        What the program memory is built of, if there is one.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    running : Out(1)
        Likewise: the first instruction is there.
    frame_available_next : In(1)
        In the next cycle an input frame is there.
    frame_consumed : Out(1)
        The frame's last fetch is issued in this cycle.
    progress : In(Progress(chased_bytes=chased_bytes, chunk=chunk))
        Of the results on their way to memory.
    entry_freed : In(1)
        An entry of the output buffer became free.
    valid : Out(1)
        A fetch. This and all that follow are `latency` cycles late.
    tags : Out(FetchTags())
    address : Out
        Of lane 0. In the left padding it may lie before the memory that the row is in.
    upper_half : Out(1)
        The row begins in the upper half of the address space.
    weight_address : Out
    padding : Out(Padding(lanes=lanes, pad_width=pad_width))

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
        words: Words,
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
        technology: Technology = PORTABLE,
    ):
        check_integers(self, chunk=chunk, lanes=lanes, buffer_depth=buffer_depth)
        check_integers(self, weight_words=weight_words)
        check_integers(
            self,
            least=0,
            tile_entries=tile_entries,
            tiles_in_flight=tiles_in_flight,
            chased_bytes=chased_bytes,
        )
        check_at_most(self, lanes, "the number of lanes", chunk=chunk)
        self.lanes = lanes
        self.padded = padded
        self.buffer_depth = buffer_depth
        self.tile_entries = tile_entries
        self.streams_pairs = streams_pairs
        self.tiles_in_flight = tiles_in_flight
        self.gates = [gate for gate in GATES if gate.is_needed(layout)]
        self.instruction = instruction_register(
            layout, words, ahead=LoopNest.AHEAD, technology=technology
        )
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
        port = program_port(words)
        super().__init__(
            {
                **port,
                **({"running": Out(1)} if port else {}),
                "frame_available_next": In(1),
                "frame_consumed": Out(1),
                "progress": In(Progress(chased_bytes=chased_bytes, chunk=chunk)),
                "entry_freed": In(1),
                "valid": Out(1),
                "tags": Out(FetchTags()),
                "address": Out(address_width),
                "upper_half": Out(1),
                "weight_address": Out(weights),
                "padding": Out(Padding(lanes=lanes, pad_width=pad_width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        m.submodules.loops = loops = self._loops

        issue = Signal()
        is_prepared = Signal()
        if instruction.is_loaded:
            load_program(m, self.program, instruction)
            report_parity(m, self, instruction)
            with m.If(instruction.begins):
                m.d.sync += self.running.eq(1)
        connect(m, instruction.current, loops.current)
        connect(m, instruction.upcoming, loops.upcoming)
        layer_done = loops.step & loops.layer_last
        if instruction.is_loaded:
            layer_done = layer_done & self.running
        m.d.comb += instruction.advance.eq(layer_done)
        fetch = self._prepare(m, issue, is_prepared)
        m.d.comb += [
            issue.eq(is_prepared & ~self._is_blocked(m, issue, fetch)),
            self.frame_consumed.eq(issue & fetch.layer_last & fetch.frees_frame),
        ]
        m.d.sync += [
            self.valid.eq(issue),
            self.tags.first.eq(fetch.roll_first),
            self.tags.last.eq(fetch.tile_last),
            self.tags.carry.eq(fetch.carry),
            self.tags.finishes.eq(fetch.finishes),
            self.tags.operation.eq(fetch.operation),
            self.address.eq(fetch.row + fetch.x),
            self.upper_half.eq(fetch.row[-1]),
            self.weight_address.eq(fetch.weight),
        ]
        if self.padded:
            inside = (fetch.y >= 0) & (fetch.y < fetch.height)
            before = delay(m, -fetch.x, 1, name="lanes_before")
            after = delay(m, fetch.row_length - fetch.x, 1, name="lanes_inside")
            m.d.sync += [
                self.padding.row_inside.eq(named(m, inside, "row_inside")),
                self.padding.lane_start.eq(named(m, clamp(before, self.lanes), "first_inside")),
                self.padding.lane_end.eq(named(m, clamp(after, self.lanes), "end_inside")),
                self.padding.pad_value.eq(fetch.pad_value),
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
        step: Value = ~has_spare
        runs: Value = Const(1)
        if instruction.is_loaded:
            # the loop nest leaves the layer that never was, and gives a fetch from then on
            step, runs = Mux(self.running, step, instruction.begins), self.running
        m.d.comb += [loops.step.eq(step), replace.eq(issue | ~is_prepared)]
        m.d.sync += [is_prepared.eq(runs), has_spare.eq(~replace)]
        with m.If(loops.step):
            m.d.sync += [
                roll_first.eq(loops.roll_last),
                layer_first.eq(loops.layer_last),
            ]

        drain_cycles = Mux(loops.in_last_strip, f.drain_cycles_last, f.drain_cycles)
        entries = drain_cycles + 1
        if self.streams_pairs:
            entries = Mux(f.operation == Operation.LANE_PAIR, entries >> 1, entries)
        tile_last = loops.roll_last & ~loops.in_warmup
        # what decides about a fetch is in as few registers as possible
        values = {
            "x": loops.x,
            "row": loops.row,
            "weight": loops.weight_address,
            "roll_first": roll_first,
            "frame_first": layer_first & (instruction.index == 0),
            "carry": ~loops.in_first_roll,
            "finishes": loops.finishes,
            "tile_last": tile_last,
            "layer_last": loops.layer_last,
            "drain_cycles": drain_cycles,
            "entries": entries,
        }
        if self.instruction.layout.asks("fence"):
            values["is_fenced"] = layer_first & f.fence
        if not isinstance(f.to_stream, Const):
            values["streams_tile"] = tile_last & f.to_stream
        if self.padded:
            values["y"] = loops.y
        for name in _LAYER_FIELDS:
            values[name] = getattr(f, name)
        shapes = {n: v.shape() for n, v in values.items() if not isinstance(v, Const)}
        layout = data.StructLayout(shapes)
        latest = Signal(layout, name="latest")
        spare = Signal(layout, name="spare", reset_less=True)
        prepared = Signal(layout, name="prepared", reset_less=True)
        m.d.comb += [latest[name].eq(values[name]) for name in shapes]
        with m.If(loops.step):
            m.d.sync += spare.eq(latest)
        with m.If(replace):
            with m.If(has_spare):
                m.d.sync += prepared.eq(spare)
            with m.Else():
                m.d.sync += prepared.eq(latest)
        # what never varies stays a constant
        fetches = [
            SimpleNamespace(**{**values, **{name: view[name] for name in shapes}})
            for view in (prepared, spare, latest)
        ]
        if "streams_tile" not in values:  # all tiles are streamed
            for each in fetches:
                each.streams_tile = each.tile_last
        if self.instruction.layout.asks("chase"):
            unwritten = self._count_unwritten(m, replace, has_spare)
            for each, layers in zip(fetches, unwritten, strict=True):
                each.unwritten_layers = layers

        def follow(question: Callable[[Fetch, str], Value], name: str) -> Value:
            # which fetch comes next is known last, so that it chooses among answers
            if_prepared, if_spare, if_latest = (
                named(m, question(fetch, which), f"{which}_{name}")
                for which, fetch in zip(("prepared", "spare", "latest"), fetches, strict=True)
            )
            if_replaced = Mux(has_spare, if_spare, if_latest)
            return named(m, Mux(replace, if_replaced, if_prepared), f"{name}_next")

        for gate in self.gates:
            gate.prepare(m, self, fetches[0], follow)
        return fetches[0]

    def _count_unwritten(
        self, m: Module, replace: Value, has_spare: Value
    ) -> tuple[Value, Value, Value]:
        """Of the prepared, the spare and the latest fetch, how many of the layers before its own
        are not all in memory in the next cycle."""
        # each has a tile on its way, but for those of the three fetches themselves
        count = range(self.tiles_in_flight + 4)
        prepared, spare, latest = (
            Signal(count, name=f"{which}_unwritten_layers")
            for which in ("prepared", "spare", "latest")
        )
        written = self.progress.layer_written
        # all sums are there before it is known whether the next layer begins
        fewer = named(m, latest - 1, "fewer_unwritten")
        more = named(m, latest + 1, "more_unwritten")
        stays = named(m, Mux(written, fewer, latest), "unwritten_in_same_layer")
        begins = named(m, Mux(written, latest, more), "unwritten_in_next_layer")
        replacing = named(m, Mux(has_spare, spare, latest), "unwritten_of_replacing")
        following = named(m, Mux(replace, replacing, prepared), "unwritten_of_following")
        m.d.sync += [
            latest.eq(Mux(self.instruction.advance, begins, stays)),
            spare.eq(
                named(m, Mux(self._loops.step, latest, spare), "unwritten_of_spare") - written
            ),
            prepared.eq(following - written),
        ]
        return prepared, spare, latest

    def _is_blocked(self, m: Module, issue: Signal, fetch: SimpleNamespace) -> Value:
        """Whether the next fetch has to wait."""
        reasons = [
            named(m, gate.holds(m, self, fetch, issue), f"held_by_{gate.name}")
            for gate in self.gates
        ]
        return named(m, reduce(or_, reasons), "is_blocked")

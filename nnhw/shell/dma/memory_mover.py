"""Frames are fetched from memory, and written to it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...hdl.parameters import check_powers_of_two
from ...registers import memory_ports
from ...registers.memory_bus import MEMORY_PREFIX
from ..port_beat import PortBeat
from .descriptor_parser import DescriptorParser
from .descriptor_sequencer import DescriptorSequencer
from .memory_reader import MemoryReader
from .memory_writer import MemoryWriter

_INCR = 1
_FLOWS = {"input": In, "output": Out}
_EVENTS = ("delivered", "read_error", "write_error", "invalid", "inaccessible", "aborted")
_CONTROLS = ("start", "doorbell", "abort")


class MemoryMover(wiring.Component):
    """A manager of AXI4 that moves frames as descriptors say, one at a time.

    A word of memory is a beat. Tensors begin with a beat of their own in their frame, and at a
    whole word in memory; what a tensor's last word has too many is not written.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes, up to 64.
    word_bytes : int
        Bytes of a word of memory: 4 or 8.
    entries : int
        Tensors that a descriptor has room for.
    cache, prot : int
        AxCACHE and AxPROT of all transfers.

    Members
    -------
    awid, awaddr, ..., rready
        The bus; see `memory_ports`.
    start, first, doorbell, abort, running, halted, result, current
        See `DescriptorSequencer`.
    delivered, read_error, write_error, invalid, inaccessible, aborted
        Likewise.
    damaged : In(1)
        The engine has dropped the input frame.
    aborting : In(1)
        The frame in the engine is being aborted.
    frame_abort : Out(1)
        Abort it.
    frames_in : Out(stream.Signature(PortBeat(word_bytes, keep=False, user_bits=0)))
        Input frames. One that was begun is closed by a beat of zeros when it is aborted.
    frames_out : In(stream.Signature(PortBeat(word_bytes, keep=False, user_bits=0)))
        Output frames. What comes meanwhile is discarded.

    Attributes
    ----------
    bus_ports : tuple of str
        Members that are the bus.
    """

    def __init__(
        self, *, address_bits: int, word_bytes: int, entries: int, cache: int = 3, prot: int = 0
    ):
        check_powers_of_two(self, word_bytes=word_bytes)
        self.cache = cache
        self.prot = prot
        self._reader = MemoryReader(address_bits=address_bits, word_bytes=word_bytes)
        self._writer = MemoryWriter(address_bits=address_bits, word_bytes=word_bytes)
        shape = {"address_bits": address_bits, "word_bytes": word_bytes, "entries": entries}
        self._parser = DescriptorParser(**shape)
        self._sequencer = sequencer = DescriptorSequencer(**shape)
        self._word_bytes = word_bytes
        ports = memory_ports(
            {
                "io": "dma",
                "memory_address_bits": address_bits,
                "memory_data_bits": 8 * word_bytes,
            }
        )
        widths = {name.removeprefix(f"{MEMORY_PREFIX}_"): port for name, port in ports.items()}
        self.bus_ports = tuple(widths)
        beats = stream.Signature(PortBeat(word_bytes, keep=False, user_bits=0))
        told = ("running", "halted", "result", "current", "frame_abort", *_EVENTS)
        self._shared = (*_CONTROLS, "first", *told)
        members = sequencer.signature.members
        super().__init__(
            {
                **{name: _FLOWS[flow](width) for name, (flow, width) in widths.items()},
                **{name: members[name] for name in self._shared},
                "damaged": In(1),
                "aborting": In(1),
                "frames_in": Out(beats),
                "frames_out": In(beats),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = self._reader
        m.submodules.writer = writer = self._writer
        m.submodules.parser = parser = self._parser
        m.submodules.sequencer = sequencer = self._sequencer
        self._connect_bus(m)
        for name in self._shared:
            is_input = sequencer.signature.members[name].flow is In
            outer, inner = getattr(self, name), getattr(sequencer, name)
            m.d.comb += inner.eq(outer) if is_input else outer.eq(inner)
        begun = self._send(m)
        moved, is_wrong = self._receive(m)
        m.d.comb += [
            parser.clear.eq(sequencer.clear),
            sequencer.fetched.eq(
                sequencer.fetching & reader.words.valid & reader.words.payload.last
            ),
            sequencer.is_owned.eq(parser.is_owned),
            sequencer.wrong_address.eq(parser.wrong_address),
            sequencer.wrong_size.eq(parser.wrong_size),
            sequencer.following.eq(parser.following),
            sequencer.output_bytes.eq(parser.output_bytes),
            sequencer.moved.eq(moved),
            sequencer.read_failed.eq(reader.failed),
            sequencer.write_failed.eq(writer.failed),
            sequencer.damaged.eq(self.damaged | is_wrong),
            sequencer.stopped.eq(reader.idle & writer.idle & ~self.aborting & ~begun),
            sequencer.written.eq(writer.idle),
            reader.stop.eq(sequencer.stop),
            writer.stop.eq(sequencer.stop),
        ]
        return m

    def _connect_bus(self, m: Module) -> None:
        """The ports of reader and writer, and what never changes."""
        m.d.comb += [
            getattr(self, f"{channel}{name}").eq(value)
            for channel in ("aw", "ar")
            for name, value in (
                ("size", exact_log2(self._word_bytes)),
                ("burst", _INCR),
                ("cache", self.cache),
                ("prot", self.prot),
            )
        ]
        for side in (self._reader, self._writer):
            for name in self.bus_ports:
                if name in side.signature.members:
                    outer, inner = getattr(self, name), getattr(side, name)
                    is_input = side.signature.members[name].flow is In
                    m.d.comb += inner.eq(outer) if is_input else outer.eq(inner)

    def _send(self, m: Module) -> Signal:
        """What is read goes to the parser, or to the engine; whether an input frame has begun."""
        reader, parser, sequencer = self._reader, self._parser, self._sequencer
        transfers, words, beats = reader.transfers, reader.words, self.frames_in
        begun = Signal(name="input_begun")
        closes = Signal(name="input_closes")
        with m.If(sequencer.moving):
            m.d.comb += [
                transfers.payload.eq(parser.inputs.payload),
                transfers.valid.eq(parser.inputs.valid),
                parser.inputs.ready.eq(transfers.ready),
                beats.valid.eq(words.valid),
                beats.payload.data.eq(words.payload.data),
                beats.payload.last.eq(words.payload.last),
                words.ready.eq(beats.ready),
            ]
        with m.Else():
            m.d.comb += [
                transfers.payload.eq(sequencer.fetches.payload),
                transfers.valid.eq(sequencer.fetches.valid),
                sequencer.fetches.ready.eq(transfers.ready),
                parser.words.valid.eq(words.valid & sequencer.fetching),
                parser.words.payload.eq(words.payload.data),
                words.ready.eq(sequencer.fetching),
                beats.valid.eq(closes),
                beats.payload.last.eq(1),
            ]
        # the abort has begun a cycle before
        m.d.sync += closes.eq(sequencer.stop & begun)
        with m.If(beats.valid & beats.ready):
            m.d.sync += begun.eq(~beats.payload.last)
            with m.If(closes):
                m.d.sync += closes.eq(0)
        return begun

    def _receive(self, m: Module) -> tuple[Signal, Signal]:
        """What is written comes from the engine, or from the sequencer.

        Whether all of a frame is in memory, and whether it is longer or shorter than described.
        """
        writer, parser, sequencer = self._writer, self._parser, self._sequencer
        transfers, words, beats = writer.transfers, writer.words, self.frames_out
        left = Signal.like(parser.output_words, name="output_left")
        takes, moved, is_wrong = Signal(), Signal(), Signal()
        with m.If(sequencer.moving):
            m.d.comb += [
                transfers.payload.eq(parser.outputs.payload),
                transfers.valid.eq(parser.outputs.valid),
                parser.outputs.ready.eq(transfers.ready),
                words.valid.eq(beats.valid),
                words.payload.eq(beats.payload.data),
                beats.ready.eq(words.ready),
                takes.eq(beats.valid & beats.ready),
                moved.eq((left == 0) & writer.idle & ~parser.outputs.valid),
                is_wrong.eq(takes & (beats.payload.last != (left == 1))),
            ]
            with m.If(takes):
                m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.comb += [
                transfers.payload.eq(sequencer.reports.payload),
                transfers.valid.eq(sequencer.reports.valid),
                sequencer.reports.ready.eq(transfers.ready),
                words.valid.eq(sequencer.report_words.valid),
                words.payload.eq(sequencer.report_words.payload),
                sequencer.report_words.ready.eq(words.ready),
                beats.ready.eq(sequencer.stop),
            ]
            m.d.sync += left.eq(parser.output_words)
        return moved, is_wrong

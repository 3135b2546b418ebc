"""Memory is read into a stream."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import exact_log2

from ...hdl.parameters import check_powers_of_two
from ...hdl.result_buffer import ResultBuffer
from ...registers import BURST_BEATS, MOST_OUTSTANDING
from .burst_splitter import BurstSplitter
from .transfer import Transfer

_QUEUED = MOST_OUTSTANDING * BURST_BEATS


class Word(data.StructLayout):
    """What a reader has read.

    Fields
    ------
    data : 8 * word_bytes
    last : 1
        Last word of a transfer that was the last one of its kind.
    """

    def __init__(self, word_bytes: int):
        super().__init__({"data": 8 * word_bytes, "last": 1})


class MemoryReader(wiring.Component):
    """The read channels of AXI4, for transfers one after the other.

    A burst is asked for when there is room for all of it, so that the bus never waits, and a stream
    that does stand still holds up nobody else.

    Parameters
    ----------
    address_bits : int
    word_bytes : int
        Bytes of a beat, a power of two.

    Members
    -------
    stop : In(1)
        Ask for nothing more, and discard transfers and words; what was asked for is awaited. To be
        held until `idle`.
    transfers : In(stream.Signature(Transfer(address_bits)))
    words : Out(stream.Signature(Word(word_bytes)))
        Also those that memory has answered with an error.
    failed : Out(1)
        A word was answered with an error.
    idle : Out(1)
        All that was asked for was answered.
    araddr, arlen, arvalid : Out, arready : In
    rdata, rresp, rlast, rvalid : In, rready : Out
        See AXI4. An address that is offered stays until it is taken.
    """

    def __init__(self, *, address_bits: int, word_bytes: int):
        check_powers_of_two(self, word_bytes=word_bytes)
        self.address_bits = address_bits
        self.word_bytes = word_bytes
        super().__init__(
            {
                "stop": In(1),
                "transfers": In(stream.Signature(Transfer(address_bits))),
                "words": Out(stream.Signature(Word(word_bytes))),
                "failed": Out(1),
                "idle": Out(1),
                "araddr": Out(address_bits),
                "arlen": Out(8),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(8 * word_bytes),
                "rresp": In(2),
                "rlast": In(1),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.splitter = splitter = BurstSplitter(
            address_bits=self.address_bits, word_bytes=self.word_bytes
        )
        connect(m, flipped(self.transfers), splitter.transfers)
        room = Signal(range(_QUEUED + 1), init=_QUEUED)
        outstanding = Signal(range(MOST_OUTSTANDING + 1))
        asks, ended, freed = Signal(), Signal(), Signal()
        bursts = splitter.bursts
        m.d.comb += [
            splitter.clear.eq(self.stop),
            asks.eq(
                bursts.valid
                & ~self.stop
                & ~self.arvalid
                & (room >= BURST_BEATS)
                & (outstanding != MOST_OUTSTANDING)
            ),
            bursts.ready.eq(asks),
            self.idle.eq(outstanding == 0),
            self.rready.eq(1),
            ended.eq(self.rvalid & self.rlast),
            self.failed.eq(self.rvalid & self.rresp[1]),
        ]
        m.d.sync += [
            outstanding.eq(outstanding + asks - ended),
            room.eq(room + freed - Mux(asks, bursts.payload.beats, 0)),
        ]
        with m.If(self.stop):
            m.d.sync += room.eq(_QUEUED)
        with m.If(self.arready):
            m.d.sync += self.arvalid.eq(0)
        with m.If(asks):
            m.d.sync += [
                self.arvalid.eq(1),
                self.araddr.eq(bursts.payload.address),
                self.arlen.eq((bursts.payload.beats - 1)[: exact_log2(BURST_BEATS)]),
            ]
        self._buffer(m, self._last_of(m, asks, ended, outstanding, bursts.payload.last), freed)
        return m

    def _last_of(
        self, m: Module, asks: Signal, ended: Signal, outstanding: Signal, last: Signal
    ) -> Signal:
        """Whether the burst that is answered ends all transfers."""
        lasts = Signal(MOST_OUTSTANDING)
        place = Signal.like(outstanding)
        m.d.comb += place.eq(outstanding - ended)
        with m.If(ended):
            m.d.sync += lasts.eq(lasts >> 1)
        with m.If(asks):
            m.d.sync += lasts.bit_select(place, 1).eq(last)
        return lasts[0]

    def _buffer(self, m: Module, last: Signal, freed: Signal) -> None:
        """The queue of words."""
        width = 8 * self.word_bytes + 1
        buffer = ResultBuffer(width=width, depth=_QUEUED)
        m.submodules.buffer = ResetInserter(self.stop)(buffer)
        words = self.words
        m.d.comb += [
            buffer.write.eq(self.rvalid & ~self.stop),
            buffer.word.eq(Cat(self.rdata, self.rlast & last)),
            freed.eq(buffer.freed),
            words.valid.eq(buffer.words.valid & ~self.stop),
            words.payload.eq(buffer.words.payload),
            buffer.words.ready.eq(words.ready),
        ]

"""A stream is written to memory."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import exact_log2

from ...hdl.parameters import check_powers_of_two
from ...registers import BURST_BEATS, MOST_OUTSTANDING
from ..word_queue import WordQueue
from .burst_splitter import BurstSplitter
from .transfer import Transfer

_QUEUED = 2 * BURST_BEATS


class MemoryWriter(wiring.Component):
    """The write channels of AXI4, for transfers one after the other.

    A burst begins when all of its words are there, so that one that has begun always comes to its
    end, whatever becomes of the stream. Bytes behind a transfer's end are not written.

    Parameters
    ----------
    address_bits : int
    word_bytes : int
        Bytes of a beat, a power of two.

    Members
    -------
    stop : In(1)
        Begin no more bursts, and discard transfers and words; bursts that have begun are finished.
        To be held until `idle`.
    transfers : In(stream.Signature(Transfer(address_bits)))
    words : In(stream.Signature(8 * word_bytes))
    failed : Out(1)
        A burst was answered with an error.
    idle : Out(1)
        All transfers that were taken are in memory, or were discarded.
    awaddr, awlen, awvalid : Out, awready : In
    wdata, wstrb, wlast, wvalid : Out, wready : In
    bresp, bvalid : In, bready : Out
        See AXI4. What is offered stays until it is taken.
    """

    def __init__(self, *, address_bits: int, word_bytes: int):
        check_powers_of_two(self, word_bytes=word_bytes)
        self.address_bits = address_bits
        self.word_bytes = word_bytes
        super().__init__(
            {
                "stop": In(1),
                "transfers": In(stream.Signature(Transfer(address_bits))),
                "words": In(stream.Signature(8 * word_bytes)),
                "failed": Out(1),
                "idle": Out(1),
                "awaddr": Out(address_bits),
                "awlen": Out(8),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(8 * word_bytes),
                "wstrb": Out(word_bytes),
                "wlast": Out(1),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.splitter = splitter = BurstSplitter(
            address_bits=self.address_bits, word_bytes=self.word_bytes
        )
        m.submodules.queue = queue = WordQueue(width=8 * self.word_bytes, depth=_QUEUED)
        connect(m, flipped(self.transfers), splitter.transfers)
        outstanding = Signal(range(MOST_OUTSTANDING + 1))
        left = Signal(range(BURST_BEATS + 1))  # beats of the burst that has begun
        ends = Signal(reset_less=True)
        tail = Signal.like(splitter.bursts.payload.tail, reset_less=True)
        begins, sends = Signal(), Signal()
        bursts = splitter.bursts
        m.d.comb += [
            splitter.clear.eq(self.stop),
            queue.clear.eq(self.stop & (left == 0)),
            queue.source.valid.eq(self.words.valid & ~self.stop),
            queue.source.payload.eq(self.words.payload),
            self.words.ready.eq(queue.source.ready | self.stop),
            begins.eq(
                bursts.valid
                & ~self.stop
                & ~self.awvalid
                & (left == 0)
                & (queue.words >= bursts.payload.beats)
                & (outstanding != MOST_OUTSTANDING)
            ),
            bursts.ready.eq(begins),
            self.idle.eq(~splitter.busy & (outstanding == 0)),
            self.wvalid.eq(left != 0),
            self.wlast.eq(left == 1),
            self.wdata.eq(queue.sink.payload),
            self.wstrb.eq(~0),
            sends.eq(self.wvalid & self.wready),
            queue.sink.ready.eq(sends),
            self.bready.eq(1),
            self.failed.eq(self.bvalid & self.bresp[1]),
        ]
        with m.If(self.wlast & ends & (tail != 0)):
            m.d.comb += self.wstrb.eq((1 << tail) - 1)
        m.d.sync += outstanding.eq(outstanding + begins - self.bvalid)
        with m.If(self.awready):
            m.d.sync += self.awvalid.eq(0)
        with m.If(sends):
            m.d.sync += left.eq(left - 1)
        with m.If(begins):
            m.d.sync += [
                self.awvalid.eq(1),
                self.awaddr.eq(bursts.payload.address),
                self.awlen.eq((bursts.payload.beats - 1)[: exact_log2(BURST_BEATS)]),
                left.eq(bursts.payload.beats),
                ends.eq(bursts.payload.ends),
                tail.eq(bursts.payload.tail),
            ]
        return m

"""Transfers are split into bursts."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...registers import BURST_BEATS, TRANSFER_BITS
from .transfer import Burst, Transfer


class BurstSplitter(wiring.Component):
    """Each burst ends with its transfer, or at a multiple of the longest burst's bytes.

    Such multiples divide 4 KB, so that no burst crosses a boundary of it (ARM IHI 0022, A3.4.1),
    and all bursts but a transfer's first and last one are whole rows of a cache or memory.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes.
    word_bytes : int
        Bytes of a beat, a power of two.

    Members
    -------
    clear : In(1)
        Forget the transfer, also the burst that is offered.
    transfers : In(stream.Signature(Transfer(address_bits)))
    bursts : Out(stream.Signature(Burst(address_bits, word_bytes)))
    busy : Out(1)
        A transfer was taken, and its last burst was not.
    """

    def __init__(self, *, address_bits: int, word_bytes: int):
        self.address_bits = address_bits
        self.word_bytes = word_bytes
        super().__init__(
            {
                "clear": In(1),
                "transfers": In(stream.Signature(Transfer(address_bits))),
                "bursts": Out(stream.Signature(Burst(address_bits, word_bytes))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lane_bits, place_bits = exact_log2(self.word_bytes), exact_log2(BURST_BEATS)
        transfer, burst = self.transfers.payload, self.bursts.payload
        # words from the beginning of the row that the next burst is in
        place = Signal(place_bits, reset_less=True)
        row = Signal(self.address_bits - lane_bits - place_bits, reset_less=True)
        left = Signal(TRANSFER_BITS - lane_bits + 1, reset_less=True)
        is_last = Signal(reset_less=True)
        tail = Signal(lane_bits, reset_less=True)
        beats = Signal.like(burst.beats, reset_less=True)
        ends = Signal(reset_less=True)
        is_settled = Signal()
        room = Signal.like(beats)
        m.d.comb += [
            room.eq(BURST_BEATS - place),
            self.transfers.ready.eq(~self.busy & ~self.clear),
            self.bursts.valid.eq(self.busy & is_settled),
            burst.address.eq(Cat(Const(0, lane_bits), place, row)),
            burst.beats.eq(beats),
            burst.ends.eq(ends),
            burst.tail.eq(tail),
            burst.last.eq(ends & is_last),
        ]
        # a cycle for the comparison
        m.d.sync += [
            is_settled.eq(self.busy),
            ends.eq(left <= room),
            beats.eq(Mux(left <= room, left, room)),
        ]
        with m.If(self.transfers.valid & self.transfers.ready):
            m.d.sync += [
                self.busy.eq(1),
                is_settled.eq(0),
                Cat(place, row).eq(transfer.address >> lane_bits),
                tail.eq(transfer.bytes),
                left.eq((transfer.bytes + (self.word_bytes - 1)) >> lane_bits),
                is_last.eq(transfer.last),
            ]
        with m.If(self.bursts.valid & self.bursts.ready):
            m.d.sync += [
                self.busy.eq(~ends),
                is_settled.eq(0),
                place.eq(0),
                row.eq(row + 1),
                left.eq(left - beats),
            ]
        with m.If(self.clear):
            m.d.sync += self.busy.eq(0)
        return m

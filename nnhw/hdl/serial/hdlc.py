"""Frames on the hardware's side: RFC 1662, octet-stuffed, with FCS-32."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ETHERNET
from amaranth.lib.wiring import In, Out

from ...link import ESCAPE, ESCAPE_MASK, FCS_BYTES, FLAG


class PacketOctet(data.StructLayout):
    """Payload of a stream of packets: an octet, and the mark of a packet's last octet."""

    def __init__(self) -> None:
        super().__init__({"octet": unsigned(8), "last": unsigned(1)})


def octet_of(value: Value, index: Value) -> Value:
    """Octet of `value`, counted from the lowest."""
    return Array(value[low : low + 8] for low in range(0, len(value), 8))[index]


class FrameDecoder(wiring.Component):
    """Takes frames apart and checks them.

    Octets come out as they arrive, the frame check sequence among them: whether they are to be
    believed is known only when the frame ends.

    Members
    -------
    line_octet : In(8)
    line_valid : In(1)
        There is an octet from the line; at most every other cycle.
    line_error : In(1)
        An octet was lost.
    octet : Out(8)
    valid : Out(1)
        There is an octet of a frame.
    ended : Out(1)
        A frame that is not empty has ended; never together with `valid`.
    good : Out(1)
        With `ended`: it is undamaged.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "line_octet": In(8),
                "line_valid": In(1),
                "line_error": In(1),
                "octet": Out(8),
                "valid": Out(1),
                "ended": Out(1),
                "good": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.check = check = CRC32_ETHERNET(data_width=8).create()
        escaped = Signal()
        begun = Signal()
        damaged = Signal()
        m.d.comb += [
            self.octet.eq(Mux(escaped, self.line_octet ^ ESCAPE_MASK, self.line_octet)),
            self.good.eq(check.match_detected & ~damaged & ~escaped),
            check.data.eq(self.octet),
            check.valid.eq(self.valid),
            check.start.eq(self.ended),
        ]
        with m.If(self.line_error):
            m.d.sync += [begun.eq(1), damaged.eq(1)]
        with m.Elif(self.line_valid):
            with m.If(self.line_octet == FLAG):
                m.d.comb += self.ended.eq(begun)
                m.d.sync += [begun.eq(0), damaged.eq(0), escaped.eq(0)]
            with m.Else():
                escape = (self.line_octet == ESCAPE) & ~escaped
                m.d.comb += self.valid.eq(~escape)
                m.d.sync += [begun.eq(1), escaped.eq(escape)]
        return m


class FrameEncoder(wiring.Component):
    """Makes frames of packets: flags, octet stuffing, and the frame check sequence on the fly.

    Members
    -------
    packets : In(stream.Signature(PacketOctet()))
    line : Out(stream.Signature(8))
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "packets": In(stream.Signature(PacketOctet())),
                "line": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.check = check = CRC32_ETHERNET(data_width=8).create()
        escaped = Signal()
        fcs_octet = Signal(range(FCS_BYTES))

        # A register for one octet: no path leads from the line through to the accelerator. That
        # only every other cycle can bring an octet is nothing to a serial line.
        held = Signal(PacketOctet())
        full = Signal()
        taken = Signal()
        m.d.comb += self.packets.ready.eq(~full)
        with m.If(self.packets.ready):
            m.d.sync += [held.eq(self.packets.payload), full.eq(self.packets.valid)]
        with m.Elif(taken):
            m.d.sync += full.eq(0)

        # the octet to send in this state, before stuffing
        octet = Signal(8)
        available = Signal()
        sent = Signal()
        special = (octet == FLAG) | (octet == ESCAPE)
        stuffed = Mux(special, Mux(escaped, octet ^ ESCAPE_MASK, ESCAPE), octet)

        moved = self.line.valid & self.line.ready
        m.d.comb += [
            self.line.payload.eq(stuffed),
            self.line.valid.eq(available),
            sent.eq(moved & (escaped | ~special)),
            check.data.eq(octet),
        ]
        with m.FSM():
            with m.State("OPEN"):
                m.d.comb += [
                    self.line.payload.eq(FLAG),
                    self.line.valid.eq(full),
                    check.start.eq(1),
                ]
                with m.If(moved):
                    m.next = "BODY"
            with m.State("BODY"):
                m.d.comb += [
                    octet.eq(held.octet),
                    available.eq(full),
                    taken.eq(sent),
                    check.valid.eq(sent),
                ]
                m.d.sync += fcs_octet.eq(0)
                with m.If(moved):
                    m.d.sync += escaped.eq(special & ~escaped)
                with m.If(sent & held.last):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.comb += [
                    octet.eq(octet_of(check.crc, fcs_octet)),
                    available.eq(1),
                ]
                with m.If(moved):
                    m.d.sync += escaped.eq(special & ~escaped)
                with m.If(sent):
                    m.d.sync += fcs_octet.eq(fcs_octet + 1)
                    with m.If(fcs_octet == FCS_BYTES - 1):
                        m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [self.line.payload.eq(FLAG), self.line.valid.eq(1)]
                with m.If(moved):
                    m.next = "OPEN"
        return m

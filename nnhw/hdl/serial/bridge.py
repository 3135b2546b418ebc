"""The bridge from a serial line to an accelerator."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..beat import Beat
from .packet_bridge import PacketBridge
from .uart import UartReceiver, UartTransmitter


class SerialBridge(wiring.Component):
    """A `PacketBridge` on an asynchronous serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles a bit on the line, at least `SMALLEST_DIVISOR`.
    digest, input_bytes, input_beat_bytes, output_beat_bytes
        See `PacketBridge`.

    Members
    -------
    rx, tx : In(1), Out(1)
        The serial line, seen from here.
    frames, results, busy
        See `PacketBridge`.
    """

    def __init__(
        self,
        *,
        divisor: int,
        digest: bytes,
        input_bytes: int,
        input_beat_bytes: int,
        output_beat_bytes: int,
    ):
        self._receiver = UartReceiver(divisor=divisor)
        self._transmitter = UartTransmitter(divisor=divisor)
        self._packets = PacketBridge(
            digest=digest,
            input_bytes=input_bytes,
            input_beat_bytes=input_beat_bytes,
            output_beat_bytes=output_beat_bytes,
        )
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "frames": Out(stream.Signature(Beat(input_beat_bytes))),
                "results": In(stream.Signature(Beat(output_beat_bytes))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.packets = packets = self._packets
        m.d.comb += [
            receiver.line.eq(self.rx),
            packets.received.eq(receiver.octet),
            packets.received_valid.eq(receiver.valid),
            packets.received_error.eq(receiver.error),
            self.tx.eq(transmitter.line),
            self.busy.eq(packets.busy),
        ]
        connect(m, packets.sent, transmitter.octets)
        connect(m, packets.frames, flipped(self.frames))
        connect(m, flipped(self.results), packets.results)
        return m

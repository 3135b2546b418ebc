"""A serial line to an accelerator: UART, frames, requests and replies."""

from .bridge import SerialBridge
from .frame_store import FrameStore
from .hdlc import FrameDecoder, FrameEncoder
from .packet_bridge import PacketBridge
from .replies import ReplySender
from .requests import RequestReceiver
from .uart import SMALLEST_DIVISOR, UartReceiver, UartTransmitter

__all__ = [
    "SMALLEST_DIVISOR",
    "FrameDecoder",
    "FrameEncoder",
    "FrameStore",
    "PacketBridge",
    "ReplySender",
    "RequestReceiver",
    "SerialBridge",
    "UartReceiver",
    "UartTransmitter",
]

"""Accelerators on boards, seen from the host: the serial protocol and a client for it.

The hardware's side (`nnhw.hdl.serial`) takes its constants from `protocol`, too.
"""

from .client import Link, LinkStatistics, Port
from .design import LinkedDesign, link_design
from .execute import execute_on_board
from .hdlc import FrameDecoder, encode_frame
from .port import SerialPort
from .protocol import (
    DIGEST_BYTES,
    ESCAPE,
    ESCAPE_MASK,
    FCS_BYTES,
    FLAG,
    HEADER_BYTES,
    VERSION,
    Kind,
    Refusal,
)

__all__ = [
    "DIGEST_BYTES",
    "ESCAPE",
    "ESCAPE_MASK",
    "FCS_BYTES",
    "FLAG",
    "HEADER_BYTES",
    "VERSION",
    "FrameDecoder",
    "Kind",
    "Link",
    "LinkStatistics",
    "LinkedDesign",
    "Port",
    "Refusal",
    "SerialPort",
    "encode_frame",
    "execute_on_board",
    "link_design",
]

"""The ports by which each control bus reaches the registers.

Addresses are in bytes, but for Wishbone, whose addresses count words of 32 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .description import WORD_BITS, WORD_BYTES

ADDRESS = 0
"""In place of a width: as many bits as an address has."""


@dataclass(frozen=True)
class BusPort:
    """A port of the accelerator.

    Parameters
    ----------
    name
        Without the bus's prefix.
    direction
        As the accelerator sees it.
    width
        Bits; `ADDRESS` if it depends on the design.
    """

    name: str
    direction: Literal["input", "output"]
    width: int = 1

    def bits(self, address_bits: int) -> int:
        """Width in a design whose addresses in bytes have `address_bits` bits."""
        return self.width or address_bits


@dataclass(frozen=True)
class Bus:
    """A control bus.

    Parameters
    ----------
    title
        What its standard is called.
    prefix
        Of all of its ports.
    ports
        In the order in which they stand in the top module.
    address_unit
        Bytes that one address stands for.
    """

    title: str
    prefix: str
    ports: tuple[BusPort, ...]
    address_unit: int = 1

    def widths(self, address_bits: int) -> dict[str, tuple[str, int]]:
        """Direction and bits of each port by its whole name; `address_bits` is for bytes."""
        bits = address_bits - (self.address_unit.bit_length() - 1)
        return {
            f"{self.prefix}_{port.name}": (port.direction, port.bits(bits)) for port in self.ports
        }


BUSES: dict[str, Bus] = {
    "axi-lite": Bus(
        "AXI4-Lite (ARM IHI 0022)",
        "s_axil",
        (
            BusPort("awaddr", "input", ADDRESS),
            BusPort("awprot", "input", 3),
            BusPort("awvalid", "input"),
            BusPort("awready", "output"),
            BusPort("wdata", "input", WORD_BITS),
            BusPort("wstrb", "input", WORD_BYTES),
            BusPort("wvalid", "input"),
            BusPort("wready", "output"),
            BusPort("bresp", "output", 2),
            BusPort("bvalid", "output"),
            BusPort("bready", "input"),
            BusPort("araddr", "input", ADDRESS),
            BusPort("arprot", "input", 3),
            BusPort("arvalid", "input"),
            BusPort("arready", "output"),
            BusPort("rdata", "output", WORD_BITS),
            BusPort("rresp", "output", 2),
            BusPort("rvalid", "output"),
            BusPort("rready", "input"),
        ),
    ),
    "wishbone": Bus(
        "Wishbone B4, pipelined",
        "s_wb",
        (
            BusPort("cyc", "input"),
            BusPort("stb", "input"),
            BusPort("we", "input"),
            BusPort("adr", "input", ADDRESS),
            BusPort("dat_w", "input", WORD_BITS),
            BusPort("sel", "input", WORD_BYTES),
            BusPort("dat_r", "output", WORD_BITS),
            BusPort("ack", "output"),
            BusPort("err", "output"),
            BusPort("stall", "output"),
        ),
        address_unit=WORD_BYTES,
    ),
    "apb": Bus(
        "APB4 (ARM IHI 0024)",
        "s_apb",
        (
            BusPort("paddr", "input", ADDRESS),
            BusPort("pprot", "input", 3),
            BusPort("psel", "input"),
            BusPort("penable", "input"),
            BusPort("pwrite", "input"),
            BusPort("pwdata", "input", WORD_BITS),
            BusPort("pstrb", "input", WORD_BYTES),
            BusPort("prdata", "output", WORD_BITS),
            BusPort("pready", "output"),
            BusPort("pslverr", "output"),
        ),
    ),
}
"""By the names of the option `bus`."""


def control_ports(shell: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Direction and bits of all ports that registers add to a top module, by name.

    Parameters
    ----------
    shell
        The entry `shell` of a design's manifest.
    """
    bus = shell.get("bus")
    if bus is None:
        return {}
    return {
        **BUSES[bus].widths(shell["address_bits"]),
        "irq": ("output", 1),
    }


def result_user_bits(shell: Mapping[str, Any]) -> int:
    """Bits of m_axis_tuser: with a control bus, bit 0 says of a frame's last beat whether the frame
    was aborted; the tag follows. 0 without streams.

    Parameters
    ----------
    shell
        See `control_ports`.
    """
    if shell.get("io", "stream") != "stream":
        return 0
    return int(shell.get("tag_bits", 0)) + (shell.get("bus") is not None)

"""Control buses as signatures: the ports that the description of buses lists."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..registers import BUSES

_FLOWS = {"input": In, "output": Out}


def bus_members(bus: str, address_bits: int) -> dict[str, wiring.Member]:
    """Members of a component that is a bus's subordinate, by name without the bus's prefix.

    Parameters
    ----------
    bus
        A key of `BUSES`.
    address_bits
        Of an address in bytes.
    """
    prefix = f"{BUSES[bus].prefix}_"
    widths = BUSES[bus].widths(address_bits)
    return {
        name.removeprefix(prefix): _FLOWS[direction](width)
        for name, (direction, width) in widths.items()
    }

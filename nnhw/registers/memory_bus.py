"""The ports by which an accelerator reaches memory: a manager of AXI4 (ARM IHI 0022).

All transfers have the same identifier, zero, so that answers come in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

MEMORY_PREFIX = "m_axi"
MEMORY_TITLE = "AXI4 (ARM IHI 0022)"

BURST_BEATS = 16
"""Most beats of a burst. None crosses a multiple of so many beats, so none a boundary of 4 KB."""
MOST_OUTSTANDING = 4
"""Bursts of either direction that were asked for and are not answered."""
TRANSFER_BITS = 24
"""Of the bytes of a tensor in memory."""

_Ports = dict[str, tuple[Literal["input", "output"], int]]


def memory_ports(shell: Mapping[str, Any]) -> _Ports:
    """Direction, as the accelerator sees it, and bits of all ports to memory, by name.

    Parameters
    ----------
    shell
        The entry `shell` of a design's manifest.
    """
    if shell.get("io") != "dma":
        return {}
    address, data = shell["memory_address_bits"], shell["memory_data_bits"]
    address_ports: _Ports = {
        "id": ("output", 1),
        "addr": ("output", address),
        "len": ("output", 8),
        "size": ("output", 3),
        "burst": ("output", 2),
        "cache": ("output", 4),
        "prot": ("output", 3),
        "valid": ("output", 1),
        "ready": ("input", 1),
    }
    channels: dict[str, _Ports] = {
        "aw": address_ports,
        "w": {
            "data": ("output", data),
            "strb": ("output", data // 8),
            "last": ("output", 1),
            "valid": ("output", 1),
            "ready": ("input", 1),
        },
        "b": {
            "id": ("input", 1),
            "resp": ("input", 2),
            "valid": ("input", 1),
            "ready": ("output", 1),
        },
        "ar": address_ports,
        "r": {
            "id": ("input", 1),
            "data": ("input", data),
            "resp": ("input", 2),
            "last": ("input", 1),
            "valid": ("input", 1),
            "ready": ("output", 1),
        },
    }
    return {
        f"{MEMORY_PREFIX}_{channel}{name}": port
        for channel, ports in channels.items()
        for name, port in ports.items()
    }

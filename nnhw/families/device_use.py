"""What a design takes of the device that it was built for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DeviceUse:
    """Multipliers and memory blocks of a device, and how many of them a design takes.

    Parameters
    ----------
    target
        Name of the device.
    multipliers, multipliers_available
        As the device's data sheet counts them; a half is one of two that share a multiplier.
    added_products
        Products that are made by adding, as there is no multiplier for them.
    block_rams, block_rams_available
        Likewise.
    block_rams_expected
        Whether they are what a synthesizer will probably take; else they are in the Verilog.
    """

    target: str
    multipliers: float
    multipliers_available: int
    added_products: int
    block_rams: int
    block_rams_available: int
    block_rams_expected: bool

    @property
    def fits(self) -> bool:
        """Whether there are enough blocks."""
        return self.block_rams <= self.block_rams_available

    def to_dict(self) -> Mapping[str, Any]:
        """By name, for JSON."""
        return asdict(self)

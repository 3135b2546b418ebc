"""Devices, and what they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What a device has a limited number of."""

    LUTS = "LUTs"
    FLIP_FLOPS = "flip-flops"
    DSPS = "DSPs"
    BLOCK_RAMS = "block RAMs"
    LARGE_RAMS = "large RAMs"
    DISTRIBUTED_RAMS = "distributed RAMs"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device in a package, which designs can be synthesized for.

    Parameters
    ----------
    name
        What users call it.
    description
        The manufacturer's name of it.
    family
        Name of its family.
    chip
        What nextpnr and the bitstream packers call the silicon; "" if there is no place and route
        for it.
    part
        What else nextpnr has to know: the package, or a full part number.
    speed_grades
        All there are, the default first; the higher, the faster. Empty where nextpnr knows one.
    capacity
        How many of each resource it has, from the manufacturer's data sheet.
    frequency_mhz
        A usual clock, which the first placement aims at: what that promises is aimed at next.
    options
        More options of the family's synthesis command.
    pins
        Three pins for a design that is placed alone, one that can be a clock first; empty where
        nextpnr is to choose pins itself.
    """

    name: str
    description: str
    family: str
    chip: str = ""
    part: str = ""
    speed_grades: tuple[str, ...] = ()
    capacity: Mapping[Resource, int]
    frequency_mhz: float
    options: str = ""
    pins: tuple[str, ...] = ()

    @property
    def can_place(self) -> bool:
        """Whether there is place and route for it."""
        return bool(self.chip)

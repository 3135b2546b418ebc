"""The FPGAs that designs can be synthesized for; `PROCESSES` are those for silicon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import OptionError
from .family import ECP5, GOWIN, ICE40, XILINX7, Family, Resource
from .processes import PROCESSES


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device in a package.

    Parameters
    ----------
    name
        What users call it.
    description
        The manufacturer's name of it.
    family
        How it is synthesized.
    chip
        What nextpnr and the bitstream packers call the silicon; "" if there is no place and route
        for it.
    part
        What else nextpnr has to know: the package, or Gowin's full part number.
    speed_grades
        All there are, the default first; the higher, the faster. Empty where nextpnr knows one.
    capacity
        How many of each resource it has, from the manufacturer's data sheet.
    frequency_mhz
        Clock that place and route aims at unless told otherwise.
    options
        More options of the family's synthesis command.
    pins
        Three pins for a design that is placed alone, one that can be a clock first; empty where
        nextpnr chooses pins itself.
    """

    name: str
    description: str
    family: Family
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

    def synthesis(self, top: str, *, pins: bool) -> list[str]:
        """The Yosys commands that synthesize the module `top` of a design that was read.

        Parameters
        ----------
        pins
            Whether the ports of `top` are pins.
        """
        parts = [self.family.synthesis, self.options, "" if pins else self.family.core_options]
        command = " ".join([*filter(None, parts), f"-top {top}"])
        if not self.family.preparation:
            return [command]
        return [
            f"{command} -run begin:coarse",
            *self.family.preparation,
            f"{command} -run coarse:",
            *self.family.completion,
        ]


def _ecp5(size: str, luts: int, dsps: int, block_rams: int) -> Target:
    return Target(
        name=f"ecp5-{size}k",
        description=f"Lattice ECP5 LFE5U-{size}F, CABGA381",
        family=ECP5,
        chip=f"{size}k",
        part="CABGA381",
        speed_grades=("6", "7", "8"),
        capacity={
            Resource.LUTS: luts,
            Resource.FLIP_FLOPS: luts,
            Resource.DSPS: dsps,
            Resource.BLOCK_RAMS: block_rams,
        },
        frequency_mhz=100,
    )


def _gowin(
    name: str,
    description: str,
    *,
    chip: str,
    part: str,
    series: str,
    pins: tuple[str, ...],
    counts: tuple[int, ...],
) -> Target:
    resources = (Resource.LUTS, Resource.FLIP_FLOPS, Resource.DSPS, Resource.BLOCK_RAMS)
    return Target(
        name=name,
        description=description,
        family=GOWIN,
        chip=chip,
        part=part,
        capacity=dict(zip(resources, counts, strict=True)),
        frequency_mhz=80,
        options=f"-family {series}",
        pins=pins,
    )


def _artix7(size: str, luts: int, dsps: int, block_rams: int) -> Target:
    return Target(
        name=f"xc7a{size}t",
        description=f"AMD Artix-7 XC7A{size}T (synthesis only)",
        family=XILINX7,
        capacity={
            Resource.LUTS: luts,
            Resource.FLIP_FLOPS: 2 * luts,
            Resource.DSPS: dsps,
            Resource.BLOCK_RAMS: block_rams,
        },
        frequency_mhz=100,
    )


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        _ecp5("85", 83640, 156, 208),
        _ecp5("45", 43848, 72, 108),
        _ecp5("25", 24288, 28, 56),
        Target(
            name="ice40up5k",
            description="Lattice iCE40 UltraPlus UP5K, SG48",
            family=ICE40,
            chip="up5k",
            part="sg48",
            capacity={
                Resource.LUTS: 5280,
                Resource.FLIP_FLOPS: 5280,
                Resource.DSPS: 8,
                Resource.BLOCK_RAMS: 30,
                Resource.LARGE_RAMS: 4,
            },
            frequency_mhz=24,
        ),
        _gowin(
            "gowin-gw1nr9",
            "Gowin GW1NR-9 (LittleBee), QN88P, C6/I5",
            chip="GW1N-9C",
            part="GW1NR-LV9QN88PC6/I5",
            series="gw1n",
            pins=("52", "25", "26"),
            counts=(8640, 6480, 20, 26),
        ),
        _gowin(
            "gowin-gw2a18",
            "Gowin GW2A-18 (Arora), PBGA256, C8/I7",
            chip="GW2A-18",
            part="GW2A-LV18PG256C8/I7",
            series="gw2a",
            pins=("H11", "L14", "L16"),
            counts=(20736, 15552, 48, 46),
        ),
        _artix7("35", 20800, 90, 50),
        _artix7("100", 63400, 240, 135),
    )
}
"""All targets by name."""


def find_target(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in TARGETS:
        names = ", ".join([*TARGETS, *PROCESSES])
        raise OptionError(f"Target {name!r} is unknown; there are {names}")
    return TARGETS[name]

"""What place and route for a family is: its nextpnr, its constraints, its bitstreams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..families import FAMILIES, Target

Sites = Mapping[str, tuple[int, int]]
"""Occupied and available sites of a device, by nextpnr's names of their kinds."""


@dataclass(frozen=True, kw_only=True)
class PinPlace:
    """Where a port of the top module goes.

    Parameters
    ----------
    port, pin
    io_standard
        "" leaves it open.
    pull_up
        Whether a line that nothing is connected to is high.
    """

    port: str
    pin: str
    io_standard: str = ""
    pull_up: bool = False


@dataclass(frozen=True)
class Site:
    """A place in a device, as nextpnr calls it, and its column and row."""

    name: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Floorplan:
    """Where a device has its multipliers and block RAMs, and how netlists call what is near them.

    Parameters
    ----------
    multiplier, memory, register
        Types of cells.
    multiplier_rows
        Row by row, each from one side of the device to the other.
    memory_sites
    operands
        Regular expression of the ports of a multiplier's factors.
    controls
        Ports of all cells that get no data: clocks, enables, resets.
    """

    multiplier: str
    memory: str
    register: str
    multiplier_rows: Sequence[Sequence[Site]]
    memory_sites: Sequence[Site]
    operands: str
    controls: frozenset[str]

    @property
    def sites(self) -> list[str]:
        """All sites by name."""
        rows = (*self.multiplier_rows, self.memory_sites)
        return [site.name for row in rows for site in row]


class Placer(ABC):
    """Place and route for a family; `PLACER` of its folder is one.

    Attributes
    ----------
    package, function : str
        Python package of nextpnr, and its function that takes the command line.
    config : str
        File that the placed design is written to.
    config_arguments : tuple of str
        What nextpnr is told of it; not where it ends before there is one.
    first_options : tuple of str
        With these, routing is better but may never end if the frequency is out of reach: without
        them it is done again if that happens. Empty if there are none.
    input_suffix : str
        Regular expression of what nextpnr appends to the name of a net that comes from a pin.
    constraints_suffix, bitstream_suffix : str
        Of the files.
    needs_constraints : bool
        Whether nextpnr has to be told of all pins, and be it that there are none.
    packer, packer_function : str
        Python module that makes the bitstream, and its function.
    packer_takes_arguments : bool
        Whether the function takes the command line, which else it finds in sys.argv.
    """

    package: str
    function: str
    config: str
    config_arguments: tuple[str, ...]
    first_options: tuple[str, ...] = ()
    input_suffix = ""
    constraints_suffix: str
    bitstream_suffix: str
    needs_constraints = False
    packer: str
    packer_function: str
    packer_takes_arguments = True

    @abstractmethod
    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        """What nextpnr is told of device and constraints.

        Parameters
        ----------
        speed_grade
            "" if there is just one.
        constraints
            File; None: pins are chosen freely.

        Raises
        ------
        ToolError
            If pins cannot be chosen freely.
        """

    def placed_sites(self, packed: Sites, cells: Sequence[Mapping[str, Any]]) -> Sites:
        """Sites that are occupied when a design is placed, by those that are when it is packed.

        Parameters
        ----------
        cells
            Of the netlist, as in Yosys's JSON: their types and connections.
        """
        return packed

    def without_pins(self, module: dict[str, Any]) -> dict[str, Any]:
        """A module of Yosys's JSON such that nextpnr packs it without pins for its ports: as it is,
        where nextpnr chooses pins."""
        return module

    def floorplan(self, target: Target) -> Floorplan | None:
        """Of what multipliers and memories are placed by, where nextpnr does badly alone."""
        return None

    @abstractmethod
    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Text of a file of constraints, with a title as a comment."""

    @abstractmethod
    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        """Files and device, for the packer."""


def find_placer(target: Target) -> Placer:
    """Place and route for a target that has it."""
    return FAMILIES[target.family].part("placement").PLACER

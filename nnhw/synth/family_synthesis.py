"""How a family of devices is synthesized, and what the cells of its netlists occupy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ..families import FAMILIES, Resource, Target

Occupied = Mapping[Resource, Fraction]
"""What one cell occupies."""

HALF = Fraction(1, 2)
LUT: Occupied = {Resource.LUTS: Fraction(1)}
FLIP_FLOP: Occupied = {Resource.FLIP_FLOPS: Fraction(1)}
DSP: Occupied = {Resource.DSPS: Fraction(1)}
BLOCK_RAM: Occupied = {Resource.BLOCK_RAMS: Fraction(1)}

_MODELS = Path(__file__).parent / "cells"
BLOCK_RAM_MODEL = _MODELS / "block_ram.v"
"""Simulation model `nnhw_block_ram`, which those of vendors' cells can be made of."""
REGISTER_MODEL = _MODELS / "register.v"
"""Simulation model `nnhw_register`, likewise."""


BEST_OF_FOUR = "scratchpad -copy abc9.script.flow3 abc9.script"
"""For a `preparation`: ABC9 covers logic with look-up tables in four ways and keeps the best."""


def distributed(luts: int) -> Occupied:
    """A memory of so many LUTs."""
    return {Resource.LUTS: Fraction(luts), Resource.DISTRIBUTED_RAMS: Fraction(1)}


@dataclass(frozen=True, kw_only=True)
class FamilySynthesis:
    """How a family is synthesized: `SYNTHESIS` of its folder.

    Parameters
    ----------
    command
        Of Yosys, without -top.
    preparation
        Yosys commands that come between reading and optimizing the design.
    completion
        Yosys commands that come after synthesis.
    core_options
        Added to `command` where what is synthesized has no pins of its own.
    cells
        What a cell of the netlist occupies, by cell type; a type that ends in * stands for all that
        begin so. Cells that are not listed occupy nothing that is counted.
    sites
        Kinds of sites in nextpnr's report that are resources, which add up.
    site_sizes
        How much of the resource a site of a kind is, if that is not 1.
    models
        Simulation models of the cells, below the folder of Yosys's libraries; empty if netlists
        cannot be simulated.
    own_models
        Those that Yosys lacks, and what these are made of.
    splits_nets
        Whether nets of a netlist have to be single bits to be simulated.
    """

    command: str
    preparation: tuple[str, ...] = ()
    completion: tuple[str, ...] = ()
    core_options: str = ""
    cells: Mapping[str, Occupied]
    sites: Mapping[str, Resource] = field(default_factory=dict)
    site_sizes: Mapping[str, int] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    own_models: tuple[Path, ...] = ()
    splits_nets: bool = False

    def occupied(self, cell: str) -> Occupied:
        """What one cell of a type occupies."""
        if cell in self.cells:
            return self.cells[cell]
        for pattern, occupied in self.cells.items():
            if pattern.endswith("*") and cell.startswith(pattern[:-1]):
                return occupied
        return {}

    def script(self, top: str, *, options: str, pins: bool) -> list[str]:
        """The Yosys commands that synthesize the module `top` of a design that was read.

        Parameters
        ----------
        options
            More options of `command`.
        pins
            Whether the ports of `top` are pins.
        """
        parts = [self.command, options, "" if pins else self.core_options]
        command = " ".join([*filter(None, parts), f"-top {top}"])
        if not self.preparation:
            return [command, *self.completion]
        return [
            f"{command} -run begin:coarse",
            *self.preparation,
            f"{command} -run coarse:",
            *self.completion,
        ]


def find_synthesis(target: Target) -> FamilySynthesis:
    """How the family of a target is synthesized."""
    return FAMILIES[target.family].part("synthesis").SYNTHESIS


def target_script(target: Target, top: str, *, pins: bool) -> list[str]:
    """`FamilySynthesis.script` for a target."""
    return find_synthesis(target).script(top, options=target.options, pins=pins)

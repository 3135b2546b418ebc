"""Device families: how each is synthesized, and what the cells of its netlists occupy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Resource(StrEnum):
    """What a device has a limited number of."""

    LUTS = "LUTs"
    FLIP_FLOPS = "flip-flops"
    DSPS = "DSPs"
    BLOCK_RAMS = "block RAMs"
    LARGE_RAMS = "large RAMs"
    DISTRIBUTED_RAMS = "distributed RAMs"


_HALF = Fraction(1, 2)
_LUT = {Resource.LUTS: Fraction(1)}
_FLIP_FLOP = {Resource.FLIP_FLOPS: Fraction(1)}
_DSP = {Resource.DSPS: Fraction(1)}
_BLOCK_RAM = {Resource.BLOCK_RAMS: Fraction(1)}


def _distributed(luts: int) -> dict[Resource, Fraction]:
    """A memory of so many LUTs."""
    return {Resource.LUTS: Fraction(luts), Resource.DISTRIBUTED_RAMS: Fraction(1)}


@dataclass(frozen=True, kw_only=True)
class Family:
    """A device family.

    Parameters
    ----------
    name
        What designs that are built for the family call it, too (`nnhw build --technology`).
    synthesis
        Yosys command, without -top.
    preparation
        Yosys commands that come between reading and optimizing the design.
    completion
        Yosys commands that come after synthesis.
    core_options
        Added to `synthesis` where what is synthesized has no pins of its own.
    cells
        What a cell of the netlist occupies, by cell type; a type that ends in * stands for all that
        begin so. Cells that are not listed occupy nothing that is counted.
    sites
        Kinds of sites in nextpnr's report that are resources.
    models
        Simulation models of the cells, below the folder of Yosys's libraries.
    own_models
        Those that Yosys lacks, below the folder cells of this package.
    """

    name: str
    synthesis: str
    preparation: tuple[str, ...] = ()
    completion: tuple[str, ...] = ()
    core_options: str = ""
    cells: Mapping[str, Mapping[Resource, Fraction]]
    sites: Mapping[str, Resource] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    own_models: tuple[str, ...] = ()

    def occupied(self, cell: str) -> Mapping[Resource, Fraction]:
        """What one cell of a type occupies."""
        if cell in self.cells:
            return self.cells[cell]
        for pattern, occupied in self.cells.items():
            if pattern.endswith("*") and cell.startswith(pattern[:-1]):
                return occupied
        return {}


ECP5 = Family(
    name="ecp5",
    synthesis="synth_ecp5",
    cells={
        "LUT4": _LUT,
        "CCU2C": {Resource.LUTS: Fraction(2)},
        "TRELLIS_FF": _FLIP_FLOP,
        "TRELLIS_DPR16X4": _distributed(4),
        "MULT18X18D": _DSP,
        "MULT9X9D": {Resource.DSPS: _HALF},
        "DP16KD": _BLOCK_RAM,
        "PDPW16KD": _BLOCK_RAM,
    },
    sites={
        "TRELLIS_COMB": Resource.LUTS,
        "TRELLIS_FF": Resource.FLIP_FLOPS,
        "MULT18X18D": Resource.DSPS,
        "DP16KD": Resource.BLOCK_RAMS,
    },
    models=("ecp5/cells_sim.v",),
    own_models=("block_ram.v", "register.v", "ecp5.v"),
)

ICE40 = Family(
    name="ice40",
    synthesis="synth_ice40 -device u -dsp",
    # Two mistakes of the pass ice40_dsp of Yosys 0.70. It packs one register into two multipliers
    # whose registered products are added, and loses a product: registers that are to be kept it
    # leaves alone. And it changes the mode of SB_MAC16 cells that the design instantiates: they go
    # by another name until it is over.
    preparation=(
        "opt",
        "setattr -set keep 1 t:$mul %co1:+[Y] %co1:+[D] %co1:+[Q] w:* %i",
        "copy SB_MAC16 INSTANTIATED_SB_MAC16",
        "chtype -set INSTANTIATED_SB_MAC16 t:SB_MAC16",
    ),
    completion=("chtype -set SB_MAC16 t:INSTANTIATED_SB_MAC16", "delete =INSTANTIATED_SB_MAC16"),
    cells={
        "SB_LUT4": _LUT,
        "SB_DFF*": _FLIP_FLOP,
        "SB_MAC16": _DSP,
        "SB_RAM40_4K*": _BLOCK_RAM,
        "SB_SPRAM256KA": {Resource.LARGE_RAMS: Fraction(1)},
    },
    # A logic cell has one LUT and one flip-flop, which nextpnr does not count apart.
    sites={
        "ICESTORM_LC": Resource.LUTS,
        "ICESTORM_DSP": Resource.DSPS,
        "ICESTORM_RAM": Resource.BLOCK_RAMS,
        "ICESTORM_SPRAM": Resource.LARGE_RAMS,
    },
    models=("ice40/cells_sim.v",),
)

GOWIN = Family(
    name="gowin",
    synthesis="synth_gowin",
    core_options="-noiopads",
    cells={
        "LUT1": _LUT,
        "LUT2": _LUT,
        "LUT3": _LUT,
        "LUT4": _LUT,
        "ALU": _LUT,
        "DFF*": _FLIP_FLOP,
        "RAM16S*": _distributed(4),
        "MULT9X9": {Resource.DSPS: _HALF},
        "MULT18X18": _DSP,
        "MULTALU18X18": {Resource.DSPS: Fraction(2)},
        "MULTADDALU18X18": {Resource.DSPS: Fraction(2)},
        "MULT36X36": {Resource.DSPS: Fraction(4)},
        "SP*": _BLOCK_RAM,
        "SDP*": _BLOCK_RAM,
        "DP*": _BLOCK_RAM,
        "pROM*": _BLOCK_RAM,
    },
    # nextpnr counts multipliers of 9 and 18 bits apart although they share their sites.
    sites={
        "LUT4": Resource.LUTS,
        "DFF": Resource.FLIP_FLOPS,
        "BSRAM": Resource.BLOCK_RAMS,
    },
    models=("gowin/cells_sim.v",),
    own_models=("block_ram.v", "register.v", "gowin_memory.v", "gowin_multiplier.v"),
)

XILINX7 = Family(
    name="xilinx7",
    synthesis="synth_xilinx -flatten -family xc7",
    core_options="-noiopad -noclkbuf",
    cells={
        **{f"LUT{inputs}": _LUT for inputs in range(1, 7)},
        "INV": _LUT,
        "FD*": _FLIP_FLOP,
        "SRL*": _distributed(1),
        "RAM32M": _distributed(4),
        "RAM64M": _distributed(4),
        "RAM32X1*": _distributed(2),
        "RAM64X1*": _distributed(2),
        "RAM128X1*": _distributed(4),
        "DSP48E1": _DSP,
        "RAMB36E1": _BLOCK_RAM,
        "RAMB18E1": {Resource.BLOCK_RAMS: _HALF},
    },
)

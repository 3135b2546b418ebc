"""Synthesis for Lattice Nexus."""

from fractions import Fraction
from pathlib import Path

from ...synth.family_synthesis import (
    BLOCK_RAM,
    BLOCK_RAM_MODEL,
    DSP,
    FLIP_FLOP,
    HALF,
    LUT,
    FamilySynthesis,
    distributed,
)
from ...synth.yosys import quote
from ..target import Resource

_FOLDER = Path(__file__).parent
_CONSTANTS = quote(_FOLDER / "constants.v")

SYNTHESIS = FamilySynthesis(
    command="synth_lattice",
    # Yosys 0.70 connects the beginning of carry chains to the cell of a zero. nextpnr 0.11 takes
    # open ends only there, and zeros elsewhere out of that cell only.
    completion=(
        f"techmap -map {_CONSTANTS} t:VLO",
        "clean",
        f"techmap -map {_CONSTANTS} t:CCU2",
        "clean",
        "hilomap -singleton -hicell VHI Z -locell VLO Z",
    ),
    core_options="-noiopad",
    cells={
        "LUT4": LUT,
        "WIDEFN9": {Resource.LUTS: Fraction(2)},
        "CCU2": {Resource.LUTS: Fraction(2)},
        "FD1P3*": FLIP_FLOP,
        "DPR16X4": distributed(4),
        "MULT9X9": {Resource.DSPS: HALF},
        "MULT18X18": DSP,
        "MULT18X36": {Resource.DSPS: Fraction(2)},
        "MULT36X36": {Resource.DSPS: Fraction(4)},
        "MULTADDSUB9X9WIDE": {Resource.DSPS: Fraction(2)},
        "MULTADDSUB18X18": DSP,
        "MULTPREADD9X9": {Resource.DSPS: HALF},
        "MULTPREADD18X18": DSP,
        "DP16K": BLOCK_RAM,
        "PDP16K": BLOCK_RAM,
        "PDPSC16K": BLOCK_RAM,
        "PDPSC512K": {Resource.LARGE_RAMS: Fraction(1)},
    },
    # nextpnr counts the parts of multipliers, which depend on what they are used for
    sites={
        "OXIDE_COMB": Resource.LUTS,
        "OXIDE_FF": Resource.FLIP_FLOPS,
        "OXIDE_EBR": Resource.BLOCK_RAMS,
        "LRAM_CORE": Resource.LARGE_RAMS,
    },
    models=("lattice/cells_sim_nexus.v",),
    own_models=(BLOCK_RAM_MODEL, _FOLDER / "netlist.v"),
)

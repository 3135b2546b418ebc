"""Synthesis for Lattice ECP5."""

from fractions import Fraction
from pathlib import Path

from ...synth.family_synthesis import (
    BEST_OF_FOUR,
    BLOCK_RAM,
    BLOCK_RAM_MODEL,
    DSP,
    FLIP_FLOP,
    HALF,
    LUT,
    REGISTER_MODEL,
    FamilySynthesis,
    distributed,
)
from ..target import Resource

SYNTHESIS = FamilySynthesis(
    command="synth_ecp5",
    preparation=(BEST_OF_FOUR,),
    cells={
        "LUT4": LUT,
        "CCU2C": {Resource.LUTS: Fraction(2)},
        "TRELLIS_FF": FLIP_FLOP,
        "TRELLIS_DPR16X4": distributed(4),
        "MULT18X18D": DSP,
        "MULT9X9D": {Resource.DSPS: HALF},
        "DP16KD": BLOCK_RAM,
        "PDPW16KD": BLOCK_RAM,
    },
    sites={
        "TRELLIS_COMB": Resource.LUTS,
        "TRELLIS_FF": Resource.FLIP_FLOPS,
        "MULT18X18D": Resource.DSPS,
        "DP16KD": Resource.BLOCK_RAMS,
    },
    models=("ecp5/cells_sim.v",),
    own_models=(BLOCK_RAM_MODEL, REGISTER_MODEL, Path(__file__).with_name("netlist.v")),
)

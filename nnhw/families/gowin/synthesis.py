"""Synthesis for Gowin GW1N and GW2A."""

from fractions import Fraction
from pathlib import Path

from ...synth.family_synthesis import (
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

_FOLDER = Path(__file__).parent

SYNTHESIS = FamilySynthesis(
    command="synth_gowin",
    core_options="-noiopads",
    cells={
        "LUT1": LUT,
        "LUT2": LUT,
        "LUT3": LUT,
        "LUT4": LUT,
        "ALU": LUT,
        "DFF*": FLIP_FLOP,
        "RAM16S*": distributed(4),
        "MULT9X9": {Resource.DSPS: HALF},
        "MULT18X18": DSP,
        "MULTALU18X18": {Resource.DSPS: Fraction(2)},
        "MULTADDALU18X18": {Resource.DSPS: Fraction(2)},
        "MULT36X36": {Resource.DSPS: Fraction(4)},
        "SP*": BLOCK_RAM,
        "SDP*": BLOCK_RAM,
        "DP*": BLOCK_RAM,
        "pROM*": BLOCK_RAM,
    },
    # Flip-flops that nextpnr puts between block RAMs of GW2A and logic do not count. An ALU is a
    # look-up table, and a distributed RAM keeps as many from use as it has. nextpnr counts
    # multipliers of 9 and 18 bits apart although they share their sites.
    sites={
        "LUT4": Resource.LUTS,
        "ALU": Resource.LUTS,
        "RAM16SDP4": Resource.LUTS,
        "BSRAM": Resource.BLOCK_RAMS,
    },
    site_sizes={"RAM16SDP4": 4},
    models=("gowin/cells_sim.v",),
    own_models=(
        BLOCK_RAM_MODEL,
        REGISTER_MODEL,
        _FOLDER / "netlist_memory.v",
        _FOLDER / "netlist_multiplier.v",
    ),
)

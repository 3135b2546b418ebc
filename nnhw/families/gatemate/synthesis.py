"""Synthesis for Cologne Chip GateMate."""

from fractions import Fraction
from pathlib import Path

from ...synth.family_synthesis import BLOCK_RAM, FLIP_FLOP, LUT, FamilySynthesis
from ..target import Resource

_TWO_LUTS = {Resource.LUTS: Fraction(2)}

SYNTHESIS = FamilySynthesis(
    # nextpnr 0.11 takes trees of look-up tables only, and no CC_MX8
    command="synth_gatemate -luttree -nomx8",
    core_options="-noiopad -noclkbuf",
    cells={
        "CC_L2T4": LUT,
        "CC_L2T5": _TWO_LUTS,
        "CC_LUT*": LUT,
        "CC_MX*": _TWO_LUTS,
        # a bit of a chain takes half of a CPE
        "CC_ADDF": LUT,
        # of two bytes; others before place and route are not known by their type
        "CC_MULT": {Resource.LUTS: Fraction(72)},
        "CC_DFF": FLIP_FLOP,
        "CC_BRAM_20K": BLOCK_RAM,
        "CC_BRAM_40K": {Resource.BLOCK_RAMS: Fraction(2)},
    },
    # nextpnr counts a whole block RAM and half of one alike, and has other names for the halves of
    # a CPE that are placed as parts of a carry chain or of a multiplier
    sites=dict.fromkeys(("CPE_LT", "CPE_MULT", "CPE_ADDF", "CPE_ADDF2"), Resource.LUTS),
    site_sizes=dict.fromkeys(("CPE_MULT", "CPE_ADDF", "CPE_ADDF2"), 2),
    models=("gatemate/cells_sim.v",),
    # Verilator takes a chain of carries in one net for a loop
    splits_nets=True,
    own_models=(Path(__file__).with_name("netlist.v"),),
)

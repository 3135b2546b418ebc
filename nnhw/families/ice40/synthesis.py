"""Synthesis for Lattice iCE40 UltraPlus."""

from fractions import Fraction

from ...synth.family_synthesis import BEST_OF_FOUR, BLOCK_RAM, DSP, FLIP_FLOP, LUT, FamilySynthesis
from ..target import Resource

SYNTHESIS = FamilySynthesis(
    command="synth_ice40 -device u -dsp",
    # For logic that is covered with look-up tables, the picoseconds from one to the next are as in
    # placed designs; Yosys's own 750 put more of them one behind the other.
    #
    # Two mistakes of the pass ice40_dsp of Yosys 0.70. It packs one register into two multipliers
    # whose registered products are added, and loses a product: registers that are to be kept it
    # leaves alone. And it changes the mode of SB_MAC16 cells that the design instantiates: they go
    # by another name until it is over.
    preparation=(
        BEST_OF_FOUR,
        "scratchpad -set synth_ice40.abc9.W 1800",
        "opt",
        "setattr -set keep 1 t:$mul %co1:+[Y] %co1:+[D] %co1:+[Q] w:* %i",
        "copy SB_MAC16 INSTANTIATED_SB_MAC16",
        "chtype -set INSTANTIATED_SB_MAC16 t:SB_MAC16",
    ),
    completion=("chtype -set SB_MAC16 t:INSTANTIATED_SB_MAC16", "delete =INSTANTIATED_SB_MAC16"),
    cells={
        "SB_LUT4": LUT,
        "SB_DFF*": FLIP_FLOP,
        "SB_MAC16": DSP,
        "SB_RAM40_4K*": BLOCK_RAM,
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

"""Synthesis for AMD Xilinx 7 series."""

from ...synth.family_synthesis import (
    BLOCK_RAM,
    DSP,
    FLIP_FLOP,
    HALF,
    LUT,
    FamilySynthesis,
    distributed,
)
from ..target import Resource

SYNTHESIS = FamilySynthesis(
    command="synth_xilinx -flatten -family xc7",
    core_options="-noiopad -noclkbuf",
    cells={
        **{f"LUT{inputs}": LUT for inputs in range(1, 7)},
        "INV": LUT,
        "FD*": FLIP_FLOP,
        "SRL*": distributed(1),
        "RAM32M": distributed(4),
        "RAM64M": distributed(4),
        "RAM32X1*": distributed(2),
        "RAM64X1*": distributed(2),
        "RAM128X1*": distributed(4),
        "DSP48E1": DSP,
        "RAMB36E1": BLOCK_RAM,
        "RAMB18E1": {Resource.BLOCK_RAMS: HALF},
    },
)

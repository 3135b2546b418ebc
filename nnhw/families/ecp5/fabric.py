"""What Yosys builds designs for Lattice ECP5 of (`synth_ecp5`)."""

from ...estimates.fabric import Fabric, MemoryCell, blocks
from ...synth.family_synthesis import FLIP_FLOP

FABRIC = Fabric(
    lut_inputs=4,
    least_chain=5,
    memory_cells=(
        MemoryCell(depth=16, width=4, cost=4, luts=4),
        *blocks({512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}, cost=128, byte=9),
    ),
    least_product=9,
    cells={"FD1S3AX": FLIP_FLOP},
    carries={"CCU2C": "CIN"},
)

"""What Yosys builds designs for Lattice Nexus of (`synth_lattice`)."""

from ...estimates.fabric import Fabric, MemoryCell, blocks

FABRIC = Fabric(
    lut_inputs=4,
    least_chain=5,
    memory_cells=(
        MemoryCell(depth=16, width=4, cost=4, luts=4),
        *blocks({512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}, cost=128, byte=9),
    ),
    # Yosys 0.70 makes whole multipliers of products of up to 9 bits, too, where they are added up
    least_product=8,
)

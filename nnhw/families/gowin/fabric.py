"""What Yosys builds designs for Gowin GW1N and GW2A of (`synth_gowin`)."""

from ...estimates.fabric import Bypass, Fabric, MemoryCell, blocks

FABRIC = Fabric(
    lut_inputs=4,
    bypass=Bypass.SHARED,
    block_ports=True,  # of GW2A
    memory_cells=(
        MemoryCell(depth=16, width=4, cost=4, width_cost=4, luts=4),
        *blocks({512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}, cost=128, byte=9),
    ),
    least_product=8,
    half_factor=9,
    least_part=4,
)

"""What Yosys builds designs for AMD Xilinx 7 series of (`synth_xilinx`)."""

from fractions import Fraction

from ...estimates.fabric import Fabric, MemoryCell, blocks

FABRIC = Fabric(
    lut_inputs=6,
    shift_register=3,
    memory_cells=(
        MemoryCell(depth=32, width=6, cost=8, width_cost=7, luts=4),
        MemoryCell(depth=64, width=3, cost=8, width_cost=7, luts=4),
        *blocks(
            {512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1},
            cost=129,
            byte=9,
            size=Fraction(1, 2),
        ),
        *blocks(
            {512: 72, 1024: 36, 2048: 18, 4096: 9, 8192: 4, 16384: 2, 32768: 1},
            cost=257,
            byte=9,
        ),
    ),
    rom_bit_cost=Fraction(1, 64),
    least_product=9,
    factors=(25, 18),
    signed_multipliers=True,
    multipliers_add=True,  # `xilinx_dsp`
)

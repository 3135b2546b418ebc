"""What Yosys builds designs for Cologne Chip GateMate of (`synth_gatemate`)."""

from ...estimates.fabric import Bypass, Fabric, blocks

FABRIC = Fabric(
    lut_inputs=4,
    has_reset=False,
    product_luts=72,  # a CC_MULT, as synthesis.py counts it
    bypass=Bypass.ALONE,
    block_ports=True,
    memory_cells=(
        *blocks({512: 40, 1024: 20, 2048: 10, 4096: 5, 8192: 2, 16384: 1}, cost=129, byte=1),
        *blocks(
            {512: 80, 1024: 40, 2048: 20, 4096: 10, 8192: 5, 16384: 2, 32768: 1},
            cost=257,
            byte=1,
            size=2,
        ),
    ),
)

"""What Yosys builds designs for Lattice iCE40 UltraPlus of (`synth_ice40`)."""

from ...estimates.fabric import Bypass, Fabric, blocks

FABRIC = Fabric(
    lut_inputs=4,
    reset_needs_enable=True,
    bypass=Bypass.ALONE,
    memory_cells=blocks({256: 16, 512: 8, 1024: 4, 2048: 2}, cost=64, byte=1),
    least_product=11,
    factors=(16, 16),
)

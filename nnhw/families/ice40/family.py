"""Pipeline depths and the device of Lattice iCE40 UltraPlus."""

from ..family import Family
from ..target import Resource, Target

FAMILY = Family(
    name="ice40",
    pipeline={"scale_stages": 4},
    ram_bits={Resource.BLOCK_RAMS: 4 << 10, Resource.LARGE_RAMS: 256 << 10},
    targets=(
        Target(
            name="ice40up5k",
            description="Lattice iCE40 UltraPlus UP5K, SG48",
            family="ice40",
            chip="up5k",
            part="sg48",
            capacity={
                Resource.LUTS: 5280,
                Resource.FLIP_FLOPS: 5280,
                Resource.DSPS: 8,
                Resource.BLOCK_RAMS: 30,
                Resource.LARGE_RAMS: 4,
            },
            frequency_mhz=24,
        ),
    ),
)

"""Pipeline depths and the device of Cologne Chip GateMate."""

from ..family import Family
from ..target import Resource, Target

FAMILY = Family(
    name="gatemate",
    pipeline={"multiplier_stages": 3, "tree_levels_per_stage": 1, "scale_stages": 4},
    ram_bits={Resource.BLOCK_RAMS: 20 << 10},
    targets=(
        Target(
            name="gatemate-a1",
            description="Cologne Chip GateMate CCGM1A1",
            family="gatemate",
            chip="CCGM1A1",
            # half a CPE is a tree of look-up tables with four inputs, and a flip-flop
            capacity={
                Resource.LUTS: 40960,
                Resource.FLIP_FLOPS: 40960,
                Resource.BLOCK_RAMS: 64,
            },
            frequency_mhz=50,
        ),
    ),
)

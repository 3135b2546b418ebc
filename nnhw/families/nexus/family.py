"""Pipeline depths and the device of Lattice Nexus (CrossLink-NX, Certus-NX)."""

from ..family import Family
from ..target import Resource, Target

FAMILY = Family(
    name="nexus",
    pipeline={"multiplier_stages": 3, "tree_levels_per_stage": 1, "scale_stages": 5},
    ram_bits={Resource.BLOCK_RAMS: 18 << 10, Resource.LARGE_RAMS: 512 << 10},
    targets=(
        Target(
            name="lifcl40",
            description="Lattice CrossLink-NX LIFCL-40, CABGA400",
            family="nexus",
            chip="LIFCL-40",
            part="BG400C",
            speed_grades=("7", "8", "9"),
            capacity={
                Resource.LUTS: 32256,
                Resource.FLIP_FLOPS: 32256,
                Resource.DSPS: 56,
                Resource.BLOCK_RAMS: 84,
                Resource.LARGE_RAMS: 2,
            },
            frequency_mhz=100,
            options="-family lifcl",
            pins=("L5", "L1", "L2"),
        ),
    ),
)

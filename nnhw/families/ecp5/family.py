"""Pipeline depths and devices of Lattice ECP5."""

from ..family import Family
from ..target import Resource, Target


def _target(size: str, luts: int, dsps: int, block_rams: int) -> Target:
    return Target(
        name=f"ecp5-{size}k",
        description=f"Lattice ECP5 LFE5U-{size}F, CABGA381",
        family="ecp5",
        chip=f"{size}k",
        part="CABGA381",
        speed_grades=("6", "7", "8"),
        capacity={
            Resource.LUTS: luts,
            Resource.FLIP_FLOPS: luts,
            Resource.DSPS: dsps,
            Resource.BLOCK_RAMS: block_rams,
        },
        frequency_mhz=100,
        # left to itself, nextpnr may choose a pin from which the clock cannot get to its network
        pins=("G2", "B2", "C2"),
    )


FAMILY = Family(
    name="ecp5",
    pipeline={"multiplier_stages": 4, "tree_levels_per_stage": 1, "scale_stages": 5},
    ram_bits={Resource.BLOCK_RAMS: 18 << 10},
    targets=(
        _target("85", 83640, 156, 208),
        _target("45", 43848, 72, 108),
        _target("25", 24288, 28, 56),
    ),
)

"""Pipeline depths and devices of AMD Xilinx 7 series."""

from ..family import Family
from ..target import Resource, Target


def _target(size: str, luts: int, dsps: int, block_rams: int) -> Target:
    return Target(
        name=f"xc7a{size}t",
        description=f"AMD Artix-7 XC7A{size}T (synthesis only)",
        family="xilinx7",
        capacity={
            Resource.LUTS: luts,
            Resource.FLIP_FLOPS: 2 * luts,
            Resource.DSPS: dsps,
            Resource.BLOCK_RAMS: block_rams,
        },
        frequency_mhz=100,
    )


FAMILY = Family(
    name="xilinx7",
    pipeline={"multiplier_stages": 3},
    ram_bits={Resource.BLOCK_RAMS: 36 << 10},
    targets=(_target("35", 20800, 90, 50), _target("100", 63400, 240, 135)),
)

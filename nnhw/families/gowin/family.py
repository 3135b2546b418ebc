"""Pipeline depths and devices of Gowin GW1N and GW2A."""

from ..family import Family
from ..target import Resource, Target


def _target(
    name: str,
    description: str,
    *,
    chip: str,
    part: str,
    series: str,
    pins: tuple[str, ...],
    counts: tuple[int, ...],
) -> Target:
    resources = (Resource.LUTS, Resource.FLIP_FLOPS, Resource.DSPS, Resource.BLOCK_RAMS)
    return Target(
        name=name,
        description=description,
        family="gowin",
        chip=chip,
        part=part,
        capacity=dict(zip(resources, counts, strict=True)),
        frequency_mhz=80,
        options=f"-family {series}",
        pins=pins,
    )


FAMILY = Family(
    name="gowin",
    pipeline={"multiplier_stages": 2, "tree_levels_per_stage": 1, "scale_stages": 4},
    ram_bits={Resource.BLOCK_RAMS: 18 << 10},
    targets=(
        _target(
            "gowin-gw1nr9",
            "Gowin GW1NR-9 (LittleBee), QN88P, C6/I5",
            chip="GW1N-9C",
            part="GW1NR-LV9QN88PC6/I5",
            series="gw1n",
            pins=("52", "25", "26"),
            counts=(8640, 6480, 20, 26),
        ),
        _target(
            "gowin-gw2a18",
            "Gowin GW2A-18 (Arora), PBGA256, C8/I7",
            chip="GW2A-18",
            part="GW2A-LV18PG256C8/I7",
            series="gw2a",
            pins=("H11", "L14", "L16"),
            counts=(20736, 15552, 48, 46),
        ),
    ),
)

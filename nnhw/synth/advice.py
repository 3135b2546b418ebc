"""What to change about a design that does not fit its device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..families import TARGETS, Resource, Target
from .usage import Usage


def advise(manifest: Mapping[str, Any], target: Target, usage: Sequence[Usage]) -> tuple[str, ...]:
    """One line for each thing to try; none if everything fits.

    Parameters
    ----------
    manifest
        Of the exported design.
    usage
        What it occupies of the target.
    """
    missing = {figures.resource: figures for figures in usage if not figures.fits}
    if not missing:
        return ()
    lines = [
        f"{figures.used:,} {figures.resource} are needed and there are {figures.available:,}"
        for figures in missing.values()
    ]
    shares = [
        figures.available / figures.used
        for resource, figures in missing.items()
        if resource in (Resource.DSPS, Resource.LUTS, Resource.FLIP_FLOPS)
        and figures.available is not None
    ]
    macs = manifest["mac_units"]
    if shares and macs > 1:
        # A power of two leaves some for what is not multipliers of the array.
        fewer = 1 << (max(1, int(macs * min(shares))).bit_length() - 1)
        lines.append(
            f"build with fewer multipliers: --macs {fewer} in place of {macs}, "
            f"at about {fewer / macs:.0%} of the speed"
        )
    if missing.keys() & {Resource.BLOCK_RAMS, Resource.LUTS}:
        lines.append("build with fewer bits a weight, such as --weight-bits 4: half the memory")
    larger = [other.name for other in TARGETS.values() if _holds(other, target, usage)]
    if larger:
        lines.append(f"take a larger device: {', '.join(larger)}")
    return tuple(lines)


def _holds(other: Target, target: Target, usage: Sequence[Usage]) -> bool:
    """Whether another device of the same family, whose cells are the same, has enough."""
    return (
        other.family == target.family
        and other is not target
        and all(
            figures.used <= other.capacity.get(Resource(figures.resource), figures.used)
            for figures in usage
        )
    )

"""How much of a device a design occupies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..families import Resource, Target
from .family_synthesis import find_synthesis
from .placer import Sites


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One resource.

    Parameters
    ----------
    resource
        Such as "LUTs".
    used
        How many of them the design takes.
    available
        How many the device has; None if it has none of their own, as distributed RAMs, which are
        made of LUTs.
    """

    resource: str
    used: int
    available: int | None

    @property
    def percent(self) -> float | None:
        """Share of the device."""
        return round(100 * self.used / self.available, 1) if self.available else None

    @property
    def fits(self) -> bool:
        """Whether the device has enough."""
        return self.available is None or self.used <= self.available


def count_usage(
    cells: Mapping[str, int], target: Target, sites: Sites | None = None
) -> tuple[Usage, ...]:
    """What a design occupies of a device; resources that neither has are left out.

    Parameters
    ----------
    cells
        Cells of the netlist by type.
    sites
        Occupied and available sites of each kind, packed or placed, which are what the device has;
        None where there is no place and route.
    """
    family = find_synthesis(target)
    totals: dict[Resource, Fraction] = {}
    for cell, count in cells.items():
        for resource, each in family.occupied(cell).items():
            totals[resource] = totals.get(resource, Fraction(0)) + count * each
    used = {resource: math.ceil(total) for resource, total in totals.items()}
    placed: dict[Resource, int] = {}
    for kind, resource in family.sites.items():
        if sites and kind in sites:
            size = family.site_sizes.get(kind, 1)
            placed[resource] = placed.get(resource, 0) + size * sites[kind][0]
    used |= placed
    return tuple(
        Usage(
            resource=resource.value,
            used=used.get(resource, 0),
            available=target.capacity.get(resource),
        )
        for resource in Resource
        if resource in used or resource in target.capacity
    )

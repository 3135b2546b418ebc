"""Estimates for the devices that a design can be had on."""

from __future__ import annotations

from ..export.verilog import Hierarchy
from ..families import FAMILIES, OWN_FAMILIES, Resource, named_target
from .estimate import Estimate, estimate_netlist
from .model import has_model


def estimate_devices(
    netlist: Hierarchy, *, technology: str, target: str | None
) -> tuple[Estimate, ...]:
    """What a design will take of its device; or, if it is for none in particular, of the smallest
    one that has enough of each family that it can be had on, the largest if none has.

    Families without a model are left out.

    Parameters
    ----------
    technology
        What it is built of.
    target
        The device that it is for.
    """
    if target is not None:
        device = named_target(target)
        known = device is not None and has_model(device.family)
        return (estimate_netlist(netlist, device),) if device is not None and known else ()
    # other packages' families are not asked unless they are named
    families = [technology] if technology in FAMILIES else list(OWN_FAMILIES)
    return tuple(_smallest(netlist, family) for family in families if has_model(family))


def _smallest(netlist: Hierarchy, family: str) -> Estimate:
    targets = sorted(
        FAMILIES[family].targets, key=lambda target: target.capacity.get(Resource.LUTS, 0)
    )
    estimate = estimate_netlist(netlist, targets[-1])
    on_each = (estimate.on(target) for target in targets)
    return next((found for found in on_each if found.fits), estimate)

"""What the largest parts of a design take by themselves, found in a fraction of its time."""

from __future__ import annotations

from collections.abc import Mapping

from ..estimates import estimate_netlist
from ..export.verilog import component_netlist
from ..families import Resource, Target
from ..garbage import without_collection
from ..hdl import repeated_components
from ..mapping import Program


@without_collection()
def least_logic(program: Program, target: Target) -> Mapping[Resource, int]:
    """LUTs and flip-flops that a design takes at least, by estimates of what it has many of.

    Columns, lanes, requantizers and the register of weights are half to four fifths of a large
    design. What is more than a device holds is so in the whole design.
    """
    least = {Resource.LUTS: 0, Resource.FLIP_FLOPS: 0}
    for component, count in repeated_components(program.machine, program.image):
        estimate = estimate_netlist(component_netlist(component, "part"), target)
        for resource in least:
            least[resource] += count * estimate.used(resource)
    return least

"""What a design will take by its parts, each of which is looked at once, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ..export.verilog import component_netlist
from ..families import Resource, Target
from ..garbage import without_collection
from ..hdl import engine_parts
from ..machine import Image, Machine
from ..mapping import Program
from .estimate import Count, Estimate, check_technology, count_netlist, make_estimate

Parts = Callable[[Machine, Image], Sequence[tuple[Any, int]]]
"""Components of an engine, and how many are alike."""


@without_collection()
def estimate_parts(program: Program, target: Target, parts: Parts = engine_parts) -> Estimate:
    """About what `Estimator` says of a design, in a fraction of its time.

    Registers and logic between the parts are left out, and all around the engine: up to 3% of
    look-up tables and 5% of flip-flops of a design without options. Memory blocks are the same.

    Raises
    ------
    MappingError
        See `Estimator.estimate`.
    """
    check_technology(program.config.technology, target)
    totals: defaultdict[Resource, float] = defaultdict(float)
    product_sums: int | None = None
    for component, count in parts(program.machine, program.image):
        found = count_netlist(component_netlist(component, "part"), target)
        if found.product_sums is not None:
            product_sums = max(product_sums or 0, found.product_sums)
        for resource, used in found.totals.items():
            totals[resource] += count * used
    return make_estimate(Count(totals=totals, product_sums=product_sums), target)

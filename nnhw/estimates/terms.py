"""What estimates are sums of: numbers that are certain, and terms whose coefficients are fitted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from ..families import FAMILIES, Resource
from ..synth.family_synthesis import FamilySynthesis
from .fabric import Bypass, Fabric
from .features import Features
from .memories import place_memory
from .products import place_product


@dataclass(frozen=True, slots=True)
class Terms:
    """What a design has, by family.

    Parameters
    ----------
    exact
        What its cells occupy, those of the family's technology and those that memories and
        multipliers become.
    luts, flip_flops
        Terms by name, which are multiplied by coefficients and added to that.
    product_sums
        Most additions that follow a product which is left to synthesis; None if there is none.
    """

    exact: dict[Resource, Fraction]
    luts: dict[str, float]
    flip_flops: dict[str, float]
    product_sums: int | None


def count_terms(features: Features, family: str) -> Terms:
    """The terms of a design's features."""
    synthesis: FamilySynthesis = FAMILIES[family].part("synthesis").SYNTHESIS
    fabric: Fabric = FAMILIES[family].part("fabric").FABRIC
    exact: defaultdict[Resource, Fraction] = defaultdict(Fraction)
    block_bits = 0
    for cell, count in features.cells.items():
        occupied = fabric.cells.get(cell) or synthesis.occupied(cell)
        for resource, each in occupied.items():
            exact[resource] += count * each
        if Resource.BLOCK_RAMS in occupied:
            block_bits += features.outputs[cell]

    luts: defaultdict[str, float] = defaultdict(float)
    flip_flops: defaultdict[str, float] = defaultdict(float)
    for inputs, count in features.tables.items():
        luts[f"tables of {inputs}"] = count
    for inputs, count in features.operands.items():
        luts[f"operands of {inputs}"] = count
    luts["adders"] = len(features.adders)
    luts["adder bits"] = sum(features.adders)
    luts["cell chains"] = features.cell_chains
    luts["comparisons"] = len(features.comparisons)
    luts["comparison bits"] = sum(features.comparisons)
    if fabric.bypass is not Bypass.FREE:
        luts["joined flip-flops"] = features.joined
        luts["lone flip-flops"] = features.flip_flops - features.joined
    flip_flops["registers"] = features.flip_flops
    flip_flops["shift registers"] = luts["shift registers"] = sum(features.shifted.values())
    flip_flops["shifted"] = sum(length * count for length, count in features.shifted.items())

    for memory in features.memories:
        use = place_memory(memory, fabric)
        exact[Resource.LUTS] += use.luts
        exact[Resource.BLOCK_RAMS] += use.blocks
        block_bits += memory.width * bool(use.blocks)
        luts["selected memory bits"] += use.selected
        luts["ROM bits"] += use.rom_bits
        luts["RAM bits"] += use.ram_bits
        if fabric.bypass is not Bypass.FREE:
            luts["memory registers"] += use.registers
        flip_flops["memory registers"] += use.registers
        flip_flops["RAM bits"] += use.ram_bits

    product_sums = None
    for a, b in features.products:
        product = place_product(a, b, fabric)
        product_sums = max(product_sums or 0, product.sums)
        exact[Resource.LUTS] += product.luts
        luts["product bits"] += product.bits
        if product.multipliers:
            exact[Resource.DSPS] += product.multipliers
            flip_flops["multiplier bits"] += a + b
            if fabric.bypass is not Bypass.FREE:
                luts["multiplier bits"] += a + b
        elif product.bits:
            luts["products"] += 1
    if fabric.block_ports:
        luts["blocks"] = float(exact[Resource.BLOCK_RAMS])
        luts["block bits"] = block_bits
    return Terms(dict(exact), dict(luts), dict(flip_flops), product_sums)

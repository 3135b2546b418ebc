"""Whether a design fits into the device that it is built for, and what to do if not."""

from __future__ import annotations

import math

from .errors import MappingError
from .estimates import Estimate
from .families import FAMILIES, DeviceUse, Resource, Target, named_target
from .hdl import engine_cells
from .mapping import Program
from .report import QualityWarning


def find_use(program: Program) -> DeviceUse | None:
    """What a program's engine takes of its device; None if it is for none in particular."""
    config = program.config
    if not config.target:
        return None
    cells = engine_cells(program.machine, program.image)
    capacity = FAMILIES[config.technology].target(config.target).capacity
    return DeviceUse(
        target=config.target,
        multipliers=float(cells.multipliers),
        multipliers_available=capacity.get(Resource.DSPS, 0),
        added_products=cells.added_products,
        block_rams=cells.blocks + cells.expected_blocks,
        block_rams_available=capacity.get(Resource.BLOCK_RAMS, 0),
        block_rams_expected=bool(cells.expected_blocks),
    )


def check_use(use: DeviceUse, program: Program) -> tuple[QualityWarning, ...]:
    """A warning if a design probably does not fit into its device; nothing if it does.

    Raises
    ------
    MappingError
        If it certainly does not. It says what would fit.
    """
    if use.fits:
        return ()
    problem = (
        f"{use.block_rams} block RAMs are needed and {use.target} has {use.block_rams_available}"
    )
    advice = f"Try {', or '.join(_remedies(use, program))}"
    if not use.block_rams_expected:
        raise MappingError(f"{problem}. {advice}")
    problem = f"About {problem}, as far as it is known what the synthesizer makes of the memories"
    return (QualityWarning(kind="device", layer=None, problem=problem, advice=advice),)


def check_logic(estimate: Estimate) -> tuple[QualityWarning, ...]:
    """A warning if a design's logic probably does not fit into the device that it is for; nothing
    if it does. Its memory blocks are `check_use`'s."""
    device = named_target(estimate.target)
    assert device is not None
    logic = (Resource.LUTS.value, Resource.FLIP_FLOPS.value)
    full = [f for f in estimate.figures if f.resource in logic and not f.fits]
    if not full:
        return ()
    needed = " and ".join(f"{figure.used:,} {figure.resource}" for figure in full)
    has = " and ".join(f"{figure.available:,}" for figure in full)
    larger = [t.name for t in FAMILIES[device.family].targets if estimate.on(t).fits]
    remedies = ["a smaller array: without a size, the fastest that fits is found"]
    remedies += [f"a larger device: {', '.join(larger)}"] if larger else []
    return (
        QualityWarning(
            kind="device",
            layer=None,
            problem=f"About {needed} are needed and {device.name} has {has}",
            advice=f"Try {', or '.join(remedies)}",
        ),
    )


def _remedies(use: DeviceUse, program: Program) -> list[str]:
    remedies = []
    if bits := _weight_bits(use, program):
        remedies.append(f"--weight-bits {bits}")
    if program.config.mac_units > 1:
        fewer = program.config.mac_units // 2
        remedies.append(f"fewer multipliers, such as --macs {fewer}, whose words are narrower")
    if larger := _larger(use, FAMILIES[program.config.technology].targets):
        remedies.append(f"a larger device: {', '.join(larger)}")
    return remedies or ["a device of another family: no one of this family has as many"]


def _weight_bits(use: DeviceUse, program: Program) -> int | None:
    """The most bits a weight with which its blocks would be few enough, in proportion; None if the
    other memories leave too little, or weights cannot have fewer."""
    bits = program.machine.memory_bits()
    share = bits["weights"] / sum(bits.values())
    others = use.block_rams * (1 - share)
    a_bit = use.block_rams * share / program.widths.weight
    fitting = math.floor((use.block_rams_available - others) / a_bit) if a_bit else 0
    return min(fitting, program.widths.weight - 1, 8) if fitting >= 2 else None


def _larger(use: DeviceUse, targets: tuple[Target, ...]) -> list[str]:
    """Devices of the family with enough blocks."""
    return [
        target.name
        for target in targets
        if target.capacity.get(Resource.BLOCK_RAMS, 0) >= use.block_rams
    ]

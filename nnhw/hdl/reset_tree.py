"""The reset: one flip-flop would have to reach others all over the device within a cycle."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Elaboratable, Module, ResetInserter, Signal, Value

from .arithmetic import delay
from .technology import Technology

RESET_STAGES = 2
"""Registers that a reset goes through on its way to all parts of the device."""


def spread_reset(
    m: Module,
    reset: Value,
    components: Mapping[str, Elaboratable],
    technology: Technology,
    *,
    name: str = "reset",
) -> Value:
    """Add components to a module, each with a branch of the reset of its own.

    The registers of all of them return to their first state in the same cycle, `RESET_STAGES`
    cycles later than without this.

    Parameters
    ----------
    reset
        Of any length, at least one cycle.
    components
        Those that have registers to be reset, by name.
    name
        Of the tree, unique in the module.

    Returns
    -------
    Whether a reset that was there before this cycle has not come to its end in all of them. Until
    then, what they say means nothing.
    """
    branches = technology.fan_out(m, reset, stages=RESET_STAGES, leaves=len(components), name=name)
    for (part, component), branch in zip(components.items(), branches, strict=True):
        local = Signal(name="reset")
        m.d.comb += local.eq(branch)
        m.submodules[part] = ResetInserter(local)(component)
    on_its_way = [delay(m, reset, age, name="reset_seen") for age in range(RESET_STAGES)]
    is_reset = Signal(reset_less=True)
    m.d.sync += is_reset.eq(Cat(on_its_way).any())
    return is_reset

"""Trees of registers, for values that are needed all over a device."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Const, Module, Value
from amaranth.lib import data

_BRANCHES = 3
"""Registers that one register of the stage before drives."""


def register_tree(
    m: Module,
    register: Callable[[Module, Value, str], Value],
    value: Value,
    *,
    stages: int,
    leaves: int,
    name: str,
) -> list[Value]:
    """`Technology.fan_out` with registers of their own, so that none has a long way to go.

    Parameters
    ----------
    register
        Adds one stage of registers, of a name, to a module. The synthesizer must not merge it with
        others of the same contents.
    """
    if not stages or isinstance(value, Const):  # which always is what it was
        return [value] * leaves
    if isinstance(value, data.View):
        copies = register_tree(
            m, register, value.as_value(), stages=stages, leaves=leaves, name=name
        )
        return [data.View(value.shape(), copy) for copy in copies]
    counts = [leaves]
    while len(counts) < stages:
        counts.insert(0, -(-counts[0] // _BRANCHES))
    level = [value]
    for stage, count in enumerate(counts, start=1):
        level = [
            register(m, level[index * len(level) // count], f"{name}_{stage}_{index}")
            for index in range(count)
        ]
    return level

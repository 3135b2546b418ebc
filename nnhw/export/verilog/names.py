"""Plain identifiers for everything in a module."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...reserved_words import is_reserved
from .hierarchy import Origin
from .netlist import Module

#: What results of operators are called that have no name of their own.
_RESULTS = {
    "add": "sum",
    "sub": "difference",
    "mul": "product",
    "neg": "negative",
    "mux": "choice",
    **dict.fromkeys(["shl", "shr", "sshr"], "shifted"),
    **dict.fromkeys(["eq", "ne", "lt", "le", "gt", "ge"], "test"),
}


def identifier(text: str) -> str:
    """A Verilog identifier like `text`; without the number that Amaranth adds to a taken name."""
    name = re.sub(r"\W+|__+", "_", re.sub(r"\$\d+(?=\.|$)", "", text)).strip("_") or "unnamed"
    return f"net_{name}" if is_reserved(name) else name


class UniqueNames:
    """Gives each name once: when it is asked for again, as name_2, name_3 and so on."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, name: str) -> str:
        """`name`, with a number if it has been given already."""
        candidate, number = name, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._taken.add(candidate)
        return candidate


@dataclass(frozen=True, slots=True)
class Names:
    """Identifiers by the names that the netlist uses."""

    wires: Mapping[str, str]
    instances: Mapping[str, str]
    memories: Mapping[str, str]
    unique: UniqueNames


def name_all(module: Module, origin: Origin, *, only: Collection[str] | None = None) -> Names:
    """Choose the identifiers of a module; instances and ports get theirs first.

    Parameters
    ----------
    only
        Wires that need a name; None: all.
    """
    unique = UniqueNames()
    instances = {name: unique(identifier(name)) for name in module.instances}
    members = {member.wire: member.name for member in origin.members}
    wires = {port: unique(identifier(members.get(port, port))) for port in module.ports}
    memories = {name: unique(identifier(name)) for name in module.memories}
    hints = {wire: wire for wire in module.wires} | _hints(module, origin)
    # names that are somebody's choice come before made-up ones
    for wire in sorted(module.wires, key=lambda wire: hints[wire].startswith("$")):
        if wire not in wires and (only is None or wire in only):
            wires[wire] = unique(identifier(hints[wire]))
    return Names(wires, instances, memories, unique)


def _hints(module: Module, origin: Origin) -> dict[str, str]:
    """Better names for wires that have none of their own; made-up ones begin with a dollar sign."""
    hints: dict[str, str] = {}
    for wire, operator in module.operators.items():
        hints[wire] = f"${_RESULTS.get(operator.kind, 'flag' if operator.width == 1 else 'bits')}"
    hints |= dict.fromkeys(module.processes, "$value")
    hints |= dict.fromkeys(module.registers, "$register")
    for wire, register in module.registers.items():
        source = module.whole_wire(register.data)
        if source is not None and source in hints:
            hints[source] = f"$next_{hints[wire] if wire.startswith('$') else wire}"
    hints = {
        wire: hint
        for wire, hint in hints.items()
        if wire not in origin.foreign and not origin.owns(wire)
    }
    for name, memory in module.memories.items():
        for read in memory.reads:
            if not read.wire.isidentifier() or "__" in read.wire:
                hints[read.wire] = f"{identifier(name)}_data"
    for name, instance in module.instances.items():
        for port, sig in instance.inputs.items():
            source = module.whole_wire(sig)
            if source is not None and source in origin.foreign:
                hints.setdefault(source, f"{identifier(name)}_{identifier(port)}")
        for wire in instance.outputs.values():
            _, slash, member = wire.partition("/")
            if slash:
                hints[wire] = f"{identifier(name)}_{member}"
    return hints

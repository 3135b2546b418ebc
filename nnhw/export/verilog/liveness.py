"""Leaves out what has no effect on the outputs of the design."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .hierarchy import Hierarchy
from .netlist import Module
from .processes import sigs_of_body
from .signals import Sig, Slice

Place = tuple[str, str]
"""A module's name and the name of a wire in it."""


def drop_dead(hierarchy: Hierarchy, keep: Iterable[Place] = ()) -> None:
    """Remove all wires, ports and drivers that no output of the top depends on.

    An output of a component that is needed anywhere stays in all modules of its class that have the
    same ports, so that these stay alike; it is then connected to the wire "". Instances of modules
    that are not part of the design stay, too.

    Parameters
    ----------
    keep
        Output ports that stay although nothing reads them.
    """
    modules = hierarchy.modules
    todo = [*keep, *((hierarchy.top, port) for port in modules[hierarchy.top].ports)]
    for name, module in modules.items():
        for instance in module.instances.values():
            if instance.module not in modules:
                todo += ((name, wire) for wire in _wires(instance.inputs.values()))
    sources = {name: _sources(hierarchy, module) for name, module in modules.items()}
    siblings = _siblings(hierarchy)
    live: dict[str, set[str]] = {name: set() for name in modules}
    while todo:
        name, wire = todo.pop()
        if wire not in live[name]:
            live[name].add(wire)
            todo += siblings.get((name, wire), ())
            todo += sources[name].get(wire, ())

    for module in modules.values():
        _keep_only(module, live)
    for name in [name for name in modules if not live[name]]:
        del modules[name]


def _wires(sigs: Iterable[Sig]) -> Iterator[str]:
    return (piece.wire for sig in sigs for piece in sig if isinstance(piece, Slice))


def _sources(hierarchy: Hierarchy, module: Module) -> dict[str, list[Place]]:
    """What each wire of a module depends on directly."""
    sources: dict[str, list[Place]] = defaultdict(list)

    def add(wire: str, sigs: Iterable[Sig], name: str = module.name) -> None:
        sources[wire] += ((name, source) for source in _wires(sigs))

    for wire, sig in module.copies.items():
        add(wire, [sig])
    for wire, operator in module.operators.items():
        add(wire, operator.inputs)
    for wire, body in module.processes.items():
        add(wire, sigs_of_body(body))
    for wire, register in module.registers.items():
        add(wire, [register.data, register.clock])
    for memory in module.memories.values():
        for read in memory.reads:
            add(read.wire, [read.address, read.enable, read.clock])
            for write in memory.writes:
                add(read.wire, [write.address, write.data, write.enable, write.clock])
    for instance in module.instances.values():
        if instance.module in hierarchy.modules:
            for port, wire in instance.outputs.items():
                sources[wire].append((instance.module, port))
    if module.name != hierarchy.top:
        parent, name = hierarchy.parent(module.name)
        for port, sig in hierarchy.modules[parent].instances[name].inputs.items():
            add(port, [sig], parent)
    return sources


def _siblings(hierarchy: Hierarchy) -> dict[Place, list[Place]]:
    """The same output of all modules of the same class and signature, by each of them."""
    groups: dict[tuple, list[Place]] = defaultdict(list)
    for name, origin in hierarchy.origins.items():
        signature = tuple((member.name, member.direction) for member in origin.members)
        for member in origin.members:
            if hierarchy.modules[name].wires[member.wire].direction == "output":
                groups[origin.kind, signature, member.name].append((name, member.wire))
    return {place: group for group in groups.values() for place in group}


def _keep_only(module: Module, live: dict[str, set[str]]) -> None:
    """Remove from a module what is not live, and the instances of modules without anything."""
    here = live[module.name]
    module.wires = {name: wire for name, wire in module.wires.items() if name in here}
    module.ports = [port for port in module.ports if port in here]
    module.copies = {wire: sig for wire, sig in module.copies.items() if wire in here}
    module.operators = {wire: op for wire, op in module.operators.items() if wire in here}
    module.processes = {wire: body for wire, body in module.processes.items() if wire in here}
    module.registers = {wire: r for wire, r in module.registers.items() if wire in here}
    for memory in module.memories.values():
        memory.reads = [port for port in memory.reads if port.wire in here]
    module.memories = {name: memory for name, memory in module.memories.items() if memory.reads}
    module.instances = {
        name: instance
        for name, instance in module.instances.items()
        if live.get(instance.module, True)
    }
    for instance in module.instances.values():
        ports = live.get(instance.module)
        instance.outputs = {
            port: wire if wire in here else ""
            for port, wire in instance.outputs.items()
            if ports is None or port in ports
        }
        if ports is not None:
            instance.inputs = {port: s for port, s in instance.inputs.items() if port in ports}

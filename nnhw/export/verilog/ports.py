"""Gives modules the ports that their components declare.

Amaranth passes nets, not signals, through the hierarchy: a module gets a port for every run of nets
that crosses its border, whatever signals they belong to. Here the ports become the members of the
component's signature again, as far as these nets are concerned.
"""

from __future__ import annotations

from collections.abc import Iterable

from .hierarchy import Hierarchy, Member
from .netlist import Instance, Module, Wire
from .signals import Bit, bits_of, sig_of


def restore_ports(hierarchy: Hierarchy) -> None:
    """Replace ports by members, and put all ports in order: clk, rst, members, others.

    Every member that can be an output becomes one, whether or not anything reads it.
    """
    for name in reversed(hierarchy.modules):
        module = hierarchy.modules[name]
        members = hierarchy.origins[name].members
        if name != hierarchy.top:  # the ports of the top are its members already
            parent_name, instance = hierarchy.parent(name)
            parent = hierarchy.modules[parent_name]
            _restore_inputs(module, members, parent.instances[instance])
            _restore_outputs(module, members, parent, instance)
        order = ["clk", "rst", *(member.wire for member in members)]
        rank = {wire: index for index, wire in enumerate(order)}
        ports = [name for name, wire in module.wires.items() if wire.direction]
        module.ports = sorted(ports, key=lambda port: rank.get(port, len(rank)))


def _restore_inputs(module: Module, members: Iterable[Member], connections: Instance) -> None:
    ports = {
        name: list(bits_of(module.whole(name)))
        for name, wire in module.wires.items()
        if wire.direction == "input"
    }
    claims = _claims(module, members, ports)
    claimed = {bit for bits in claims.values() for bit in bits}
    sources = {
        bit: source
        for port, bits in ports.items()
        for bit, source in zip(bits, bits_of(connections.inputs[port]), strict=True)
    }
    for port, bits in ports.items():
        if claimed.issuperset(bits):
            del connections.inputs[port]
            module.wires[port].direction = ""
    replaced: dict[Bit, Bit] = {}
    for wire, bits in claims.items():
        connections.inputs[wire] = sig_of(sources[bit] for bit in bits)
        module.wires[wire].direction = "input"
        module.wires[wire].width = len(bits)
        module.copies.pop(wire, None)
        replaced.update((bit, (wire, index)) for index, bit in enumerate(bits))
    if any(old != new for old, new in replaced.items()):
        module.map_inputs(lambda sig: sig_of(replaced.get(bit, bit) for bit in bits_of(sig)))


def _claims(
    module: Module, members: Iterable[Member], ports: dict[str, list[Bit]]
) -> dict[str, list[Bit]]:
    """The port bits that each input member stands for, so that ports are claimed in full."""
    free = {bit for bits in ports.values() for bit in bits}
    claims: dict[str, list[Bit]] = {}
    for member in members:
        bits = _varying(module, member.wire)
        if member.direction == "input" and len(set(bits)) == len(bits) and free.issuperset(bits):
            free.difference_update(bits)
            claims[member.wire] = bits
    while True:
        claimed = {bit for bits in claims.values() for bit in bits}
        partly = {port for port, bits in ports.items() if not claimed.issuperset(bits)}
        failed = [wire for wire, bits in claims.items() if any(bit[0] in partly for bit in bits)]
        if not failed:
            return {wire: bits for wire, bits in claims.items() if bits}
        for wire in failed:
            del claims[wire]


def _restore_outputs(
    module: Module, members: Iterable[Member], parent: Module, instance: str
) -> None:
    connections = parent.instances[instance]
    before, connections.outputs = connections.outputs, {}
    places: dict[Bit, Bit] = {}
    for member in members:
        if member.direction == "input":
            continue
        bits = _varying(module, member.wire) or module.resolve(member.wire)
        wire = f"{instance}/{member.name}"
        parent.wires[wire] = Wire(wire, len(bits))
        connections.outputs[member.wire] = wire
        module.wires[member.wire].direction = "output"
        if member.wire in module.copies:
            module.wires[member.wire].width = len(bits)
            module.copies[member.wire] = sig_of(bits)
        for index, bit in enumerate(bits):
            places.setdefault(bit, (wire, index))
    for port, wire in before.items():
        bits = module.resolve(port)
        if all(bit in places for bit in bits):
            parent.copies[wire] = sig_of(places[bit] for bit in bits)
            if port not in connections.outputs:
                module.wires[port].direction = ""
        else:
            connections.outputs[port] = wire


def _varying(module: Module, wire: str) -> list[Bit]:
    """Bits of a member but for the highest ones that are constant or repeat a sign."""
    bits = module.resolve(wire)
    while bits and (isinstance(bits[-1], str) or bits[-2:-1] == bits[-1:]):
        bits.pop()
    return bits
